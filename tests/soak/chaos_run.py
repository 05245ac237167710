"""Files dropped into several processes of the app over one storage, while the service has faults; time is moved."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from local.language.conditions.fault_injection import FaultOrder
from local.language.server.server import LanguageService
from shared.domain.documents import Document
from shared.domain.jobs import Job
from shared.domain.routing import ActiveClassifier
from shared.pipeline.intake import document_landed
from shared.services import Services
from shared.storage.ledger import Ledger
from shared.tick import tick
from tests.fakes.documents import MemoryDocuments
from tests.fakes.rows import MemoryRows
from tests.soak.call_log import Log, watched
from tests.soak.end_state_audit import jobs_taken
from tests.support.app_on_azurite import TEXTS, World, environment

BATCH = 50  # files that land between two ticks
AT_ONCE = 0.2  # of the ticks come to two processes at the same moment
TWICE, OVERWRITTEN, CURSED = 0.1, 0.02, 0.01  # of the files
TICK, HOUR = timedelta(seconds=10), timedelta(hours=1)
MANY_POLLS = 10
CURSE = "cursed"
ANALYZE = re.compile("analyze-text/jobs")
TICKS = 20_000


def faults(jobs_share: float) -> list[FaultOrder]:
    """10 % 429, half of them with Retry-After; 5 % 500; 2 % cut after the job was taken; and what befalls jobs."""
    return [
        FaultOrder("status", status=429, retry_after=7, path=ANALYZE, share=0.05, seed=1),
        FaultOrder("status", status=429, path=ANALYZE, share=0.05, seed=2),
        FaultOrder("status", status=500, path=ANALYZE, share=0.05, seed=3),
        FaultOrder("timeout", method="POST", path=ANALYZE, share=max(0.02, jobs_share), seed=4),
        FaultOrder("failedJob", share=jobs_share, seed=5),
        FaultOrder("expiredJob", share=jobs_share, seed=6),
        FaultOrder("documentError", body=re.compile(CURSE)),
    ]


class Version(NamedTuple):
    """What a file was written with: words of this class, and perhaps a word that the service refuses."""

    category: str
    cursed: bool


@dataclass
class Storm:
    """Files to drop, processes of the app over one storage, a service with faults, and one clock for all of it."""

    language: LanguageService
    put: Callable[[str, bytes], str]
    processes: Sequence[tuple[Services, Log]]
    names: Sequence[str]
    luck: random.Random = field(default_factory=lambda: random.Random(11))
    versions: dict[tuple[str, str], Version] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    asked_at: Counter[datetime] = field(default_factory=Counter)
    ticks: int = 0

    @property
    def calls(self) -> int:
        """Analyze calls that reached the service."""
        return self.asked_at.total()

    def now(self) -> datetime:
        return self.language.clock.now()

    def run(self) -> None:
        for start in range(0, len(self.names), BATCH):
            self._drop(self.names[start : start + BATCH])
            self.tick()
        while not self._is_over():
            assert self.ticks < TICKS
            self.tick()

    def tick(self) -> None:
        """For one process or, at times, for two at the same moment."""
        self.language.clock.advance(self._pause().total_seconds())
        chosen = self.luck.sample(self.processes, 2 if self.luck.random() < AT_ONCE else 1)
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(lambda one: tick(one[0], self.now), chosen))
        self.ticks += 1
        self._remember()

    def _drop(self, batch: Sequence[str]) -> None:
        changed = self._some(OVERWRITTEN)
        for name in (*batch, *changed):
            version = Version(self.luck.choice(list(TEXTS)), cursed=self.luck.random() < CURSED)
            text = f"{TEXTS[version.category]} {CURSE if version.cursed else ''} {name}"
            self.versions[name, self.put(name, text.encode())] = version
        events = [*batch, *changed, *self._some(TWICE)]
        self.luck.shuffle(events)
        for name in events:
            self.language.clock.advance(0.05)
            document_landed(name, self.luck.choice(self.processes)[0], self.now)

    def _some(self, share: float) -> list[str]:
        """Of the files that are there."""
        names = sorted({name for name, _ in self.versions})
        return self.luck.sample(names, min(len(names), int(share * BATCH)))

    def _remember(self) -> None:
        self.taken += jobs_taken([self.language])
        self.asked_at.update(one.at for one in self.language.requests if ANALYZE.search(one.path))
        self.language.request_log.clear()

    def _is_over(self) -> bool:
        ledger = self.processes[0][0].ledger
        return not ledger.open(Document, 1)[0] and not ledger.open(Job, 1)[0]

    def _pause(self) -> timedelta:
        """Ten seconds; an hour if nothing is left but jobs that seem to hang."""
        ledger = self.processes[0][0].ledger
        first, _ = ledger.open(Document, 1)
        waits = any(one.due < self.now() + HOUR for one in first)
        jobs, _ = ledger.open(Job, BATCH)
        return HOUR if jobs and not waits and all(job.polls > MANY_POLLS for job in jobs) else TICK


def storm_over(world: World, count: int, in_memory: bool) -> Storm:
    environ = environment(world.storage, world.language, world.container, world.api)
    parts: dict[str, Any] = {}

    def put(name: str, content: bytes) -> str:
        uploaded = world.blobs.get_blob_client(world.container, name).upload_blob(content, overwrite=True)
        return str(uploaded["etag"]).strip('"')

    if in_memory:
        documents = MemoryDocuments(world.container, f"{world.container}-results")
        parts = {"ledger": Ledger(MemoryRows()), "documents": documents}
        put = documents.put
    processes = [watched(environ, world.language.clock.now, **parts) for _ in range(2)]
    if in_memory:
        parts["ledger"].write(
            ActiveClassifier(watched(environ, world.language.clock.now)[0].ledger.read(ActiveClassifier).classifier)
        )
    return Storm(world.language, put, processes, [f"{number:05}.txt" for number in range(count)])
