"""Asks azure-functions-doctor about what is deployed: `azure_doctor.py [APP_FOLDER]`. Exit code 1 for what it finds.

It looks at a copy of the app alone, with the sample of the settings in the place where it looks for settings.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAM = Path(sys.executable).with_name("azure-functions-doctor")
DEPLOYED = ("function_app.py", "host.json", "requirements.txt", ".funcignore", "shared")
SETTINGS = "local.settings.sample.json"
NOT_SO = {  # findings that do not hold here, by the rule's name
    "check_venv": "what is looked at is what is deployed, and a virtual environment is not",
    "check_func_cli": "local/host runs the app where Core Tools are missing",
    "check_func_core_tools_version": "likewise",
    "check_functions_extension_version": "a laptop has no use for it, and the Flex Consumption plan refuses it",
    "check_app_insights": "telemetry is a setting of the app in Azure, not of a laptop",
}


def findings(app: Path) -> Iterator[str]:
    """What is wrong with the app, a text each."""
    with tempfile.TemporaryDirectory() as folder:
        copied, report = Path(folder) / "app", Path(folder) / "report.json"
        _copy(app, copied)
        command = [PROGRAM, "doctor", "--path", copied, "--format", "json", "--output", report]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        if not report.exists():
            yield f"azure-functions-doctor has not answered:\n{asked.stdout}{asked.stderr}"
            return
        sections: list[dict[str, Any]] = json.loads(report.read_text())["results"]
    for item in (item for section in sections for item in section["items"]):
        if item["status"] not in ("pass", "skip") and item["rule_id"] not in NOT_SO:
            yield f"{item['rule_id']}: {item['label']}: {item['value']}"


def _copy(app: Path, folder: Path) -> None:
    folder.mkdir()
    for name in DEPLOYED:
        if (app / name).is_dir():
            shutil.copytree(app / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(app / name, folder / name)
    shutil.copy(app / SETTINGS, folder / "local.settings.json")


def main(app: Path) -> int:
    found = list(findings(app))
    for text in found:
        print(text, file=sys.stderr)
    print(f"azure-functions-doctor: {f'{len(found)} findings' if found else 'nothing found'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))
