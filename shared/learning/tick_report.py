"""What a tick reports: one JSON line, without names, texts or secrets. Frozen values, pure.

`docs/telemetry.md` explains each field. Alerts and the workbook in `infra/` read them.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Self

from shared.domain.documents import Document, DocumentState
from shared.domain.singletons import Sweep
from shared.domain.timeline import OPEN_TOO_LONG

EVENT = "tick"  # the value of the line's first field


@dataclass(frozen=True)
class Backlog:
    """The documents that wait or are in a job."""

    documents: int
    since: datetime | None = None  # when the first of them landed; None: unknown, or there is none

    def age(self, now: datetime) -> float | None:
        """Seconds since the first of them landed."""
        return max(0.0, (now - self.since).total_seconds()) if self.since else None

    def is_old(self, now: datetime) -> bool:
        return self.since is not None and now - self.since >= OPEN_TOO_LONG


@dataclass(frozen=True)
class Ended:
    """How many documents ended in each state, and how sure the model was of those that succeeded."""

    states: Mapping[str, int] = field(default_factory=dict)
    unsure: int = 0  # succeeded with a best class below REVIEW_BELOW, or without a class

    @classmethod
    def of(cls, documents: Iterable[Document], below: float) -> Self:
        documents = list(documents)
        return cls(Counter(str(one.state) for one in documents), sum(_is_unsure(one, below) for one in documents))

    def low_confidence_share(self, below: float) -> float | None:
        """From 0 to 1. None if no document succeeded, or REVIEW_BELOW is 0."""
        succeeded = self.states.get(DocumentState.SUCCEEDED, 0)
        return round(self.unsure / succeeded, 4) if succeeded and below else None


@dataclass(frozen=True)
class Findings:
    """What one step of a tick, or all of them, have found."""

    backlog: Backlog | None = None
    ended: Ended | None = None
    red: tuple[str, ...] = ()  # names of health checks
    failed: tuple[str, ...] = ()  # names of steps
    sweep: Sweep | None = None

    def plus(self, other: Findings) -> Findings:
        return Findings(
            other.backlog or self.backlog,
            other.ended or self.ended,
            self.red + other.red,
            self.failed + other.failed,
            other.sweep or self.sweep,
        )


@dataclass(frozen=True)
class Line:
    """The fields of the line, in their order. Their names are camelCase there."""

    event: str
    seconds: float
    backlog: int | None
    oldest_seconds: float | None
    ended: Mapping[str, int]
    low_confidence_share: float | None
    requests: Mapping[str, int]
    sweep: Mapping[str, Any] | None
    gate: str | None
    red: tuple[str, ...]
    failed_steps: tuple[str, ...]

    def json(self) -> str:
        """The line."""
        return json.dumps({camel(one.name): getattr(self, one.name) for one in fields(self)}, separators=(",", ":"))


def line(
    findings: Findings, now: datetime, *, below: float, requests: Mapping[str, int], gate: str | None, seconds: float
) -> Line:
    """`below`: REVIEW_BELOW. `requests`: by receiver. `gate`: the code of the error that closed it."""
    ended, backlog = findings.ended or Ended(), findings.backlog
    age = backlog.age(now) if backlog else None
    return Line(
        event=EVENT,
        seconds=round(seconds, 3),
        backlog=backlog.documents if backlog else None,
        oldest_seconds=None if age is None else round(age, 1),
        ended={str(state): ended.states.get(state, 0) for state in DocumentState if state.final},
        low_confidence_share=ended.low_confidence_share(below),
        requests=dict(requests),
        sweep=_progress(findings.sweep),
        gate=gate,
        red=findings.red,
        failed_steps=findings.failed,
    )


def _progress(sweep: Sweep | None) -> Mapping[str, Any] | None:
    """Of a sweep that has not ended. None if there is none."""
    if sweep is None or sweep.began is None:
        return None
    return {"began": sweep.began.isoformat(), "files": sweep.files, "found": sweep.found}


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def _is_unsure(document: Document, below: float) -> bool:
    if document.state is not DocumentState.SUCCEEDED:
        return False
    return not document.classes or document.classes[0].confidence < below


FIELDS: tuple[str, ...] = tuple(camel(one.name) for one in fields(Line))
