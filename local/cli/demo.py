"""`make demo`: starts everything, runs the quickstart from start to end, stops everything.

With --keep it stops only at Ctrl-C, so that the console and other commands show what the walk has left.
"""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from local.cli import follow, quickstart, show, training_data
from local.cli.client import Client
from local.cli.reviewing import demonstration
from local.cli.training_data import TrainingData
from local.stack import discovery, launch
from local.stack.event_grid import EventGrid
from shared.settings import APIS, TODAY_API

SECONDS_TO_CLASSIFY = 120.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """The environment's DATA, LABELS, DROP, LANGUAGE_API and BLOB_TRIGGER_SOURCE are the defaults."""
    training_data.arguments(parser)
    drop = Path(os.environ.get("DROP") or training_data.DROP)
    parser.add_argument("--drop", type=Path, default=drop, help="folder of the files to classify")
    parser.add_argument("--api", default=os.environ.get("LANGUAGE_API") or TODAY_API, help=f"one of {', '.join(APIS)}")
    launch.source_argument(parser)
    parser.add_argument("--pace", default="seconds", help="of the local Language service: instant, seconds, realistic")
    parser.add_argument("--keep", action="store_true", help="keep everything running after the walk, until Ctrl-C")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 only if every dropped file got its classes."""
    training_data.api(options.api)
    if options.keep:
        discovery.require_idle(port=0)
    data, files = TrainingData.of(options.data, options.labels), training_data.texts(options.drop)
    with ExitStack() as whole:
        with show.step(f"Start everything (LANGUAGE_API={options.api})"):
            running = launch.running(api=options.api, pace=options.pace, source=options.source)
            started = whole.enter_context(running)
        client = Client(started)
        quickstart.learn(client, data)
        events = EventGrid(started.root) if started.uses_events else None
        missing = quickstart.drop(client, files, SECONDS_TO_CLASSIFY, events)
        if not missing:
            demonstration.review_one(client)
        _sum_up(len(files), missing)
        if options.keep:
            _keep(client, started)
    return 1 if missing else 0


def _sum_up(files: int, missing: int) -> None:
    if missing:
        show.console.print(f"[red]{missing} of {files} files got no classes.[/]")
    else:
        show.console.print(f"[green]All {files} files got their classes.[/]")


def _keep(client: Client, started: discovery.Stack) -> None:
    """Until Ctrl-C; then nothing is kept."""
    follow.stop_as_by_ctrl_c()
    follower = follow.Follower(client, datetime.now(UTC))
    with discovery.announcing(started):
        show.console.print(f"\n  console       {started.console}\n  stop          Ctrl-C\n", soft_wrap=True)
        follower.run()
