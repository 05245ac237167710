"""The keys of stored rows. Pure.

doc|{key}  job|{key}  op|{key}  review|{key}         the value
stats|{inverted hour}|{source}                       the statistics of an hour, newest first
due|{kind}|{utc}|{key}                               the index row of an open value: when it is processed next
due|review|{place}|{key}                             the index row of an open review: its place in the queue
end|{kind}|{state}|{inverted time}|{key}             the index row of a final value: listings by state, newest first
name|{hex of the file's name}|{key}                  the index row of a document that is not UNREAD: what a sweep knows
busy|{project}                                       exists while an operation on the project is open
outbox|{utc}|{key}                                   what a transaction ended, until the outbox is drained
single|{name}                                        the singletons: one query reads all of them
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.domain.documents import UNREAD, Document
from shared.domain.jobs import Job
from shared.domain.keys import digest
from shared.domain.operations import Operation
from shared.domain.rate_limiter import TokenBucket
from shared.domain.routing import ActiveClassifier
from shared.domain.singletons import Gate, Heartbeat, OutboxError, Pause, SubmitLease, Sweep
from shared.learning.outbox import OutboxEntry
from shared.learning.reviews import FIRST, Review
from shared.learning.statistics import Statistics

KINDS: dict[type, str] = {Document: "doc", Job: "job", Operation: "op", Review: "review"}
# The names in stored rows. They do not change when a class is renamed.
SINGLES: dict[type, str] = {
    TokenBucket: "single|budget",
    ActiveClassifier: "single|chosen",
    Gate: "single|gate",
    OutboxError: "single|kept",
    Pause: "single|pause",
    Heartbeat: "single|pulse",
    SubmitLease: "single|slot",
    Sweep: "single|sweep",
}
SINGLE = "single|"  # what the keys of all singletons begin with
STORED: tuple[type, ...] = (*KINDS, *SINGLES, OutboxEntry, Statistics)  # all types of values that rows hold
NAME = "name|"  # what the keys of the index rows by name begin with
NAME_BYTES = 200  # of a file's name in a key, which has 1 KiB at most, in UTF-16
AFTER_ALL = "~"  # sorts after every character of a key
_LATEST_MILLISECOND = 10**14


def row_key(value: Any) -> str:
    """The row key of this value."""
    kind = type(value)
    if kind is Statistics:
        return statistics_key(value.start, value.key)
    if kind is OutboxEntry:
        return f"outbox|{time_key(value.at)}|{value.key}"
    return SINGLES[kind] if kind in SINGLES else f"{KINDS[kind]}|{value.key}"


def statistics_key(start: datetime, key: str = "") -> str:
    """The row key of the statistics of this hour; without `key`, what the keys of all its sources begin with."""
    return f"stats|{inverted(start)}|{key}"


def index_keys(value: Any) -> set[str]:
    """The keys of a value's index rows: one for its due or end time; an open operation has one for its project too.

    A document has one for its name, unless it ended unread: then a sweep that finds its file claims it again.
    """
    kind = KINDS.get(type(value))
    if kind is None:
        return set()
    if isinstance(value, Document) and value.state not in UNREAD:
        return {_time_index(value, kind), name_key(value.name, value.key)}
    if isinstance(value, Operation) and not value.state.final:
        return {_time_index(value, kind), f"busy|{digest(value.project)}"}
    return {_time_index(value, kind)}


def name_key(name: str, key: str) -> str:
    """The key of the index row by name of a document. In hexadecimal, because a row key cannot hold every character."""
    return f"{NAME}{name.encode('utf-8', 'surrogatepass')[:NAME_BYTES].hex()}|{key}"


def _time_index(value: Any, kind: str) -> str:
    if value.state.final:
        return f"end|{kind}|{value.state}|{inverted(value.ended)}|{value.key}"
    place = place_in_queue(value) if isinstance(value, Review) else time_key(value.due)
    return f"{due_prefix(type(value))}{place}|{value.key}"


def due_prefix(kind: type) -> str:
    """What the keys of the index rows of all open values of this type begin with."""
    return f"due|{KINDS[kind]}|"


def due_range(kind: type, now: datetime) -> tuple[str, str]:
    """The keys of the index rows of values of this type that are due at `now`: from the first, before the last."""
    return due_prefix(kind), f"{due_prefix(kind)}{time_key(now)}{AFTER_ALL}"


def place_in_queue(review: Review) -> str:
    """Sorts open reviews: audits and contested ones first, the oldest first; then the least confident first."""
    return f"0-{time_key(review.created)}" if review.reason in FIRST else f"1-{review.confidence:.6f}"


def time_key(moment: datetime) -> str:
    """Milliseconds in UTC; sorts in the order of the times."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]


def time_of(key: str) -> datetime | None:
    """The time that `time_key` wrote; None for another text."""
    try:
        return datetime.strptime(key, "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None


def inverted(moment: datetime) -> str:
    """Milliseconds; sorts in the reverse order of the times, newest first."""
    return f"{_LATEST_MILLISECOND - int(moment.timestamp() * 1000):015d}"
