"""Installs Azurite into `local/node_modules`, in the version that `local/package.json` pins."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from local.errors import SetupError
from local.paths import LOCAL
from local.stack import elapsed, node

MODULES = LOCAL / "node_modules"


def install() -> str:
    """Installs Azurite, and Node.js for it, where they are missing; returns Azurite's version. Raises SetupError."""
    found = node.find_or_install()
    if not _is_installed():
        _install(found)
    return _pinned()


def azurite_script() -> Path:
    """The JavaScript file that starts Azurite. Raises SetupError."""
    if not _is_installed():
        raise SetupError(f"Azurite {_pinned()} is not installed. Run `make setup` (or `python -m local install`).")
    return MODULES / "azurite" / "dist" / "src" / "azurite.js"


def _install(found: node.Node) -> None:
    what = f"Installing Azurite {_pinned()} into {MODULES} (some 190 MB, one to three minutes)"
    command = [
        *found.npm,
        "ci",
        "--no-audit",
        "--no-fund",
        "--no-progress",
        "--ignore-scripts",
        "--loglevel=error",
        "--no-update-notifier",
    ]
    if elapsed.run(command, what, cwd=LOCAL, env=found.environment, stdout=subprocess.DEVNULL):  # errors go to stderr
        raise SetupError(
            "npm could not install Azurite (see above). This step needs the network: check the connection (and"
            " `npm config get proxy` behind a proxy), then run the same command again."
        )


def _pinned() -> str:
    return str(_read(LOCAL / "package.json")["dependencies"]["azurite"])


def _is_installed() -> bool:
    """Whether an installation was completed: npm writes this file last."""
    written = MODULES / ".package-lock.json"
    if not written.is_file():
        return False
    return bool(_read(written)["packages"].get("node_modules/azurite", {}).get("version") == _pinned())


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
