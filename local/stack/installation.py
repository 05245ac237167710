"""Installs the npm packages of `local/package.json` into `local/node_modules`: Azurite, and what is for development."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.errors import SetupError
from local.paths import LOCAL
from local.stack import elapsed, node

MODULES = LOCAL / "node_modules"
AZURITE = "azurite"


def install() -> str:
    """Installs what is missing, Node.js included; returns Azurite's version. Raises SetupError."""
    found = node.find_or_install()
    if not _are_installed(pinned()):
        _install(found)
    return _azurite()[AZURITE]


def azurite_script() -> Path:
    """The JavaScript file that starts Azurite. Raises SetupError."""
    if not _are_installed(_azurite()):
        raise SetupError(
            f"Azurite {_azurite()[AZURITE]} is not installed. Run `make setup` (or `python -m local install`)."
        )
    return MODULES / AZURITE / "dist" / "src" / "azurite.js"


def pinned() -> dict[str, str]:
    """The version of each package that `local/package.json` names."""
    package = _read(LOCAL / "package.json")
    return {**package["dependencies"], **package["devDependencies"]}


def _install(found: node.Node) -> None:
    what = f"Installing Azurite {_azurite()[AZURITE]} into {MODULES} (some 190 MB, one to three minutes)"
    command = [
        *found.npm,
        "ci",
        "--no-audit",
        "--no-fund",
        "--no-progress",
        "--ignore-scripts",
        "--include=dev",  # also where NODE_ENV is production
        "--loglevel=error",
        "--no-update-notifier",
    ]
    if elapsed.run(command, what, cwd=LOCAL, env=found.environment, stdout=subprocess.DEVNULL):  # errors go to stderr
        raise SetupError(
            "npm could not install Azurite (see above). This step needs the network: check the connection (and"
            " `npm config get proxy` behind a proxy), then run the same command again."
        )


def _azurite() -> dict[str, str]:
    return {AZURITE: pinned()[AZURITE]}


def _are_installed(packages: Mapping[str, str]) -> bool:
    """Whether an installation with these versions was completed: npm writes this file last."""
    written = MODULES / ".package-lock.json"
    if not written.is_file():
        return False
    installed = _read(written)["packages"]
    return all(
        installed.get(f"node_modules/{name}", {}).get("version") == version for name, version in packages.items()
    )


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
