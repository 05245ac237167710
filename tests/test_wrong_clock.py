"""One process whose clock was far ahead for a while: what it remembered must not stop the others until that time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from prepared_apps import app_with_submitted_file
from scenario import SHIP, put
from stage import Stage
from values import NOW, seconds

from shared.domain.singletons import Budget, Gate, Slot, Sweep
from shared.errors import Throttled
from shared.pipeline import gate

YEARS = timedelta(days=2000)
AHEAD = [timedelta(minutes=10), timedelta(days=1), YEARS]


def after_a_wrong_clock(ahead: timedelta) -> Stage:
    """All that was dropped is done, and one more process swept, took the slot and half the budget far ahead."""
    stage = Stage()
    app_with_submitted_file(stage)
    stage.drain()
    wrong = stage.instance().services.ledger
    then = stage.now + ahead
    wrong.change(Slot, lambda _: Slot(then, wrong.read(Slot).version))
    wrong.change(Budget, lambda before: Budget(9.0, then, before.version))
    wrong.change(Sweep, lambda before: before.begun(then).advanced("", 0, then))
    return stage


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), YEARS], ids=str)
def test_a_file_that_lands_goes_at_once(ahead: timedelta) -> None:
    stage = after_a_wrong_clock(ahead)
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


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_a_budget_spent_by_a_clock_that_was_ahead_fills_from_now_on(ahead: timedelta) -> None:
    stage = Stage()
    services = stage.instance().services
    services.ledger.write(Budget(0.0, stage.now + ahead))
    assert gate.left(services, stage.now) == 0
    stage.wait(6)
    assert gate.left(services, stage.now) == 82  # of 1000 a minute
    assert gate.reserve(services, [1] * 500, stage.now) == 82


def test_clocks_that_take_turns_do_not_fill_the_budget_anew_each_time() -> None:
    assert Budget(0.0, NOW + AHEAD[0]).bounded(NOW) == Budget(0.0, NOW)
    assert Budget(0.0, NOW + seconds(30)).bounded(NOW) == Budget(0.0, NOW + seconds(30))


# --- the gate ---------------------------------------------------------------------------------------------------


def closed_ahead(stage: Stage, ahead: timedelta, wait: float = 5) -> None:
    """A host whose clock is ahead gets a 429, and dies."""
    gate.close(stage.instance(ahead=ahead).services, Throttled("429", wait), stage.now + ahead)


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
@pytest.mark.parametrize("wait", [5, 600, 3600])
def test_a_gate_that_a_clock_ahead_closed_is_open_once_the_wait_that_was_meant_is_over(
    ahead: timedelta, wait: float
) -> None:
    stage = Stage()
    closed_ahead(stage, ahead, wait)
    others = [stage.instance().services for _ in range(2)]
    for _ in range(5):  # looks do not move its end on
        assert all(gate.is_closed(one, stage.now) for one in others)
        stage.wait(wait / 5)
    assert not any(gate.is_closed(one, stage.now) for one in others)
    assert not gate.is_closed(stage.instance().services, stage.now)


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_a_clock_that_is_set_right_opens_the_gate_that_its_process_saw_closed(ahead: timedelta) -> None:
    stage = Stage()
    host = stage.instance().services
    gate.close(host, Throttled("429", 5), stage.now + ahead)
    assert host.seen.is_closed(stage.now)
    assert gate.is_closed(host, stage.now)
    stage.wait(5)
    assert not host.seen.is_closed(stage.now)
    assert not gate.is_closed(host, stage.now)


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_trouble_while_a_clock_ahead_keeps_it_closed_closes_it_for_as_long_as_it_asks(ahead: timedelta) -> None:
    stage = Stage()
    closed_ahead(stage, ahead)
    host = stage.instance().services
    gate.close(host, Throttled("429", 60), stage.now)
    found = host.ledger.read(Gate)
    assert (found.until, found.since) == (stage.now + seconds(60), stage.now)


def test_a_gate_without_the_moment_of_its_closing_is_closed_for_an_hour_at_most() -> None:
    """As an older version of the app wrote it."""
    stage = Stage()
    host = stage.instance().services
    host.ledger.write(Gate(until=stage.now + YEARS, reason="429", since=stage.now, failures=1))
    assert gate.is_closed(host, stage.now)
    stage.wait(3600)
    assert not gate.is_closed(host, stage.now)


def test_clocks_that_differ_by_half_a_minute_are_right() -> None:
    stage = Stage()
    closed_ahead(stage, seconds(30))
    before = stage.instance().services.ledger.read(Gate)
    gate.is_closed(stage.instance().services, stage.now)
    assert stage.instance().services.ledger.read(Gate) == before


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_health_is_red_in_time_whatever_clock_closed_the_gate(ahead: timedelta) -> None:
    stage = Stage()
    app = app_with_submitted_file(stage)
    stage.drain()
    closed_ahead(stage, ahead)
    put("next.txt", SHIP)(stage)
    stage.language.troubles = [Throttled("429", 30)] * 100
    for _ in range(33):
        stage.wait(10)
        app.tick()
    assert app.ask("GET", "health").status == 503
