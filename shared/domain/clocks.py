"""How far hosts' clocks may differ, and how long anything waits on purpose: bounds for stored moments. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.domain.keys import digest

CLOCK_SKEW = timedelta(minutes=1)  # clocks that differ by less are taken as right
# The longest wait that anybody can have meant, by what waits. The waits of all modules fit in here.
MAX_WAIT: Mapping[str, timedelta] = {
    "gate": timedelta(hours=1),
    "waiting document": timedelta(hours=2.5),
    "job": timedelta(hours=1.25),
    "operation": timedelta(minutes=20),
    "request": timedelta(hours=1),  # what a process may be asking for at this moment
}


def is_ahead(moment: datetime | None, now: datetime) -> bool:
    """Whether a moment that should have passed has not come yet: a clock, that one's or ours, is wrong."""
    return moment is not None and moment - now > CLOCK_SKEW


def meant(until: datetime, written: datetime | None, longest: timedelta, now: datetime) -> datetime:
    """The end of a wait until `until` that was written at `written` (None: not known), by the clock of `now`.

    If the clock that wrote it was ahead, the wait begins now. No wait is longer than `longest`. Whoever finds an end
    other than `until` must store it with `now`, or it moves on with each look.
    """
    if written is not None and is_ahead(written, now):
        return now + min(max(until - written, timedelta(0)), longest)
    return now + longest if until - now > longest + CLOCK_SKEW else until


def backoff(key: str, tries: int, first: timedelta, longest: timedelta) -> timedelta:
    """How long to wait before try number `tries` + 1: doubling from `first` up to `longest`, give or take a fifth.

    The spread comes from the key, so that things that began together do not stay together.
    """
    grown = min(first.total_seconds() * 2 ** min(tries, 20), longest.total_seconds())
    spread = int(digest(key, str(tries))[:4], 16) / 0xFFFF
    return timedelta(seconds=grown * (0.8 + 0.4 * spread))
