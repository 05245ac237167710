"""Installs npm packages into the folder whose lock file names them: in `local` Azurite, and what is for development."""

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
    """Installs what `local/package.json` names and is missing, Node.js included; returns Azurite's version.

    Raises SetupError.
    """
    version = pinned()[AZURITE]
    install_packages(LOCAL, f"Azurite {version}", "some 190 MB, one to three minutes")
    return version


def install_packages(folder: Path, what: str, cost: str) -> node.Node:
    """Installs what the `package.json` of a folder names and is missing; returns Node.js, which it installs as well.

    `what` and `cost` are for the reader of the progress. Raises SetupError.
    """
    found = node.find_or_install()
    if not _are_installed(folder, pinned(folder)):
        _install(found, folder, what, cost)
    return found


def azurite_script() -> Path:
    """The JavaScript file that starts Azurite. Raises SetupError."""
    version = pinned()[AZURITE]
    if not _are_installed(LOCAL, {AZURITE: version}):
        raise SetupError(f"Azurite {version} is not installed. Run `make setup` (or `python -m local install`).")
    return MODULES / AZURITE / "dist" / "src" / "azurite.js"


def pinned(folder: Path = LOCAL) -> dict[str, str]:
    """The version of each package that the `package.json` of a folder names."""
    package = _read(folder / "package.json")
    return {**package.get("dependencies", {}), **package.get("devDependencies", {})}


def _install(found: node.Node, folder: Path, what: str, cost: str) -> None:
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
    said = f"Installing {what} into {folder / 'node_modules'} ({cost})"
    if elapsed.run(command, said, cwd=folder, env=found.environment, stdout=subprocess.DEVNULL):  # errors go to stderr
        raise SetupError(
            f"npm could not install {what} (see above). This step needs the network: check the connection (and"
            " `npm config get proxy` behind a proxy), then run the same command again."
        )


def _are_installed(folder: Path, packages: Mapping[str, str]) -> bool:
    """Whether an installation with these versions was completed: npm writes this file last."""
    written = folder / "node_modules" / ".package-lock.json"
    if not written.is_file():
        return False
    installed = _read(written)["packages"]
    return all(
        installed.get(f"node_modules/{name}", {}).get("version") == version for name, version in packages.items()
    )


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
