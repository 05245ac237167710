"""Bounds for stored times: how far the clocks of hosts may differ, and the longest intended waits. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.domain.keys import digest

CLOCK_SKEW = timedelta(minutes=1)  # smaller differences between clocks are ignored
# The longest intended wait, by what waits. No module sets a longer one.
MAX_WAIT: Mapping[str, timedelta] = {
    "gate": timedelta(hours=1),
    "waiting document": timedelta(hours=2.5),
    "job": timedelta(hours=1.25),
    "operation": timedelta(minutes=20),
    "request": timedelta(hours=1),  # a request that a process may be sending now
}
MAX_POLL_RETRY_AFTER = timedelta(minutes=15)  # limits the service's Retry-After between two polls


def is_ahead(moment: datetime | None, now: datetime) -> bool:
    """Whether a time that should be past is more than CLOCK_SKEW in the future: one of the two clocks is wrong."""
    return moment is not None and moment - now > CLOCK_SKEW


def meant(until: datetime, written: datetime | None, longest: timedelta, now: datetime) -> datetime:
    """The corrected end of a wait until `until`, which was stored at `written` (None: unknown).

    If the clock that wrote it was ahead, the wait starts at `now`. No wait is longer than `longest`. If the result
    differs from `until`, the caller must store it together with `now`; otherwise each call returns a later time.
    """
    if written is not None and is_ahead(written, now):
        return now + min(max(until - written, timedelta(0)), longest)
    return now + longest if until - now > longest + CLOCK_SKEW else until


def wait_for(retry_after: float | None, otherwise: timedelta, longest: timedelta = MAX_POLL_RETRY_AFTER) -> timedelta:
    """The service's Retry-After, in seconds, up to `longest`; `otherwise` if it sent none."""
    return otherwise if retry_after is None else min(timedelta(seconds=retry_after), longest)


def backoff(key: str, tries: int, first: timedelta, longest: timedelta) -> timedelta:
    """The wait before try number `tries` + 1: it doubles from `first` up to `longest`, plus or minus 20 %.

    The jitter is derived from the key, so that values that became due together do not stay in step.
    """
    grown = min(first.total_seconds() * 2 ** min(tries, 20), longest.total_seconds())
    spread = int(digest(key, str(tries))[:4], 16) / 0xFFFF
    return timedelta(seconds=grown * (0.8 + 0.4 * spread))
