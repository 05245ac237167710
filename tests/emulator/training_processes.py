"""The processes that the Language service trains in, as /proc lists them, and texts that keep one busy.

For tests and `make bench`.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from azure.storage.blob import BlobServiceClient

from local.language.engine import Example
from local.language.server.server import LanguageService
from tests.support.language_caller import CURRENT, Caller, current_labels

ROOT = Path(__file__).parents[2]
READY = re.compile(r"The Language service answers at (http://127\.0\.0\.1:\d+)\n")
TRAIN = {"modelLabel": "M", "trainingConfigVersion": "latest"}
MODULE = b"local.language.engine.apart"
LISTED = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are listed in /proc")
CLASSES = tuple(f"Class{number}" for number in range(200))
TEXTS, WORDS, VOCABULARY = 16, 16_000, 60_000


def trainings_of(parent: int) -> list[int]:
    """The training processes that this process has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            started_by = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if started_by == parent and MODULE in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def training_of(parent: int, seconds: float = 60.0) -> int:
    """The training process that this process has started, or starts before a deadline."""
    deadline = time.monotonic() + seconds
    while not (found := trainings_of(parent)):
        assert time.monotonic() < deadline, "there is no training process"
        time.sleep(0.01)
    (training,) = found
    return training


def ended_soon(process: int, seconds: float = 60.0) -> bool:
    """Whether the process ends before a deadline. One that has ended, and that nobody has waited for, has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False


def long_training() -> list[Example]:
    """Few, long texts of many words and classes: a training on them takes several seconds of a core."""
    chance = random.Random(0)
    return [
        Example(f"{number}.txt", " ".join(f"{chance.randrange(VOCABULARY):x}" for _ in range(WORDS)), (name,))
        for number, name in enumerate(CLASSES[:TEXTS])
    ]


def upload_long_training(blobs: BlobServiceClient) -> dict[str, Any]:
    """The labels of a new container with these texts."""
    name = f"texts{uuid.uuid4().hex[:8]}"
    container, examples = blobs.create_container(name), long_training()
    for example in examples:
        container.upload_blob(example.location, example.text)
    labels = current_labels(name)
    labels["assets"]["classes"] = [{"category": one} for one in CLASSES]
    labels["assets"]["documents"] = [
        {"location": example.location, "classes": [{"category": one} for one in example.classes]}
        for example in examples
    ]
    return labels


@dataclass(frozen=True)
class Reached:
    """A service that another process runs."""

    endpoint: str
    key: str


@contextmanager
def service_process(storage: str, state: Path) -> Iterator[tuple[subprocess.Popen[str], Caller]]:
    """The service as a process in a separate group, as a terminal starts it."""
    words = ("--key", "K", "--state", str(state), "--storage", storage)
    command = [sys.executable, "-m", "local", "language", *words]
    piped: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, process_group=0, **piped) as process:
        try:
            assert process.stdout is not None
            ready = READY.fullmatch(process.stdout.readline())
            assert ready
            yield process, Caller(cast("LanguageService", Reached(ready[1], "K")))
        finally:
            process.kill()


def begin_training(call: Caller, labels: dict[str, Any]) -> str:
    """The address of a training that is under way."""
    call.done(call("POST", f"{CURRENT}/P/:import", labels))
    job = call("POST", f"{CURRENT}/P/:train", TRAIN).headers["operation-location"]
    call.until(job, lambda job: job["result"]["trainingStatus"]["percentComplete"] > 30)  # the texts are read
    return job
