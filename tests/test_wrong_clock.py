"""One process whose clock was far ahead for a while: what it remembered must not stop the others until that time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prepared_apps import app_with_submitted_file
from scenario import SHIP, put
from stage import Stage

from shared.singles import Budget, Slot, Sweep

YEARS = timedelta(days=2000)


def after_a_wrong_clock(ahead: timedelta) -> Stage:
    """All that was dropped is done, and one more process swept, took the slot and spent the budget far ahead."""
    stage = Stage()
    app_with_submitted_file(stage)
    stage.drain()
    wrong = stage.instance().services.ledger
    then = stage.now + ahead
    wrong.change(Slot, lambda _: Slot(then, wrong.read(Slot).version))
    wrong.change(Budget, lambda before: Budget(0.0, then, before.version))
    wrong.change(Sweep, lambda before: before.begun(then).advanced("", 0, then))
    return stage


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), YEARS], ids=str)
def test_a_file_that_lands_goes_at_once(ahead: timedelta) -> None:
    stage = after_a_wrong_clock(ahead)
    if ahead < YEARS:  # the budget is what it is: time counts once, by the clock that is ahead
        stage.instance().services.ledger.change(Budget, lambda before: Budget(9.0, before.at, before.version))
    put("next.txt", SHIP)(stage)
    stage.instance().land("next.txt")
    assert len(stage.language.begun) == 2


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), timedelta(hours=5), YEARS], ids=str)
def test_a_file_that_no_event_told_of_is_found_by_the_next_sweep(ahead: timedelta) -> None:
    stage = after_a_wrong_clock(ahead)
    put("silent.txt", SHIP)(stage)
    for _ in range(20):
        stage.wait(60)
        stage.instance().tick()
    assert stage.documents.result("silent.txt")


@pytest.mark.parametrize("ahead", [timedelta(hours=5), YEARS], ids=str)
def test_the_budget_of_a_clock_far_ahead_is_a_new_one(ahead: timedelta) -> None:
    stage = after_a_wrong_clock(ahead)
    budget = stage.instance().services.ledger.read(Budget)
    begun, left = budget.taken([1] * 500, 1000, stage.now)
    assert (begun, left.at) == (180, stage.now)
    assert left.taken([1], 1000, stage.now)[0] == 0
