"""Seconds from a dropped file to its result, with nothing else to do, as somebody who waits for it sees them."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

from local.cli import quickstart, show, training_data
from local.cli.client import Client
from local.stack import launch

FILES = 10
SECONDS = 60.0


def report() -> None:
    """Print the median and the spread over lone files, at the local service's `instant` and `seconds` paces."""
    for pace in ("instant", "seconds"):
        with tempfile.TemporaryDirectory() as folder, launch.running(pace=pace) as started:
            client = Client(started)
            show.console.quiet = True
            quickstart.learn(client, training_data.samples())
            show.console.quiet = False
            took = sorted(_lone_file(client, Path(folder) / f"{pace}{number}.txt") for number in range(FILES))
        spread = f"{took[0]:.1f} to {took[-1]:.1f} s ({FILES} files)"
        print(f"drop to result, pace {pace}: median {median(took):.1f} s, {spread}")


def _lone_file(client: Client, file: Path) -> float:
    file.write_text("A detective follows one clue after another until the quiet gardener confesses.")
    began = time.monotonic()
    found = dict(client.results(client.drop([file]), SECONDS))
    assert file.name in found, "no result in time"
    return time.monotonic() - began
