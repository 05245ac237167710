"""A state folder of the local Language service in which the sample classifier is trained and published."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.cli import quickstart, show, training_data
from local.cli.client import Client
from local.stack import launch
from local.stack.discovery import Stack
from shared.language.types import Classifier, Kind

PROJECT, DEPLOYMENT = "movies", "production"
CLASSIFIER = Classifier("current", project=PROJECT, deployment=DEPLOYMENT, kind=Kind.MULTI)
TEXT = "A detective follows one clue after another until the quiet gardener confesses. This is number {}."


@contextmanager
def learnt() -> Iterator[Path]:
    """The folder, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="textdrop-bench-") as folder:
        with running(Path(folder)):
            pass
        yield Path(folder) / "language"


@contextmanager
def running(state: Path | None = None) -> Iterator[Stack]:
    """Everything that `make run` starts, with the sample classifier. `state`: the folder that keeps it, if any."""
    with launch.running(state=state, pace="instant") as started:
        show.console.quiet = True
        quickstart.learn(Client(started), training_data.samples())
        show.console.quiet = False
        yield started
