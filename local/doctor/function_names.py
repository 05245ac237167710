"""Lists the functions of an app, imported in a separate process, as in the worker."""

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
TIMEOUT = 20.0  # seconds
MIN_SECRET = 8  # characters: a shorter value may be an ordinary word of the message
SECRET = ("LANGUAGE_KEY", "DOCUMENTS_STORAGE", STORAGE)


def functions(folder: Path, environ: Mapping[str, str]) -> list[str]:
    """The names of the functions. Raises SetupError if function_app.py cannot be imported."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", LISTING],
            cwd=folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        raise SetupError(f"function_app.py could not be imported within {TIMEOUT:g} seconds.") from None
    found = None if done.returncode else _printed(done.stdout)
    if found is None:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise SetupError(f"function_app.py cannot be imported: {_without_secrets(last, environ)}")
    return found


def _printed(output: str) -> list[str] | None:
    """The names in the last line, after the app's own output; None if it ended before."""
    last = (output.strip().splitlines() or [""])[-1]
    try:
        names: list[str] = json.loads(last)
    except ValueError:
        return None
    return names


def _without_secrets(said: str, environ: Mapping[str, str]) -> str:
    """The message without the values of secret settings."""
    for name, value in environ.items():
        if len(value) >= MIN_SECRET and name.startswith(SECRET):
            said = said.replace(value, f"%{name}%")
    return said
