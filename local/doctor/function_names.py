"""Which functions an app's folder has, found out in a process of its own, as the worker does it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.errors import SetupError
from local.host.config.settings import STORAGE

LISTING = (
    "import json, function_app as f; print(json.dumps([one.get_function_name() for one in f.app.get_functions()]))"
)
PATIENCE = 20.0  # seconds
SHORTEST_SECRET = 8  # characters: a shorter value may be an ordinary word of the message
SECRET = ("LANGUAGE_KEY", "DOCUMENTS_STORAGE", STORAGE)


def functions(folder: Path, environ: Mapping[str, str]) -> list[str]:
    """Their names. Raises SetupError if function_app.py cannot be imported."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", LISTING],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise SetupError(f"function_app.py is not imported within {PATIENCE:g} seconds.") from None
    found = None if done.returncode else _printed(done.stdout)
    if found is None:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise SetupError(f"function_app.py cannot be imported: {_without_secrets(last, environ)}")
    return found


def _printed(output: str) -> list[str] | None:
    """The names in the last line, after whatever the app itself prints; None if it ended before that."""
    last = (output.strip().splitlines() or [""])[-1]
    try:
        names: list[str] = json.loads(last)
    except ValueError:
        return None
    return names


def _without_secrets(said: str, environ: Mapping[str, str]) -> str:
    """An error's words may hold what the import stumbled over."""
    for name, value in environ.items():
        if len(value) >= SHORTEST_SECRET and name.startswith(SECRET):
            said = said.replace(value, f"%{name}%")
    return said
