"""The scan that Microsoft's host makes of an emulator never offers some files; the sweep finds them.

Seen with Microsoft's own listener (Microsoft.Azure.WebJobs.Extensions.Storage.Blobs, ScanContainersStrategy): every two
seconds it lists the container, offers the files that are newer than the newest of the listing before, and remembers
only that time. Last-Modified has whole seconds, so a file that lands after a listing and in the second of that
listing's newest file is never offered.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from shared.domain.routing import ActiveClassifier
from tests.fakes.documents import BEGINNING, MemoryDocuments
from tests.support.in_memory_app import Instance, Stage, one_thread
from tests.support.values import CLASSIFIER

SCAN, TICK, SWEEP = timedelta(seconds=2), timedelta(seconds=10), timedelta(minutes=1)
DURATION = timedelta(minutes=1)  # in which files land


@dataclass
class Scan:
    """The twin of that scan, over the files of a stage."""

    documents: MemoryDocuments
    position: datetime = BEGINNING
    offered: list[str] = field(default_factory=list)

    def new(self) -> list[str]:
        blobs, _ = self.documents.page("", 10**6)
        names = [blob.name for blob in blobs if blob.modified > self.position]
        self.position = max([self.position, *(blob.modified for blob in blobs)])
        self.offered += names
        return names


@dataclass
class Day:
    """Files land, the host scans and fires the timer, each at its own pace."""

    stage: Stage
    instance: Instance
    scan: Scan
    scanned: datetime
    ticked: datetime

    def wait(self, seconds: float) -> None:
        self.stage.wait(seconds)
        if self.stage.now - self.scanned >= SCAN:
            self.scanned = self.stage.now
            for name in self.scan.new():
                self.instance.land(name)
        if self.stage.now - self.ticked >= TICK:
            self.ticked = self.stage.now
            self.instance.tick()


@pytest.fixture
def day() -> Day:
    stage = Stage()
    stage.documents = MemoryDocuments(clock=lambda: stage.now.replace(microsecond=0))
    started = stage.instance()
    started.services.ledger.write(ActiveClassifier(CLASSIFIER, stage.now))
    settings = replace(started.services.settings, sweep_minutes=SWEEP // timedelta(minutes=1))
    instance = replace(started, services=replace(started.services, settings=settings))
    return Day(stage, instance, Scan(stage.documents), stage.now, stage.now)


@pytest.mark.parametrize("files_a_second", [3, 30])
def test_every_file_ends_classified_once_though_the_scan_never_offers_some(day: Day, files_a_second: int) -> None:
    names = [f"{number:04}.txt" for number in range(files_a_second * DURATION.seconds)]
    with one_thread():
        for name in names:
            day.stage.documents.put(name, b"Simmer the onion in butter, add garlic and flour.")
            day.wait(1 / files_a_second)
        for _ in range((SWEEP + 6 * TICK).seconds):
            day.wait(1)
    assert day.stage.is_drained()

    missed = set(names) - set(day.scan.offered)
    assert 0 < len(missed) < len(names) / 2, f"{len(missed)} of {len(names)} were never offered"
    known = day.stage.known()
    assert sorted(document.name for document in known) == names
    assert {document.state for document in known} == {"succeeded"}
    landed = {blob.name: blob.modified for blob in day.stage.documents.page("", 10**6)[0]}
    assert max(document.claimed - landed[document.name] for document in known) <= SWEEP + TICK + timedelta(seconds=1)
    assert set(day.stage.language.times_sent.values()) == {1}
