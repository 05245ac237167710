"""`python -m local drop FILE…`: drop files into what `make run` keeps up, and print their classes."""

from __future__ import annotations

import argparse
from pathlib import Path

from local import quickstart, show, stack
from local.client import Client
from local.errors import SetupError
from local.event_grid import START_ANEW, EventGrid
from local.host.keys import BLOBS
from local.stack import Stack

SECONDS_TO_CLASSIFY = 60.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="text files to classify")
    parser.add_argument("--event-grid", action="store_true", help="play Event Grid: tell the app of each file, twice")
    parser.add_argument(
        "--cloud-events", action="store_true", help="the same, with events in the schema of CloudEvents"
    )
    parser.add_argument("--seconds", type=float, default=SECONDS_TO_CLASSIFY, help="how long to wait for the classes")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 only if every file got its classes in time."""
    if folders := [str(file) for file in options.files if file.is_dir()]:
        raise SetupError(f"{', '.join(folders)} is a folder: name its files, such as {folders[0].rstrip('/')}/*.txt")
    if absent := [str(file) for file in options.files if not file.is_file()]:
        raise SetupError(f"No such file: {', '.join(absent)}")
    names = [file.name for file in options.files]
    if len(set(names)) < len(names):
        raise SetupError("Two of the files have the same name, and would overwrite each other: drop them one by one.")
    running = stack.announced()
    wanted = options.event_grid or options.cloud_events
    _require_fitting(running, wanted)
    events = _events(running, options.cloud_events) if wanted else None
    missing = quickstart.drop(Client(running), tuple(options.files), options.seconds, events)
    if missing:
        raise SetupError(
            f"{show.counted(missing, 'file')} got no classes. Which failed, and why: "
            "GET /api/documents?state=failed. How the app is: GET /api/health."
        )
    return 0


def _require_fitting(running: Stack, wanted: bool) -> None:
    if wanted and not running.told_by_events:
        raise SetupError(f"The app looks for files itself and takes no events: leave out --event-grid, or {START_ANEW}")
    if running.told_by_events and not wanted:
        raise SetupError("The app waits for Event Grid to tell of files: python -m local drop --event-grid FILE…")


def _events(running: Stack, cloud_events: bool) -> EventGrid:
    keys = running.read_keys()
    return EventGrid(running.root, keys.system[BLOBS] if keys else "", cloud_events=cloud_events)
