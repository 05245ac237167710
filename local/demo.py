"""`make demo`: everything up, the quickstart from start to end, everything down."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from pathlib import Path

from local import quickstart, show, stack
from local.client import Client
from local.event_grid import EventGrid
from shared.settings import APIS, TODAY_API

SECONDS_TO_CLASSIFY = 120.0


def arguments(parser: argparse.ArgumentParser) -> None:
    """The environment's DATA, LABELS, DROP, LANGUAGE_API and BLOB_TRIGGER_SOURCE are the defaults."""
    samples = quickstart.MOVIES
    for name, default, what in (
        ("data", samples / "train", "folder of the texts to learn from"),
        ("labels", samples / "labels.json", "labels file that says their classes"),
        ("drop", samples / "drop", "folder of the files to classify"),
    ):
        parser.add_argument(f"--{name}", type=Path, default=Path(os.environ.get(name.upper()) or default), help=what)
    parser.add_argument("--api", default=os.environ.get("LANGUAGE_API") or TODAY_API, help=f"one of {', '.join(APIS)}")
    stack.source_argument(parser)
    parser.add_argument("--pace", default="seconds", help="of the local Language service: instant, seconds, realistic")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 only if every dropped file got its classes."""
    quickstart.api(options.api)
    material = quickstart.Material.of(options.data, options.labels, options.drop)
    with ExitStack() as whole:
        with show.step(f"Start everything (LANGUAGE_API={options.api})"):
            running = stack.running(api=options.api, pace=options.pace, source=options.source)
            started = whole.enter_context(running)
        client = Client(started)
        quickstart.learn(client, material)
        events = EventGrid(started.root) if started.told_by_events else None
        missing = quickstart.drop(client, material.drop, SECONDS_TO_CLASSIFY, events)
    if missing:
        show.console.print(f"[red]{missing} of {len(material.drop)} files got no classes.[/]")
        return 1
    show.console.print(f"[green]All {len(material.drop)} files got their classes.[/]")
    return 0
