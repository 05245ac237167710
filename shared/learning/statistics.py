"""Statistics: how the documents of one classifier ended in one hour. A frozen value and its sums. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from shared.domain.documents import Document, DocumentState
from shared.domain.keys import digest
from shared.language.types import Classifier

CONFIDENCE_BINS = 10
RECORD = 1000  # characters of a text record, the unit that the service bills
MAX_CLASSES = 1000  # class names in one hour; the documents of further ones count as OTHERS
OTHERS = "(other classes)"
# A bin of times is WIDTH as long as its first second: percentiles are exact to a tenth.
FIRST_BIN, WIDTH = timedelta(milliseconds=100), 1.2
LAST_BIN = 200  # above that of the longest time between two times, 9,999 years
HOUR = timedelta(hours=1)

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Source:
    """Whose documents are counted together: those of a project's deployment, or of a model id. All "": none yet."""

    project: str = ""
    deployment: str = ""
    model_id: str = ""

    @classmethod
    def of(cls, classifier: Classifier | None) -> Self:
        return cls(classifier.project, classifier.deployment, classifier.model_id) if classifier else cls()


@dataclass(frozen=True)
class Statistics:
    """The documents with this source that ended in the hour (or the day) from `start`."""

    start: datetime  # UTC
    source: Source
    states: Counts = field(default_factory=dict)  # documents by final state
    reasons: Counts = field(default_factory=dict)  # failed documents by reason
    classes: Counts = field(default_factory=dict)  # a document of several classes counts in each
    without_class: int = 0  # documents that succeeded without a class
    confidences: tuple[int, ...] = (0,) * CONFIDENCE_BINS  # documents by the confidence of their best class
    durations: Counts = field(default_factory=dict)  # succeeded documents, by the bin of the time since they landed
    requests: int = 0  # analyze requests of the jobs that ended
    records: int = 0  # text records of the submissions, each perhaps billed
    version: str = field(default="", compare=False)  # of its row

    def __post_init__(self) -> None:
        if len(self.confidences) != CONFIDENCE_BINS:
            raise ValueError(f"confidences must have {CONFIDENCE_BINS} bins")
        if not all(0 <= int(number) <= LAST_BIN for number in self.durations):
            raise ValueError("a bin of durations that does not exist")

    @property
    def key(self) -> str:
        """Of its row, after the start: one for each source."""
        return digest(self.source.project, self.source.deployment, self.source.model_id)

    @classmethod
    def of(cls, start: datetime, source: Source, documents: Sequence[Document], requests: int = 0) -> Self:
        """Of these documents, which ended in this hour, and the requests of their job."""
        succeeded = [one for one in documents if one.state is DocumentState.SUCCEEDED]
        best = [one.classes[0].confidence for one in succeeded if one.classes]
        return cls(
            start,
            source,
            states=Counter(str(one.state) for one in documents),
            reasons=Counter(str(one.reason) for one in documents if one.reason),
            classes=_bounded(Counter(score.category for one in succeeded for score in one.classes)),
            without_class=len(succeeded) - len(best),
            confidences=histogram(best),
            durations=Counter(str(bin_of(time)) for one in succeeded if (time := _time(one))),
            requests=requests,
            records=sum(map(records, documents)),
        )

    def plus(self, other: Statistics) -> Self:
        """The sum of both, with this start and source."""
        return replace(
            self,
            states=_sum(self.states, other.states),
            reasons=_sum(self.reasons, other.reasons),
            classes=_bounded(_sum(self.classes, other.classes)),
            without_class=self.without_class + other.without_class,
            confidences=tuple(map(sum, zip(self.confidences, other.confidences, strict=True))),
            durations=_sum(self.durations, other.durations),
            requests=self.requests + other.requests,
            records=self.records + other.records,
        )

    def percentile(self, share: float) -> float | None:
        """The seconds from landing to the end within which this share of the documents succeeded; None if none did."""
        wanted = math.ceil(share * sum(self.durations.values()))
        for number in sorted(map(int, self.durations)):
            wanted -= self.durations[str(number)]
            if wanted <= 0:
                return _middle(number)
        return None


def hour_of(moment: datetime) -> datetime:
    """The start of its hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def records(document: Document) -> int:
    """Text records of all its submissions: each was billed, or may have been."""
    submissions = document.attempts + (document.state is DocumentState.SUCCEEDED)
    return submissions * -(-document.characters // RECORD)


def histogram(confidences: Iterable[float]) -> tuple[int, ...]:
    """How many of these numbers from 0 to 1 are in each of CONFIDENCE_BINS bins of the same width."""
    counts = Counter(map(bin_of_confidence, confidences))
    return tuple(counts[number] for number in range(CONFIDENCE_BINS))


def bin_of_confidence(confidence: float) -> int:
    """The number of its bin, from 0. A number outside 0 to 1, in an edited row, is in the first or the last."""
    return min(int(min(max(confidence, 0.0), 1.0) * CONFIDENCE_BINS), CONFIDENCE_BINS - 1)


def bin_of(time: timedelta) -> int:
    """The number of the bin of this time; 0 up to FIRST_BIN."""
    return max(0, math.ceil(math.log(max(time / FIRST_BIN, 1), WIDTH)))


def _middle(number: int) -> float:
    """Seconds in the middle of a bin."""
    return float(round(FIRST_BIN.total_seconds() * WIDTH ** (number - 0.5), 3))


def _time(document: Document) -> timedelta | None:
    """From landing to the end. None if it was replayed: its landing may be long ago."""
    if document.ended is None or document.replays:
        return None
    return max(document.ended - document.claimed, timedelta(microseconds=1))


def _sum(one: Counts, other: Counts) -> Counts:
    return {name: one.get(name, 0) + other.get(name, 0) for name in sorted({*one, *other})}


def _bounded(classes: Counts) -> Counts:
    """The commonest MAX_CLASSES names; the others together, so that no answer can make a row too large."""
    if len(classes) <= MAX_CLASSES:
        return classes
    named = sorted((name for name in classes if name != OTHERS), key=lambda name: (-classes[name], name))
    kept = {name: classes[name] for name in sorted(named[: MAX_CLASSES - 1])}
    return {**kept, OTHERS: sum(classes.values()) - sum(kept.values())}
