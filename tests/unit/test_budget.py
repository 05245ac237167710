"""The budget of analyze calls: never more than the quota in any minute, wherever it begins; and never a standstill."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.rate_limiter import BURST, MAX_RECENT, MINUTE, REFILL, TokenBucket
from shared.domain.splitting import cut
from shared.domain.text import MAX_TEXT
from tests.support.values import NOW, seconds

QUOTAS = st.integers(1, 30) | st.sampled_from([60, 100, 1000])
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
            assert waits <= 1 + 60 * BURST + 60 * cost / (REFILL * quota)
        budget = taken[1]


@given(st.lists(st.integers(0, 40), max_size=20), QUOTAS, st.floats(0, 300))
def test_they_begin_in_their_order_and_none_for_nothing(costs: list[int], quota: int, pause: float) -> None:
    budget, now = TokenBucket(0.0, NOW), NOW + seconds(pause)
    started, after = budget.taken(costs, quota, now)
    had = budget.left(quota, now)
    assert after.left(quota, now) == pytest.approx(had - sum(costs[:started]))
    assert started == len(costs) or (had - sum(costs[:started]) < 1 and costs[started])


@given(QUOTAS, st.lists(st.floats(-300, 300), min_size=2, max_size=30))
def test_a_clock_that_is_behind_makes_no_calls(quota: int, offsets: list[float]) -> None:
    """Instances' clocks differ: time counts once, by the clock that is ahead."""
    budget, total = TokenBucket(0.0, NOW), 0
    for offset in offsets:
        started, budget = budget.taken([1] * 5000, quota, NOW + seconds(offset))
        total += started
    assert total <= max(1.0, BURST * quota) + max(0.0, *offsets) / 60 * REFILL * quota


@pytest.mark.parametrize(("pause", "quota"), [(10.0, 1000), (10.0, 60), (1.0, 600), (60.0, 1000)])
def test_a_backlog_uses_nearly_all_of_the_quota(pause: float, quota: int) -> None:
    """Or as much as the bucket holds, if it is asked once a minute."""
    times = int(600 / pause)
    calls = spent([[1] * quota] * times, [pause] * times, quota)
    assert calls[0][1] == int(BURST * quota)
    at_most = min(REFILL * quota, BURST * quota * 60 / pause)
    assert sum(number for _, number in calls) >= 0.98 * 10 * at_most


@given(st.lists(st.floats(-0.5, 0.5), min_size=61, max_size=61), st.sampled_from([20, 60, 100, 1000]))
def test_each_of_many_ticks_that_are_early_or_late_can_poll(errors: list[float], quota: int) -> None:
    """A tick that is early finds calls of the minute before still counted, but not all of the quota."""
    ticks = [10 * number + error for number, error in enumerate(errors, 1)]
    calls = spent([[1] * quota] * len(ticks), [later - sooner for sooner, later in pairwise([0.0, *ticks])], quota)
    assert len(calls) == len(ticks)
    assert sum(number for _, number in calls) >= 0.85 * 10 * quota


@given(st.lists(st.floats(0.01, 1), min_size=3 * MAX_RECENT, max_size=300), st.sampled_from([60, 100, 6000]))
def test_few_entries_count_very_many_calls(pauses: list[float], quota: int) -> None:
    """No minute has more calls than the quota, and what they hold back longer than a minute is little."""
    budget, now, calls = TokenBucket(), NOW, []
    for pause in pauses:
        now += seconds(pause)
        started, budget = budget.taken([1] * quota, quota, now)
        calls += [(now, started)] if started else []
        assert len(budget.recent) <= MAX_RECENT
    assert most_in_a_minute(calls) <= quota
    assert sum(number for _, number in calls) >= 0.88 * quota * sum(pauses) / 60 - 1
