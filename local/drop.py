"""`python -m local drop FILE…`: drop files into what `make run` keeps up, and print their classes."""

from __future__ import annotations

import argparse
from pathlib import Path

from local import quickstart, show, stack
from local.client import Client
from local.errors import SetupError

SECONDS_TO_CLASSIFY = 60.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="text files to classify")
    parser.add_argument("--seconds", type=float, default=SECONDS_TO_CLASSIFY, help="how long to wait for the classes")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 only if every file got its classes in time."""
    if absent := [str(file) for file in options.files if not file.is_file()]:
        raise SetupError(f"No such file: {', '.join(absent)}")
    names = [file.name for file in options.files]
    if len(set(names)) < len(names):
        raise SetupError("Two of the files have the same name, and would overwrite each other: drop them one by one.")
    missing = quickstart.drop(Client(stack.announced()), tuple(options.files), options.seconds)
    if missing:
        raise SetupError(f"{show.counted(missing, 'file')} got no classes; GET /api/health tells how the app is.")
    return 0
