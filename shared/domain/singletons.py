"""What is remembered once: classifier, gate, budget, slot, pause, pulse, sweep. Frozen values, pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from shared.domain.clocks import MAX_WAIT, is_ahead, meant
from shared.domain.timeline import REASON_LENGTH
from shared.language.types import Classifier

BURST = 0.18  # of a minute's quota, at once
OVERLAP = timedelta(hours=1)  # a large upload shows long after it began
WHOLE_EVERY = timedelta(days=1)
WHOLE_AGAIN = 3
TRIED_AGAIN = timedelta(minutes=2)  # by when a tick has made a call after the gate opened
MODEL_KNOWN_FOR = timedelta(minutes=10)  # how long a deployment's model is taken for the one that was read
MODEL_ASKED_AGAIN = timedelta(minutes=1)  # after it could not be read


@dataclass(frozen=True)
class ActiveClassifier:
    """The classifier that dropped files go to, since it was published or set.

    `looked`: when the service was last asked which model the classifier's deployment has.
    """

    classifier: Classifier | None = None
    since: datetime | None = None
    looked: datetime | None = None
    version: str = field(default="", compare=False)

    def is_model_due(self, dialect: str, now: datetime) -> bool:
        """Whether it is time to ask for the model: another may have been published to the deployment elsewhere.

        Only a deployment has a model to ask for; in the quickstart's protocol the model id is all there is.
        """
        found = self.classifier
        if found is None or found.dialect != dialect or not found.deployment or found.model_id:
            return False
        wait = MODEL_KNOWN_FOR if found.model else MODEL_ASKED_AGAIN
        return self.looked is None or abs(now - self.looked) >= wait

    def with_model(self, model: str, now: datetime) -> Self:
        """`model` was read just now; "" if it could not be: then the one that was known before stays."""
        if self.classifier is None or not model:
            return replace(self, looked=now)
        return replace(self, classifier=replace(self.classifier, model=model), looked=now)


@dataclass(frozen=True)
class Gate:
    """Closed until `until`, for a `reason`, after `failures` closings in a row: no analyze call may begin.

    `since`: when the first of these closings was, `closed_at`: when `until` was written; both by the clock of whoever
    closed it. `reopenings` counts how often a change of the classifier opened it before its time.
    """

    until: datetime | None = None
    reason: str = ""
    since: datetime | None = None
    closed_at: datetime | None = None
    failures: int = 0
    reopenings: int = 0
    version: str = field(default="", compare=False)

    def outlasts(self, other: Gate) -> bool:
        """Whether this one holds against another that was seen before: reopened since, or closed for longer."""
        if self.reopenings != other.reopenings:
            return self.reopenings > other.reopenings
        return self.until is not None and (other.until is None or self.until > other.until)

    def is_closed(self, now: datetime) -> bool:
        return self.until is not None and now < self.until

    def is_troubled(self, now: datetime) -> bool:
        """Whether it is closed, or was until a moment ago and no call has gone well since."""
        return self.until is not None and now < self.until + TRIED_AGAIN

    def closed(self, reason: str, wait: timedelta, now: datetime) -> Self:
        """Trouble while it is closed came from calls side by side: it counts once, and the longest wait holds."""
        until = now + wait
        if self.is_closed(now) and self.until and self.until >= until:
            return self
        failures = self.failures + (not self.is_closed(now))
        closed = replace(self, until=until, closed_at=now, reason=reason[:REASON_LENGTH])
        return replace(closed, since=self.since or now, failures=failures)

    def opened(self) -> Self:
        return replace(self, until=None, reason="", since=None, closed_at=None, failures=0)

    def bounded(self, now: datetime) -> Self:
        """What can have been meant, if a clock that was ahead closed it: as long a wait, from now on.

        It is to be written at once, or its end moves on with each look.
        """
        if self.until is None:
            return self
        until = meant(self.until, self.closed_at, MAX_WAIT["gate"], now)
        found = self if until == self.until else replace(self, until=until, closed_at=now)
        return replace(found, since=now) if is_ahead(self.since, now) else found

    def reopened(self) -> Self:
        return replace(self.opened(), reopenings=self.reopenings + 1)


@dataclass(frozen=True)
class TokenBucket:
    """How many analyze calls may begin: `calls` were left at `at`, and more come as time passes.

    A bucket of BURST of a minute's quota, filled at the rate of the rest of it: in no minute, wherever it begins, are
    there more calls than the quota, except where a text in parts needs more at once than the bucket holds.
    """

    calls: float = 0.0
    at: datetime | None = None
    version: str = field(default="", compare=False)

    def left(self, quota: int, now: datetime) -> float:
        """How many calls may begin now under a `quota` a minute; below 0 after a loan."""
        most = max(1.0, BURST * quota)
        if self.at is None:
            return most
        minutes = max(0.0, (now - self.at) / timedelta(minutes=1))
        return min(most, self.calls + minutes * (1 - BURST) * quota)

    def taken(self, costs: Sequence[int], quota: int, now: datetime) -> tuple[int, Self]:
        """How many pieces of work may begin now, in their order, and what is left then; `costs` are calls of each.

        Whoever finds one call may begin: what a piece costs more than there is, is lent by the time to come.
        """
        left, begun = self.left(quota, now), 0
        for cost in costs:
            if cost and left < 1:
                break
            left, begun = left - cost, begun + 1
        return begun, replace(self, calls=left, at=max(now, self.at or now))

    def bounded(self, now: datetime) -> Self:
        """What a clock that was ahead left is what is left now: its time may never come. To be written at once."""
        return replace(self, at=now) if is_ahead(self.at, now) else self


@dataclass(frozen=True)
class Pause:
    """Whether somebody stopped submissions; polls go on."""

    paused: bool = False
    since: datetime | None = None
    version: str = field(default="", compare=False)


@dataclass(frozen=True)
class Sweep:
    """How far the comparison of the container's listing with the ledger is.

    `began`: the sweep under way, None between two. `marker`: where its listing goes on. `whole`: it looks at every
    file, not only at those changed since `complete` (when the last complete sweep began) less OVERLAP. `found`: files
    that no event had told of, in this or else in the last sweep. `ended`, `whole_ended`: the last complete ones.
    `moved`: when it began or last came a page further. `unclaimed`: files that errors kept from being claimed, such as
    `example`; for their sake the next sweep is whole, at most WHOLE_AGAIN times in a row (`again`).
    """

    began: datetime | None = None
    marker: str = ""
    whole: bool = False
    found: int = 0
    complete: datetime | None = None
    moved: datetime | None = None
    unclaimed: int = 0
    example: str = ""
    again: int = 0
    ended: datetime | None = None
    whole_ended: datetime | None = None
    asked: bool = False
    version: str = field(default="", compare=False)

    def is_due(self, every: timedelta, now: datetime) -> bool:
        return self.began is not None or self.asked or self.ended is None or abs(now - self.ended) >= every

    def begun(self, now: datetime) -> Self:
        """On with the one under way, or else a new one: a whole one once a day, and when somebody asked."""
        if self.began is not None:
            return self
        ahead = self.complete is not None and self.complete - OVERLAP > now  # by a clock that went wrong
        again = self.unclaimed > 0 and self.again < WHOLE_AGAIN
        late = self.whole_ended is None or abs(now - self.whole_ended) >= WHOLE_EVERY
        whole = self.asked or ahead or late or again
        kept = (0, "") if whole else (self.unclaimed, self.example)  # they are looked at by a whole one only
        tries = self.again + again if self.unclaimed else 0
        fresh = replace(self, began=now, moved=now, marker="", whole=whole, found=0, asked=False)
        return replace(fresh, unclaimed=kept[0], example=kept[1], again=tries)

    def is_of_interest(self, modified: datetime) -> bool:
        return self.whole or self.complete is None or modified >= self.complete - OVERLAP

    def advanced(self, marker: str, found: int, now: datetime, unclaimed: Sequence[str] = ()) -> Self:
        """One page further; with no `marker` it is complete. `unclaimed`: files that errors kept from being claimed."""
        example = self.example or "".join(unclaimed[:1])
        further = replace(self, marker=marker, found=self.found + found, moved=now, example=example)
        together = self.unclaimed + len(unclaimed) if self.whole else max(self.unclaimed, len(unclaimed))
        further = replace(further, unclaimed=together)
        if marker:
            return further
        whole_ended = now if self.whole else self.whole_ended
        return replace(further, began=None, complete=self.began, ended=now, whole_ended=whole_ended)


@dataclass(frozen=True)
class SubmitLease:
    """Who submits directly: whoever moves `taken` on, which nobody may for a few seconds after."""

    taken: datetime | None = None
    version: str = field(default="", compare=False)


@dataclass(frozen=True)
class Heartbeat:
    """When a tick last began."""

    at: datetime | None = None
    version: str = field(default="", compare=False)
