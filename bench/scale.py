"""`make scale`: very many files through the app's own pipeline, in minutes instead of hours.

Rows, files and the service are twins in memory, and the clock is simulated. Counted are table requests, calls to the
service, and the memory that one step of the app needs beyond what is stored.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from rich.progress import Progress, track

from bench.counting import CountingRows
from shared.domain.documents import SERVICE_PACK, Document
from shared.domain.operations import OperationState
from shared.domain.routing import ActiveClassifier
from shared.domain.singletons import WHOLE_EVERY, Sweep
from shared.language.types import Analysis, Classifier, State, Text
from shared.storage.ledger import Ledger
from tests.fakes.language import MemoryLanguage, classes_in
from tests.support.in_memory_app import Stage
from tests.support.values import CLASSIFIER

FEW, MANY = 10_000, 1_000_000
QUOTA = 1_000  # requests a minute
CALLS = 2  # for each job: a submission and a poll
TICK = timedelta(seconds=10)
SAMPLE = 20  # the memory of one step in so many is measured, because measuring makes it slow
PAGE = 500
MEGABYTE = 1_000_000
FINAL = (OperationState.SUCCEEDED, OperationState.FAILED)
GOAL_DRAIN, GOAL_SWEEP = 1.1, 1.1


class ForgetfulLanguage(MemoryLanguage):
    """Ends each job at the first poll. Keeps no text, only which documents it has classified."""

    def __init__(self) -> None:
        super().__init__(looks=0)
        self.calls, self.twice = 0, 0
        self.classified: set[str] = set()
        self._running: dict[str, tuple[Text, ...]] = {}

    def begin_analyze(self, texts: Sequence[Text], classifier: Classifier, name: str) -> str:
        self.calls += 1
        job = super().begin_analyze(texts, classifier, name)
        self._running[job] = self.started.pop(job).texts
        return job

    def analysis(self, job: str) -> Analysis:
        self.calls += 1
        texts = self._running.pop(job)
        self._known.discard(job)
        self.twice += sum(text.id in self.classified for text in texts)
        self.classified |= {text.id for text in texts}
        return Analysis(State.SUCCEEDED, "succeeded", classes={text.id: classes_in(text.text) for text in texts})


@dataclass
class Steps:
    """Runs steps of the app, and measures the memory of some. `peak`: the most that one needed, in bytes."""

    peak: int = 0
    taken: int = 0

    def run(self, step: Callable[[], Any]) -> Any:
        self.taken += 1
        if self.taken % SAMPLE != 1:
            return step()
        tracemalloc.start()
        try:
            return step()
        finally:
            self.peak = max(self.peak, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()


@dataclass
class World:
    """Files that landed before the app started, and one instance of it."""

    files: int
    stage: Stage = field(default_factory=lambda: Stage(language=ForgetfulLanguage(), quota=QUOTA))

    def __post_init__(self) -> None:
        for number in range(self.files):
            self.stage.documents.put(f"{number:07}.txt", b"Simmer the onion in butter.")
        self.rows = CountingRows(self.stage.rows)
        started = self.stage.instance()
        services = replace(started.services, ledger=Ledger(self.rows), events=None)
        self.instance = replace(started, services=services)
        services.ledger.write(ActiveClassifier(CLASSIFIER, self.stage.now))

    @property
    def language(self) -> ForgetfulLanguage:
        return self.stage.language  # type: ignore[return-value]

    def tick(self) -> None:
        self.stage.now += TICK
        self.instance.tick()

    def is_drained(self) -> bool:
        ledger, all_classified = self.instance.services.ledger, len(self.language.classified) == self.files
        return all_classified and not ledger.open(Document, 1)[0] and not ledger.outbox(1)[0]


def report(files: int = MANY) -> None:
    """Print the figures of few files and of this many."""
    for number in sorted({FEW, files}):
        world = World(number)
        print(f"scale, {number:,} files, {QUOTA:,} requests a minute:")
        for part in (_drain, _sweep, _reading_sweep, _list, _export, _purge):
            began = time.monotonic()
            print(f"  {part(world)}; {time.monotonic() - began:.0f} s", flush=True)


def _drain(world: World) -> str:
    steps, began = Steps(), world.stage.now
    with Progress(transient=True) as progress:
        task = progress.add_task("classified", total=world.files)
        while not world.is_drained():
            steps.run(world.tick)
            progress.update(task, completed=len(world.language.classified))
    took = world.stage.now - began
    bound = timedelta(minutes=CALLS * world.files / SERVICE_PACK / QUOTA)
    without = world.files - _results(world)
    requests, changes = (world.rows.counts[what] / world.files for what in ("requests", "changes"))
    return (
        f"classified in {took} of simulated time, {took / bound:.2f} of the quota's bound (goal: {GOAL_DRAIN}); "
        f"{without} without a result, {world.language.twice} sent twice; "
        f"{requests:.2f} table requests and {changes:.1f} rows written a file; {_memory(steps)}"
    )


def _results(world: World) -> int:
    documents = world.stage.documents
    names = track(range(world.files), "checking results", transient=True)
    return sum(documents.result(f"{number:07}.txt") is not None for number in names)


def _sweep(world: World) -> str:
    """The daily sweep of every file, all of them known."""
    while world.instance.services.ledger.read(Sweep).began:  # the one before
        world.tick()
    world.stage.now += WHOLE_EVERY
    return f"the daily sweep: {_swept(world)} (goal: {GOAL_SWEEP})"


def _reading_sweep(world: World) -> str:
    """A sweep that was requested, and reads every document."""
    world.instance.ask("POST", "sweep")
    return f"a requested sweep: {_swept(world)}"


def _swept(world: World) -> str:
    ledger, steps = world.instance.services.ledger, Steps()
    ended, before, began = ledger.read(Sweep).whole_ended, Counter(world.rows.counts), world.stage.now
    while ledger.read(Sweep).whole_ended == ended:
        steps.run(world.tick)
    needed = world.rows.counts - before
    return (
        f"{world.stage.now - began} of simulated time; {_memory(steps)}; {needed['rows'] / world.files:.2f} rows read "
        f"a file; {100 * needed['requests'] / world.files:.2f} table requests for 100 known files"
    )


def _list(world: World) -> str:
    steps, found, query = Steps(), 0, {"top": str(PAGE)}
    while True:
        body = steps.run(lambda: world.instance.ask("GET", "documents", query=query)).body  # noqa: B023 - run at once
        found += len(body["value"])
        if not (further := body.get("continue")):
            break
        query = {"top": str(PAGE), "continue": further}
    figures = world.instance.ask("GET", "statistics").status
    return f"listed {found:,} documents; statistics: {figures}; {_memory(steps)}"


def _export(world: World) -> str:
    steps = Steps()
    key = world.instance.ask("POST", "documents/export", {"format": "jsonl"}).body["key"]
    while (state := world.instance.ask("GET", f"operations/{key}").body["state"]) not in FINAL:
        steps.run(world.tick)
    return f"export: {state}; {_memory(steps)}"


def _purge(world: World) -> str:
    for number in range(world.files):
        world.stage.documents.delete(f"{number:07}.txt")
    world.stage.now += timedelta(days=2)
    steps, purged, body = Steps(), 0, {"olderThanDays": 1, "state": "succeeded"}
    while True:
        done = steps.run(lambda: world.instance.ask_unchecked("POST", "documents/purge", body)).body  # noqa: B023 - run at once
        purged += done["count"]
        if not (further := done.get("continue")):
            return f"purged {purged:,} documents; {_memory(steps)}"
        body = {**body, "continue": further}


def _memory(steps: Steps) -> str:
    return f"at most {steps.peak / MEGABYTE:.0f} MB in a step"


if __name__ == "__main__":
    report(int(sys.argv[1]) if len(sys.argv) > 1 else MANY)
