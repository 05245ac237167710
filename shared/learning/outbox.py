"""Outbox entry: what one transaction ended or decided, until statistics, reviews and events have it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from shared.domain.documents import Document
from shared.domain.jobs import Job
from shared.domain.keys import digest
from shared.language.types import Classifier
from shared.learning.reviews import Review
from shared.learning.statistics import Source, Statistics, hour_of

OUTBOX_TOO_LONG = timedelta(minutes=5)  # the age of an entry that needs attention
Change = tuple[Any, Any]  # before (None: new) and after


@dataclass(frozen=True)
class OutboxEntry:
    """Written in the transaction itself, so that it exists exactly if the change does."""

    key: str  # the same for the same endings
    at: datetime
    documents: tuple[Document, ...] = ()  # as they ended, without timelines
    reviews: tuple[Review, ...] = ()  # that were decided, or whose decision was undone
    classifier: Classifier | None = None  # of the job that ended them
    requests: int = 0  # of that job, to the analyze API: the submission, and the polls up to the last
    version: str = field(default="", compare=False)  # of its row

    @classmethod
    def of(cls, changes: Iterable[Change]) -> Self | None:
        """The entry for a transaction of these changes; None if it ends and decides nothing."""
        changes = list(changes)
        documents = [after for before, after in changes if isinstance(after, Document) and _has_ended(before, after)]
        reviews = [after for before, after in changes if isinstance(after, Review) and _is_decided(before, after)]
        jobs = [after for _, after in changes if isinstance(after, Job) and after.state.final]
        ended: list[Any] = [*documents, *reviews, *jobs]
        if not ended:
            return None
        return cls(
            key=digest(*(f"{one.key} {one.version}" for one in ended)),
            at=max(one.changed if isinstance(one, Review) else one.ended for one in ended),
            documents=tuple(replace(one, timeline=(), version="") for one in documents),
            reviews=tuple(replace(one, version="") for one in reviews),
            classifier=jobs[0].classifier if jobs else None,
            requests=sum(map(_requests, jobs)),
        )

    def source_of(self, document: Document) -> Source:
        return Source.of(document.classifier or self.classifier)

    def statistics(self) -> list[Statistics]:
        """What it adds: one value for each hour and source."""
        places = {(hour_of(one.ended), self.source_of(one)) for one in self.documents if one.ended}
        own = (hour_of(self.at), Source.of(self.classifier))
        if self.requests:
            places.add(own)
        return [
            Statistics.of(
                *place,
                [one for one in self.documents if one.ended and (hour_of(one.ended), self.source_of(one)) == place],
                self.requests if place == own else 0,
            )
            for place in sorted(places, key=str)
        ]


def together(entries: Sequence[OutboxEntry]) -> list[Statistics]:
    """What these entries add together: one value for each hour and source."""
    sums: dict[tuple[datetime, Source], Statistics] = {}
    for added in (one for entry in entries for one in entry.statistics()):
        place = added.start, added.source
        sums[place] = sums[place].plus(added) if place in sums else added
    return list(sums.values())


def _requests(job: Job) -> int:
    """The analyze requests of a job that was accepted: its submission, polls without an end, and the last poll."""
    return len(job.service_ids) * (job.polls + 2)


def _has_ended(before: Document | None, after: Document) -> bool:
    """Whether the change is its ending. A document that was replayed ends once more."""
    if not after.state.final:
        return False
    return before is None or not before.state.final or before.replays != after.replays


def _is_decided(before: Review | None, after: Review) -> bool:
    return after.decision != (before.decision if before else None)
