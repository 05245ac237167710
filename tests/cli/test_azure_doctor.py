"""What `make check` asks azure-functions-doctor: our app has no findings, and a broken one has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
APP = ("function_app.py", "host.json", "requirements.txt", ".funcignore", "local.settings.sample.json")


def asked(app: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / ".ci" / "azure_doctor.py"), str(app)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_nothing_is_found_in_the_app() -> None:
    ended = asked(ROOT)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    ("file", "old", "new", "finding"),
    [
        ("host.json", '"2.0"', '"1.0"', "check_host_json_version"),
        ("requirements.txt", ",<3\n", "\n", "check_unpinned_requirements"),
        ("local.settings.sample.json", "DOCUMENTS_STORAGE", "ELSEWHERE", "DOCUMENTS_STORAGE"),
        ("function_app.py", '@app.function_name("tick")\n', "@app.function_name('tick'\n", "function_app.py"),
    ],
)
def test_a_broken_app_has_findings(tmp_path: Path, file: str, old: str, new: str, finding: str) -> None:
    for name in APP:
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "shared", tmp_path / "shared", ignore=shutil.ignore_patterns("__pycache__"))
    content = (tmp_path / file).read_text()
    assert old in content
    (tmp_path / file).write_text(content.replace(old, new))
    ended = asked(tmp_path)
    assert ended.returncode == 1
    assert finding in ended.stderr
