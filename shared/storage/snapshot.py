"""What one query finds of many values: all singletons, or the index rows of all that is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from shared.domain.documents import Document
from shared.domain.jobs import Job
from shared.domain.operations import Operation
from shared.domain.rate_limiter import TokenBucket
from shared.domain.routing import ActiveClassifier
from shared.domain.singletons import Gate, Heartbeat, OutboxError, Pause, SubmitLease, Sweep
from shared.storage.row_codec import readable
from shared.storage.row_keys import SINGLES, due_prefix, due_range, time_key
from shared.storage.tables import Row

Single = TypeVar("Single", TokenBucket, ActiveClassifier, Gate, Pause, Heartbeat, SubmitLease, Sweep, OutboxError)


@dataclass(frozen=True)
class Singletons:
    """All singletons at one moment. A change of one is still conditional on its version."""

    rows: Mapping[str, Row]  # by their keys

    def of(self, kind: type[Single]) -> Single:
        """The singleton of this type, as `Ledger.read` returns it."""
        return single(kind, self.rows.get(SINGLES[kind]))


@dataclass(frozen=True)
class Agenda:
    """When each open document, job and operation is due: their index rows at one moment, in the order of their keys."""

    rows: tuple[Row, ...] = ()

    def of(self, kind: type) -> list[Row]:
        """The rows of the values of this type."""
        return [row for row in self.rows if row.key.startswith(due_prefix(kind))]

    def is_anything_due(self, now: datetime) -> bool:
        """Whether a document, job or operation is."""
        return any(self.due(kind, now) for kind in (Document, Job, Operation))

    def due(self, kind: type, now: datetime) -> list[Row]:
        """The rows of the values of this type that are due at `now`, the longest due first."""
        first, last = due_range(kind, now)
        return [row for row in self.rows if first <= row.key < last]

    def written_after(self, moment: datetime) -> list[Row]:
        """The rows whose times were set after `moment`, by their writers' clocks."""
        return [row for row in self.rows if row.columns.get("written", "") > time_key(moment)]


def single(kind: type[Single], row: Row | None) -> Single:
    """The singleton in this row; its default value if there is no row, or it cannot be read."""
    if row is None:
        return kind()
    found: Single | None = readable(kind, row)
    return replace(kind(), version=row.version) if found is None else found


@dataclass(frozen=True)
class Snapshot:
    """What one query each found. None: it was not read, or could not be, or too much is open."""

    known: Singletons | None = None
    agenda: Agenda | None = None

    def is_idle(self, sweep_every: timedelta, now: datetime) -> bool:
        """Whether it was read, nothing in it is due, and no sweep is."""
        if self.known is None or self.agenda is None:
            return False
        return not self.agenda.is_anything_due(now) and not self.known.of(Sweep).is_due(sweep_every, now)


UNREAD = Snapshot()
