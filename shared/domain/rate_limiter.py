"""Rate limiter for calls to the analyze API, which the service limits for each minute. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Self

from shared.domain.clocks import is_ahead

MINUTE = timedelta(minutes=1)
BURST = 0.18  # the bucket's capacity, as a share of a minute's quota
REFILL = 0.95  # of the quota: with all of it, the pause after a burst would come again each minute
MAX_RECENT = 30  # entries of a bucket


@dataclass(frozen=True)
class RecentCalls:
    """Calls that started at one time."""

    at: datetime
    number: int


@dataclass(frozen=True)
class TokenBucket:
    """The calls that may start now.

    It holds BURST of a minute's quota, so that polls do not wait for many submissions, and refills at REFILL of it a
    minute. Alone it would allow more than the quota in a minute, so it also counts the calls of the last minute: by one
    clock, no period of one minute has more than the quota, except that a text in parts may need more calls at once than
    are left.
    """

    calls: float = 0.0  # left at `at`; negative after a long text
    at: datetime | None = None  # of the last call
    recent: tuple[RecentCalls, ...] = ()  # those of the minute before `at`, the earliest first; at most MAX_RECENT
    version: str = field(default="", compare=False)

    def left(self, quota: int, now: datetime) -> float:
        """How many calls may start now with a `quota` of calls a minute. Negative after a long text."""
        return min(self._level(quota, now), quota - sum(calls.number for calls in self._recent(now)))

    def taken(self, costs: Sequence[int], quota: int, now: datetime) -> tuple[int, Self]:
        """How many of the requests may start now, in their order, and the bucket after them. `costs` are calls of each.

        A request may start if one call is left. If it costs more than that, the bucket becomes negative.
        """
        left, started = self.left(quota, now), 0
        for cost in costs:
            if cost and left < 1:
                break
            left, started = left - cost, started + 1
        if not (number := sum(costs[:started])):
            return started, self
        at = max(now, self.at or now)
        recent = _few((*self._recent(now), RecentCalls(at, number)))
        return started, replace(self, calls=self._level(quota, now) - number, at=at, recent=recent)

    def bounded(self, now: datetime) -> Self:
        """With its times corrected, if the clock that wrote them was ahead. The caller must store the result."""
        if not is_ahead(self.at, now):
            return self
        return replace(self, at=now, recent=tuple(replace(calls, at=min(calls.at, now)) for calls in self.recent))

    def _level(self, quota: int, now: datetime) -> float:
        capacity = max(1.0, BURST * quota)
        if self.at is None:
            return capacity
        minutes = max(0.0, (now - self.at) / MINUTE)
        return min(capacity, self.calls + minutes * REFILL * quota)

    def _recent(self, now: datetime) -> list[RecentCalls]:
        """Without times ahead that are not the bucket's: a row that was edited by hand must not stop all calls."""
        return [calls for calls in self.recent if now - calls.at < MINUTE and not is_ahead(calls.at, now)]


def _few(recent: tuple[RecentCalls, ...]) -> tuple[RecentCalls, ...]:
    """If it is one too many, two become one at the later time: those that this holds back least."""
    if len(recent) <= MAX_RECENT:
        return recent
    held_back = [sooner.number * (later.at - sooner.at) for sooner, later in pairwise(recent)]
    first = held_back.index(min(held_back))
    sooner, later = recent[first : first + 2]
    return (*recent[:first], RecentCalls(later.at, sooner.number + later.number), *recent[first + 2 :])
