"""The budget of analyze calls: never more than the quota in any minute, wherever it begins; and never a standstill."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.singletons import TokenBucket
from shared.domain.splitting import cut
from shared.domain.text import MAX_TEXT
from tests.support.values import NOW, seconds

QUOTAS = st.integers(1, 30) | st.sampled_from([60, 100, 1000])
MINUTE = timedelta(minutes=1)
MOST_PARTS = len(cut("x" * MAX_TEXT))
ONES = st.integers(0, 300).map(lambda number: [1] * number)
PAUSES = st.lists(st.floats(0, 90), min_size=1, max_size=60)

Calls = list[tuple[datetime, int]]


def spent(costs: list[list[int]], pauses: list[float], quota: int) -> Calls:
    """When how many calls began, when somebody asked for these, one after the other."""
    budget, now, calls = TokenBucket(), NOW, []
    for wanted, pause in zip(costs, pauses, strict=False):
        now += seconds(pause)
        started, left = budget.taken(wanted, quota, now)
        if total := sum(wanted[:started]):
            budget = left
            calls.append((now, total))
    return calls


def most_in_a_minute(calls: Calls) -> int:
    """A fullest minute begins with a call."""
    return max((sum(n for at, n in calls if begin <= at < begin + MINUTE) for begin, _ in calls), default=0)


@given(st.lists(ONES, min_size=60, max_size=60), PAUSES, QUOTAS)
def test_no_minute_has_more_calls_than_the_quota(costs: list[list[int]], pauses: list[float], quota: int) -> None:
    assert most_in_a_minute(spent(costs, pauses, quota)) <= quota


COSTS = st.lists(st.lists(st.integers(0, MOST_PARTS), max_size=30), min_size=60, max_size=60)


@given(COSTS, PAUSES, QUOTAS)
def test_a_text_in_parts_is_the_only_loan_and_it_is_paid_back(
    costs: list[list[int]], pauses: list[float], quota: int
) -> None:
    assert most_in_a_minute(spent(costs, pauses, quota)) < quota + MOST_PARTS


@given(QUOTAS, st.integers(1, MOST_PARTS), st.integers(1, 20))
def test_whatever_is_asked_for_gets_its_turn(quota: int, cost: int, times: int) -> None:
    """Asked for again and again, by one who never waits longer than it must."""
    budget, now = TokenBucket(), NOW
    for _ in range(times):
        waits = 0
        while not (taken := budget.taken([cost], quota, now))[0]:
            now, waits = now + seconds(1), waits + 1
            assert waits <= 1 + 60 * cost / (0.82 * quota)
        budget = taken[1]


@given(st.lists(st.integers(0, 40), max_size=20), QUOTAS, st.floats(0, 300))
def test_they_begin_in_their_order_and_none_for_nothing(costs: list[int], quota: int, pause: float) -> None:
    budget = TokenBucket(0.0, NOW)
    started, left = budget.taken(costs, quota, NOW + seconds(pause))
    had = budget.left(quota, NOW + seconds(pause))
    assert left.calls == pytest.approx(had - sum(costs[:started]))
    assert started == len(costs) or (had - sum(costs[:started]) < 1 and costs[started])


@given(QUOTAS, st.lists(st.floats(-300, 300), min_size=2, max_size=30))
def test_a_clock_that_is_behind_makes_no_calls(quota: int, offsets: list[float]) -> None:
    """Instances' clocks differ: time counts once, by the clock that is ahead."""
    budget, total = TokenBucket(0.0, NOW), 0
    for offset in offsets:
        started, left = budget.taken([1] * 5000, quota, NOW + seconds(offset))
        if started:
            budget, total = left, total + started
    ahead = max(0.0, *offsets) / 60
    assert total <= max(1.0, 0.18 * quota) + ahead * 0.82 * quota


def test_a_quota_is_used_up_steadily() -> None:
    """At a quota of 100 a minute, asked every ten seconds: a burst at first, and then as many as time allows."""
    calls = spent([[1] * 100] * 30, [10.0] * 30, 100)
    assert calls[0][1] == 18
    assert {number for _, number in calls[2:]} <= {13, 14}
    assert all(later - sooner == seconds(10) for (sooner, _), (later, _) in pairwise(calls))
