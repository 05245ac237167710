"""`python -m local drop FILE…`: drops files into a running app, and prints their classes, or why there are none."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from local.cli import quickstart, show
from local.cli.client import Client
from local.errors import SetupError
from local.host.http.key_auth import BLOBS
from local.stack import discovery
from local.stack.discovery import Stack
from local.stack.event_grid import RESTART, EventGrid

SECONDS_TO_CLASSIFY = 60.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="text files to classify")
    parser.add_argument(
        "--event-grid", action="store_true", help="simulate Event Grid: notify the app of each file, twice"
    )
    parser.add_argument("--cloud-events", action="store_true", help="the same, in the CloudEvents schema")
    parser.add_argument("--seconds", type=float, default=SECONDS_TO_CLASSIFY, help="how long to wait for the classes")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 only if every file got its classes in time."""
    _check_files(options.files)
    started = discovery.find()
    wanted = options.event_grid or options.cloud_events
    _check_source(started, wanted)
    client = Client(started)
    client.health()  # only a running textdrop gets files
    events = _events(started, options.cloud_events) if wanted else None
    missing = quickstart.drop(client, tuple(options.files), options.seconds, events)
    if missing:
        raise SetupError(f"{missing} of {show.counted(len(options.files), 'file')} got no classes: see above.")
    return 0


def _check_files(files: Sequence[Path]) -> None:
    if folders := [str(file) for file in files if file.is_dir()]:
        raise SetupError(f"{', '.join(folders)} is a folder: name its files, such as {folders[0].rstrip('/')}/*.txt")
    if absent := [str(file) for file in files if not file.is_file()]:
        raise SetupError(f"No such file: {', '.join(absent)}")
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        raise SetupError("Two of the files have the same name, and would overwrite each other: drop them one by one.")
    if invalid := [name for name in names if not _is_unicode(name)]:
        raise SetupError(f"{invalid[0]!r} is not a name in UTF-8: rename it.")


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_source(started: Stack, wanted: bool) -> None:
    if wanted and not started.uses_events:
        raise SetupError(f"The app scans for files itself and accepts no events: leave out --event-grid, or {RESTART}")
    if started.uses_events and not wanted:
        raise SetupError("The app waits for events of Event Grid: python -m local drop --event-grid FILE…")


def _events(started: Stack, cloud_events: bool) -> EventGrid:
    keys = started.read_keys()
    return EventGrid(started.root, keys.system[BLOBS] if keys else "", cloud_events=cloud_events)
