"""What a file costs in requests, rows and bytes; a drain under a quota; and whether a long history costs anything.

The service is real, its clock and the app's are moved together; rows and files are kept in memory, and counted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bench.counting import CountingRows
from bench.learnt import CLASSIFIER, TEXT, learnt
from local.language.conditions.clock import Clock
from local.language.conditions.rate_limits import Limits
from local.language.server import server
from shared.domain.documents import SERVICE_PACK, Blob, Document
from shared.domain.jobs import Job
from shared.domain.routing import ActiveClassifier
from shared.domain.singletons import Sweep
from shared.pipeline.claim import claim
from shared.pipeline.intake import document_landed
from shared.pipeline.outbox import drain
from shared.services import Services, build
from shared.settings import load
from shared.storage.ledger import Ledger
from shared.tick import tick
from tests.fakes.documents import MemoryDocuments
from tests.fakes.rows import MemoryRows

# No client connects to it: rows and files are kept in memory.
STORAGE = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;"
    "BlobEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a;"
)
PACE = "5s"
TICK, APART = timedelta(seconds=10), timedelta(milliseconds=20)
WORK = 0.3  # seconds for the service to classify, which it really does, before its clock is moved on
BURST, DRAINED, QUOTA, HISTORY, DUE = 1000, 2500, 100, 100_000, 100
IDLE_TICKS = 6  # a minute
GOAL_IDLE, GOAL_LONE, GOAL_BURST = 4, 20, 3  # requests to the table
GOAL_DRAIN = 1.1


@dataclass(frozen=True)
class Pipeline:
    """The app in this process, and what is counted."""

    services: Services
    files: MemoryDocuments
    rows: CountingRows
    language: server.LanguageService

    def now(self) -> datetime:
        return self.language.clock.now()

    def put(self, number: int) -> str:
        name = f"{number:05}.txt"
        self.files.put(name, TEXT.format(name).encode())
        return name

    def claim(self, count: int) -> None:
        for number in range(count):
            claim(self.services, self.put(number), self.now())

    def tick(self) -> None:
        time.sleep(WORK)
        tick(self.services, self.now)

    def drain(self) -> timedelta:
        """Tick until nothing is open or uncounted; how long that took."""
        began, ledger = self.now(), self.services.ledger
        while ledger.open(Document, 1)[0] or ledger.open(Job, 1)[0] or ledger.outbox(1)[0]:
            self.language.clock.advance(TICK.total_seconds())
            self.tick()
        return self.now() - began


def report() -> None:
    """Print the figures, each with its goal."""
    report_idle()
    report_costs()
    report_drain()
    report_history()


def report_idle() -> None:
    with pipeline() as made:
        _finish_sweep(made)
        for _ in range(IDLE_TICKS):
            made.language.clock.advance(TICK.total_seconds())
            made.tick()
        print(f"an idle tick, of {IDLE_TICKS} (goal: at most {GOAL_IDLE} requests to the table)")
        _print_costs(made, IDLE_TICKS)


def report_costs() -> None:
    burst = f"a burst of {BURST}, one every {APART.microseconds // 1000} ms"
    for count, what, goal in ((BURST, burst, GOAL_BURST), (1, "a lone file", GOAL_LONE)):
        with pipeline() as made:
            _finish_sweep(made)
            for number in range(1, count + 1):
                document_landed(made.put(number), made.services, made.now)
                made.language.clock.advance(APART.total_seconds())
                if number % (TICK // APART) == 0:
                    made.tick()
            made.drain()
            print(f"{what}: a file's share (goal: at most {goal} requests to the table)")
            _print_costs(made, count)


def _finish_sweep(made: Pipeline) -> None:
    """The first tick sweeps the container, which is empty."""
    made.tick()
    made.rows.counts.clear()
    made.language.request_log.clear()


def report_drain() -> None:
    with pipeline(QUOTA) as made:
        made.claim(DRAINED)
        made.tick()
        took = made.drain()
        refused = sum(request.status == 429 for request in made.language.requests)  # noqa: PLR2004
    bound = timedelta(minutes=DRAINED / SERVICE_PACK * 2 / QUOTA)
    print(
        f"draining {DRAINED} files under {QUOTA} requests a minute: {took.seconds} s, the bound {bound.seconds} s; "
        f"ratio {took / bound:.2f} (goal: at most {GOAL_DRAIN}); {refused} requests were refused"
    )


def report_history() -> None:
    found = [_tick_after(history) for history in (1, HISTORY)]
    for history, counts in zip((1, HISTORY), found, strict=True):
        print(f"ticks for {DUE} files after {history:,} others: {_said(counts, 1)}")
    print(f"  {'equal' if found[0] == found[1] else 'NOT EQUAL'} (goal: equal)")


def _tick_after(history: int) -> Counter[str]:
    """What three ticks with the same work cost: one submits, one collects, one finds nothing to do."""
    with pipeline() as made:
        _remember(made, history)
        made.claim(DUE)
        made.rows.counts.clear()
        for _ in range(3):
            made.tick()
            made.language.clock.advance(TICK.total_seconds())
        return Counter(made.rows.counts)


def _remember(made: Pipeline, history: int) -> None:
    """Finished documents, as if they had been classified earlier."""
    now = made.now()
    for number in range(history):
        blob = Blob(f"old{number}.txt", f"0x{number:X}", 100, now)
        document = Document.landed(made.files.container, blob, now)
        made.services.ledger.commit((None, document.succeeded((), CLASSIFIER, now)))
    made.services.ledger.write(Sweep(complete=now, ended=now, whole_ended=now))
    while drain(made.services, now, DUE):
        pass


@contextmanager
def pipeline(quota: int | None = None) -> Iterator[Pipeline]:
    """The app with nothing in its ledger but the classifier; `quota`: requests a minute."""
    clock = Clock(datetime.now(UTC))
    limits = Limits(analyze_requests=quota)
    with (
        learnt() as state,
        server.running(STORAGE, state=state, clock=clock, pace=f"instant,analyze={PACE}", limits=limits) as language,
    ):
        rows, files = CountingRows(MemoryRows()), MemoryDocuments()
        services = replace(build(load(_environ(language, quota))), ledger=Ledger(rows), documents=files)  # type: ignore[arg-type]
        services.ledger.write(ActiveClassifier(CLASSIFIER))
        rows.counts.clear()
        yield Pipeline(services, files, rows, language)


def _print_costs(made: Pipeline, count: int) -> None:
    sent = sum(len(request.content) for request in made.language.requests)
    print(f"  service: {len(made.language.requests) / count:.3f} requests, {sent / count:.0f} bytes sent")
    print(f"  table: {_said(made.rows.counts, count)}")


def _said(counts: Counter[str], count: int) -> str:
    return ", ".join(f"{number / count:.4g} {what}" for what, number in counts.items())


def _environ(language: server.LanguageService, quota: int | None) -> dict[str, str]:
    environ = {
        "LANGUAGE_ENDPOINT": language.endpoint,
        "LANGUAGE_KEY": language.key,
        "DOCUMENTS_STORAGE": STORAGE,
        "DOCUMENTS_CONTAINER": "documents",
        "TICK_SCHEDULE": "*/10 * * * * *",
    }
    return {**environ, "LANGUAGE_REQUESTS_PER_MINUTE": str(quota)} if quota else environ
