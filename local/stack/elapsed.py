"""Runs a command that takes minutes, and shows the elapsed time. Imports no packages, because it installs them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any, TextIO

IN_A_TERMINAL, IN_A_LOG = 1.0, 15.0  # seconds between two updates


def run(
    command: Sequence[str], what: str, *, out: TextIO | None = None, every: float | None = None, **more: Any
) -> int:
    """Returns the exit code. In a terminal the seconds are updated in place, elsewhere each update is a line.

    `more` is passed to Popen.
    """
    out = out or sys.stdout
    every = every or (IN_A_TERMINAL if out.isatty() else IN_A_LOG)
    started = time.monotonic()
    print(f"{what} …", end=_ending(out), file=out, flush=True)
    with subprocess.Popen(command, **more) as process:
        while True:
            try:
                code = process.wait(every)
                break
            except subprocess.TimeoutExpired:
                print(_progress(what, time.monotonic() - started, out), end=_ending(out), file=out, flush=True)
    print(f"{_progress(what, time.monotonic() - started, out)}{' (failed)' if code else ''}", file=out, flush=True)
    return code


def _progress(what: str, seconds: float, out: TextIO) -> str:
    return f"{chr(13) if out.isatty() else ''}{what} … {seconds:.0f} s"


def _ending(out: TextIO) -> str:
    return "" if out.isatty() else "\n"
