"""`python -m local vendor`: copies the console's third-party files from the installed npm packages.

A record says where each file is from.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.errors import SetupError
from local.paths import ROOT
from local.stack import installation

FOLDER = ROOT / "shared" / "console" / "static" / "vendor"
RECORD = "packages.json"
# For each package, the name here of each file that is taken from it. htm's module has preact within it, and
# does not say in which version; of seven releases that were compared with it, 10.5.14 is most like it.
FILES: Mapping[str, Mapping[str, str]] = {
    "htm": {"preact/standalone.module.js": "standalone.module.js", "LICENSE": "LICENSE.txt"},
    "preact": {"LICENSE": "LICENSE.txt"},
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(_options: argparse.Namespace) -> int:
    """Replaces the whole folder. Raises SetupError, and changes nothing then."""
    files = contents()
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path, content in files.items():
        file = FOLDER / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    print(f"{len(files)} files are in {FOLDER}")
    return 0


def contents(modules: Path = installation.MODULES) -> dict[str, bytes]:
    """All files below FOLDER by their paths, such as "htm/LICENSE.txt", the record included. Raises SetupError."""
    packages = [_package(modules / name, name) for name in FILES]
    copied = {
        f"{name}/{target}": _read(modules / name / source)
        for name, files in FILES.items()
        for source, target in files.items()
    }
    record = json.dumps({"packages": packages}, indent=2) + "\n"
    return {**copied, RECORD: record.encode()}


def _package(folder: Path, name: str) -> dict[str, Any]:
    """What the record says of a package."""
    described = json.loads(_read(folder / "package.json"))
    files = [
        {
            "path": f"{name}/{target}",
            "source": source,
            "sha256": hashlib.sha256(_read(folder / source)).hexdigest(),
        }
        for source, target in FILES[name].items()
    ]
    return {"name": name, "version": described["version"], "licence": described["license"], "files": files}


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}. Run `make setup`.") from error
