"""Values that the ledger holds once: gate, submit lease, pause, heartbeat, sweep, the last error of the outbox.

`rate_limiter` has one more, the token bucket, and `routing` another, the active classifier.

Frozen values, pure. `version` is the storage version of the row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from shared.domain.clocks import MAX_WAIT, is_ahead, meant
from shared.domain.timeline import REASON_LENGTH

OVERLAP = timedelta(hours=1)  # the modification time of a large upload is earlier than its appearance
WHOLE_EVERY = timedelta(days=1)
WHOLE_AGAIN = 3  # consecutive whole sweeps because of unclaimed files
CLOSED_TOO_LONG = timedelta(minutes=5)  # needs attention
MISSED_SWEEPS = 3  # intervals between two sweeps after which one is late
SWEEP_GRACE = timedelta(minutes=5)  # in which a tick must have run
SWEEP_TOO_LONG = timedelta(days=1)  # the duration of a sweep; at 5,000 files a tick, it lists millions
STUCK = timedelta(hours=1)  # without a completed page, after which a sweep passes over it, or begins again
TRIED_AGAIN = timedelta(minutes=15)  # after the gate opens, a tick has made a call by then
SEVERAL = ""  # items, not one


@dataclass(frozen=True)
class Breaker:
    """Circuit breaker for calls to the analyze API."""

    until: datetime | None = None  # closed until then; None: open
    reason: str = ""
    since: datetime | None = None  # the first of the consecutive closings, by the writer's clock
    closed_at: datetime | None = None  # when `until` was set, by the writer's clock
    failures: int = 0  # consecutive closings
    item: str = SEVERAL  # the key of the only job or document whose calls have failed since a call succeeded
    cause: str = ""  # the code of the error that closed it, such as Throttled

    def is_closed(self, now: datetime) -> bool:
        return self.until is not None and now < self.until

    def is_troubled(self, now: datetime) -> bool:
        """Whether it is closed, or opened less than TRIED_AGAIN ago without a successful call since."""
        return self.until is not None and now < self.until + TRIED_AGAIN

    def is_closed_too_long(self, now: datetime) -> bool:
        """Whether it is troubled, and the first of the consecutive closings was CLOSED_TOO_LONG ago."""
        return self.is_troubled(now) and self.since is not None and now - self.since >= CLOSED_TOO_LONG

    def closed(self, reason: str, wait: timedelta, now: datetime, item: str = SEVERAL, cause: str = "") -> Self:
        """Closed for `wait`. Errors of parallel calls while it is closed count once; the longest wait applies."""
        until = now + wait
        before = replace(self, item=item if self.until is None or self.item == item else SEVERAL)
        if self.is_closed(now) and self.until and self.until >= until:
            return before
        failures = self.failures + (not self.is_closed(now))
        closed = replace(before, until=until, closed_at=now, reason=reason[:REASON_LENGTH], cause=cause)
        return replace(closed, since=self.since or now, failures=failures)

    def after_repeated(self, reason: str, now: datetime, item: str) -> Self | None:
        """Open to others, after one more failure of this item. None if others may fail, too: then it must close."""
        if self.until is None:  # calls have succeeded since the item's last failure
            return self
        if self.is_closed(now) or item == SEVERAL or self.item != item:
            return None
        return replace(self, until=now, closed_at=now, reason=reason[:REASON_LENGTH], failures=self.failures + 1)

    def opened(self) -> Self:
        return replace(self, until=None, reason="", cause="", since=None, closed_at=None, failures=0, item=SEVERAL)

    def bounded(self, now: datetime) -> Self:
        """With its times corrected, if the clock that wrote them was ahead: the same wait, starting at `now`.

        The caller must store the result; otherwise each call returns a later time.
        """
        if self.until is None:
            return self
        until = meant(self.until, self.closed_at, MAX_WAIT["gate"], now)
        gate = self if until == self.until else replace(self, until=until, closed_at=now)
        return replace(gate, since=now) if is_ahead(self.since, now) else gate


@dataclass(frozen=True)
class ClassifierGate(Breaker):
    """Circuit breaker for the submissions to one classifier, which the service does not know."""

    name: str = ""  # of the classifier


@dataclass(frozen=True)
class Gate(Breaker):
    """Circuit breaker for all calls to the analyze API. While it is closed, no call starts."""

    reopenings: int = 0  # how often a change of the classifier has opened it early
    blocked: tuple[ClassifierGate, ...] = ()  # classifiers that the service did not know when they were last used
    version: str = field(default="", compare=False)

    def of(self, name: str) -> Gate | ClassifierGate:
        """The breaker of the classifier with this name; "": the one for all calls."""
        if not name:
            return self
        return next((part for part in self.blocked if part.name == name), ClassifierGate(name=name))

    def with_part(self, part: Gate | ClassifierGate) -> Gate:
        """With this breaker in the place of the one that it had."""
        if isinstance(part, Gate):
            return part
        others = [other for other in self.blocked if other.name != part.name]
        parts = [*others, part] if part.until else others
        return replace(self, blocked=tuple(sorted(parts, key=lambda one: one.name)))

    def joined(self, other: Gate) -> Gate:
        """The state that was reopened more often; of two equal ones, the longer closing of each part."""
        if self.reopenings != other.reopenings:
            return max(self, other, key=lambda gate: gate.reopenings)
        joined = replace(other if _is_longer(other, self) else self, blocked=self.blocked)
        for part in other.blocked:
            if _is_longer(part, self.of(part.name)):
                joined = joined.with_part(part)
        return joined

    def bounded(self, now: datetime) -> Self:
        return replace(super().bounded(now), blocked=tuple(part.bounded(now) for part in self.blocked))

    def reopened(self) -> Self:
        """Open, because a classifier has changed."""
        return replace(self.opened(), blocked=(), reopenings=self.reopenings + 1)


def _is_longer(one: Breaker, other: Breaker) -> bool:
    return one.until is not None and (other.until is None or one.until > other.until)


@dataclass(frozen=True)
class Pause:
    """Whether submissions are paused. Running jobs are still collected."""

    paused: bool = False
    since: datetime | None = None
    version: str = field(default="", compare=False)


@dataclass(frozen=True)
class Sweep:
    """The progress of the comparison of the container's listing with the ledger.

    A whole sweep checks every file; another one only files modified since `complete`, less OVERLAP. A thorough sweep is
    whole, and reads the document of each file; others read only documents without an index row by name.
    """

    began: datetime | None = None  # when the current sweep began; None: no sweep is running
    marker: str = ""  # the listing's continuation token
    whole: bool = False
    found: int = 0  # files without an event, in the current or else the last sweep
    complete: datetime | None = None  # when the last complete sweep began
    moved: datetime | None = None  # when the current sweep began or last completed a page
    unclaimed: int = 0  # files that could not be claimed because of errors; the next sweep is whole
    example: str = ""  # the name of one of these files
    again: int = 0  # consecutive whole sweeps because of them; at most WHOLE_AGAIN
    ended: datetime | None = None  # when the last complete sweep ended
    whole_ended: datetime | None = None  # when the last complete whole sweep ended
    asked: bool = False  # a thorough sweep was requested
    thorough: bool = False
    files: int = 0  # listed by the current or else the last sweep
    files_before: int = 0  # listed by the sweep before it
    version: str = field(default="", compare=False)

    def is_due(self, every: timedelta, now: datetime) -> bool:
        """Whether a sweep is running or should start; `every` is the configured interval."""
        return self.began is not None or self.asked or self.ended is None or abs(now - self.ended) >= every

    def is_late(self, every: timedelta, now: datetime) -> bool:
        """Whether it does not start, does not complete a page, or does not end; `every` is the configured interval."""
        since, moved = self.began or self.ended, self.moved if self.began else self.ended
        stuck = moved is not None and now - moved >= MISSED_SWEEPS * every + SWEEP_GRACE
        endless = self.began is not None and now - self.began >= SWEEP_TOO_LONG
        return since is not None and (stuck or endless)

    def started(self, now: datetime) -> Self:
        """The current sweep, or a new one. It is whole once a day, on request, and after unclaimed files.

        On request it is also thorough, and so is its repetition.
        """
        if self.began is not None:
            return self
        ahead = self.complete is not None and self.complete - OVERLAP > now  # written by a wrong clock
        again = self.unclaimed > 0 and self.again < WHOLE_AGAIN
        late = self.whole_ended is None or abs(now - self.whole_ended) >= WHOLE_EVERY
        whole = self.asked or ahead or late or again
        tries = self.again + again if self.unclaimed else 0
        thorough = self.asked or (again and self.thorough)
        fresh = replace(self, began=now, moved=now, whole=whole, thorough=thorough, found=0, asked=False, again=tries)
        return replace(fresh, files_before=self.files).from_the_start()

    def is_stuck(self, now: datetime) -> bool:
        """Whether it has completed no page for STUCK."""
        return self.began is not None and self.moved is not None and now - self.moved >= STUCK

    def from_the_start(self) -> Self:
        """The current sweep, at the start of the listing. It is as late as it was.

        Only a whole sweep checks again the files that could not be claimed.
        """
        unclaimed, example = (0, "") if self.whole else (self.unclaimed, self.example)
        return replace(self, marker="", files=0, unclaimed=unclaimed, example=example)

    def is_of_interest(self, modified: datetime) -> bool:
        """Whether this sweep checks a file with this modification time."""
        return self.whole or self.complete is None or modified >= self.complete - OVERLAP

    def advanced(
        self, marker: str, found: int, now: datetime, unclaimed: Sequence[str] = (), *, files: int = 0
    ) -> Self:
        """After one more page of `files`; complete if `marker` is empty. `unclaimed`: names of those not claimed."""
        example = self.example or "".join(unclaimed[:1])
        together = self.unclaimed + len(unclaimed) if self.whole else max(self.unclaimed, len(unclaimed))
        further = replace(self, marker=marker, moved=now, found=self.found + found, files=self.files + files)
        further = replace(further, unclaimed=together, example=example)
        if marker:
            return further
        whole_ended = now if self.whole else self.whole_ended
        return replace(further, began=None, complete=self.began, ended=now, whole_ended=whole_ended)


@dataclass(frozen=True)
class SubmitLease:
    """The right to submit when a file lands. The instance that writes `taken` has it for a few seconds."""

    taken: datetime | None = None
    version: str = field(default="", compare=False)


@dataclass(frozen=True)
class Heartbeat:
    """The time of the last tick."""

    at: datetime | None = None  # when the tick began
    version: str = field(default="", compare=False)


@dataclass(frozen=True)
class OutboxError:
    """The last error that kept an entry in the outbox."""

    at: datetime | None = None
    reason: str = ""
    version: str = field(default="", compare=False)

    def seen(self, reason: str, now: datetime) -> Self:
        return replace(self, at=now, reason=reason[:REASON_LENGTH])
