"""Seconds from a dropped file or a posted text to its result, with nothing else to do, as a caller sees them."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median

import requests

from bench import burst
from bench.learnt import TEXT, learnt
from local.cli import quickstart, show, training_data
from local.cli.client import Client
from local.stack import launch
from shared.pipeline.intake import SLOT

FILES = 10
SECONDS = 60.0
GOAL_ASKED = 1.5


def report() -> None:
    """Print medians and spreads over lone files and posted texts."""
    report_drops()
    report_asking()


def report_asking() -> None:
    """Texts posted to an app with a tick every 10 seconds, by a caller who asks as often as `Retry-After` says."""
    with learnt() as state, burst.app(burst.ROOT, state, pace="instant") as (_, host, _files):
        took = sorted(_posted(host.url) for _ in range(FILES))
    spread = f"{took[0]:.1f} to {took[-1]:.1f} s ({FILES} texts)"
    print(f"POST to result, by asking: median {median(took):.1f} s (goal: at most {GOAL_ASKED}), {spread}")


def _posted(url: str) -> float:
    time.sleep(SLOT.total_seconds())  # alone: one landing in SLOT submits at once
    began = time.monotonic()
    answer = requests.post(f"{url}/api/documents", json={"text": TEXT.format(began)}, timeout=SECONDS)
    while answer.status_code == requests.codes.accepted:
        assert time.monotonic() - began < SECONDS, "no result in time"
        time.sleep(float(answer.headers["Retry-After"]))
        answer = requests.get(f"{url}{answer.headers['Location']}/result", timeout=SECONDS)
    answer.raise_for_status()
    return time.monotonic() - began


def report_drops() -> None:
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
