"""One process whose clock was far ahead for a while: what it remembered must not stop the others until that time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.clocks import MAX_POLL_RETRY_AFTER, MAX_WAIT
from shared.domain.documents import Document, DocumentState
from shared.domain.jobs import JOB_LIFETIME
from shared.domain.rate_limiter import MINUTE, RecentCalls, TokenBucket
from shared.domain.routing import ActiveClassifier
from shared.domain.singletons import Gate, Heartbeat, SubmitLease, Sweep
from shared.errors import Throttled
from shared.operations import runner
from shared.pipeline import collection, gate, settling, submission
from tests.support.full_day_script import SHIP, publish, put
from tests.support.in_memory_app import Killed, Stage
from tests.support.prepared_apps import app_with_classifier, app_with_submitted_file
from tests.support.values import NOW, document, job, operation, seconds

YEARS = timedelta(days=2000)
AHEAD = [timedelta(minutes=10), timedelta(days=1), YEARS]


def after_a_wrong_clock(ahead: timedelta) -> Stage:
    """All that was dropped is done, and one more process swept, took the slot and half the budget far ahead."""
    stage = Stage()
    app_with_submitted_file(stage)
    stage.drain()
    wrong = stage.instance().services.ledger
    then = stage.now + ahead
    wrong.change(SubmitLease, lambda _: SubmitLease(then, wrong.read(SubmitLease).version))
    wrong.change(TokenBucket, lambda before: replace(before, calls=9.0, at=then))
    wrong.change(Sweep, lambda before: before.started(then).advanced("", 0, then))
    return stage


@pytest.mark.parametrize("ahead", [timedelta(minutes=5), YEARS], ids=str)
def test_a_file_that_lands_goes_at_once(ahead: timedelta) -> None:
    stage = after_a_wrong_clock(ahead)
    put("next.txt", SHIP)(stage)
    stage.instance().land("next.txt")
    assert len(stage.language.started) == 2


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
    services.ledger.write(TokenBucket(0.0, stage.now + ahead))
    assert gate.left(services, stage.now) == 0
    stage.wait(6)
    assert gate.left(services, stage.now) == 95  # of 1000 a minute
    assert gate.reserve(services, [1] * 500, stage.now) == 95


@pytest.mark.parametrize("at", [None, NOW], ids=str)
def test_an_edited_row_whose_calls_are_of_the_future_stops_none(at: datetime | None) -> None:
    edited = TokenBucket(10.0, at, (RecentCalls(NOW + YEARS, 1000),)).bounded(NOW)
    assert edited.taken([1], 1000, NOW + seconds(1))[0] == 1


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_calls_that_a_clock_ahead_counted_are_forgotten_a_minute_from_now(ahead: timedelta) -> None:
    spent = TokenBucket().taken([1] * 10, 1, NOW + ahead)[1].bounded(NOW)
    assert spent.recent == (RecentCalls(NOW, 1),)
    assert spent.left(1, NOW + MINUTE - seconds(1)) == 0
    assert spent.left(1, NOW + 1.1 * MINUTE) == 1


def test_clocks_that_take_turns_do_not_fill_the_budget_anew_each_time() -> None:
    assert TokenBucket(0.0, NOW + AHEAD[0]).bounded(NOW) == TokenBucket(0.0, NOW)
    assert TokenBucket(0.0, NOW + seconds(30)).bounded(NOW) == TokenBucket(0.0, NOW + seconds(30))


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


# --- due times --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_files_that_a_clock_ahead_claimed_wait_no_longer_than_was_meant(ahead: timedelta) -> None:
    """49 files land at a host whose clock is ahead; it gets a 429 that asks for five seconds, and dies."""
    stage = Stage()
    app_with_classifier(stage)
    wrong = stage.instance(ahead=ahead)
    stage.language.troubles = [Throttled("429", 5)]
    for number in range(49):
        put(f"{number}.txt", SHIP)(stage)
        wrong.land(f"{number}.txt")
    assert not stage.language.started
    assert is_red(stage, "clocks")
    right = stage.instance()
    for _ in range(4):
        stage.wait(10)
        right.tick()
    assert {one.state for one in stage.known()} == {DocumentState.SUCCEEDED}
    assert sum(stage.language.times_sent.values()) == 49


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
@pytest.mark.parametrize("looks", [0, 1])
def test_a_job_that_a_clock_ahead_sent_is_collected_as_soon_as_others(ahead: timedelta, looks: int) -> None:
    stage = Stage()
    app_with_classifier(stage)
    stage.language.looks = 3
    wrong = stage.instance(ahead=ahead)
    put("next.txt", SHIP)(stage)
    wrong.land("next.txt")
    for _ in range(looks):
        stage.wait(10)
        wrong.tick()
    for _ in range(12):
        stage.wait(10)
        stage.instance().tick()
    [document] = stage.known()
    assert document.state is DocumentState.SUCCEEDED
    assert len(stage.language.names) == 1


@pytest.mark.parametrize("ahead", AHEAD[1:], ids=str)
def test_a_job_whose_process_died_a_day_ahead_gives_its_document_back(ahead: timedelta) -> None:
    stage = Stage()
    app_with_classifier(stage)
    put("next.txt", SHIP)(stage)
    wrong = stage.instance(ahead=ahead)
    stage.language.begin_analyze = killed  # type: ignore[method-assign]  # for one call
    with pytest.raises(Killed):
        wrong.land("next.txt")
    del stage.language.begin_analyze
    right = stage.instance()
    for _ in range(30):
        stage.wait(30)
        right.tick()
    [document] = stage.known()
    assert (document.state, document.attempts) == (DocumentState.SUCCEEDED, 1)


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_an_operation_that_a_clock_ahead_followed_goes_on(ahead: timedelta) -> None:
    stage = Stage()
    wrong = stage.instance(ahead=ahead)
    publish(wrong)
    wrong.tick()
    right = stage.instance()
    for _ in range(4):
        stage.wait(10)
        right.tick()
    assert right.services.ledger.read(ActiveClassifier).classifier


@given(st.floats(-3600, 3600))
def test_what_a_process_may_be_sending_is_left_alone_by_a_clock_that_is_behind(offset: float) -> None:
    """Its version must not change between the request and its answer."""
    started = replace(job(), due=NOW + seconds(120), written=NOW)
    assert started.bounded(NOW + seconds(offset * 0.95)) == started
    asked = replace(operation(), due=NOW + seconds(120), written=NOW)
    assert asked.bounded(NOW + seconds(offset * 0.95)) == asked
    handed = document().submitted("job1", NOW + JOB_LIFETIME, NOW)
    assert handed.bounded(NOW + seconds(offset)) == handed


@given(st.floats(-60, 10**7), st.sampled_from([60.0, 7000.0]))
def test_what_clocks_that_are_right_wrote_stays_as_it_is(later: float, wait: float) -> None:
    waiting = document().requeued("throttled", NOW + seconds(wait), NOW)
    assert waiting.bounded(NOW + seconds(later)) == waiting


def test_bounded_once_it_stays_where_it_is() -> None:
    far = document(now=NOW + YEARS).requeued("throttled", NOW + YEARS + seconds(30), NOW + YEARS)
    once = far.bounded(NOW)
    assert (once.due, once.written, once.claimed) == (NOW + seconds(30), NOW, NOW)
    assert once.bounded(NOW + seconds(10)) == once


def test_rows_without_the_moment_of_writing_are_brought_back_by_the_sweep_of_every_file() -> None:
    """As an older version of the app wrote them."""
    stage = Stage()
    app_with_classifier(stage)
    put("old.txt", SHIP)(stage)
    stage.instance().services.ledger.commit((None, document_of(stage, "old.txt", due=stage.now + YEARS)))
    stage.wait(60)
    right = stage.instance()
    assert right.ask("POST", "sweep").status == 202
    right.tick()
    [old] = stage.known()
    assert old.due == stage.now + MAX_WAIT["waiting document"]


def test_the_longest_waits_hold_every_wait_of_the_app() -> None:
    spread = 1.2  # of backoff
    assert MAX_WAIT["gate"] >= max(gate.MAX_CLOSED, spread * gate.MAX_BACKOFF)
    assert MAX_WAIT["waiting document"] >= spread * max(submission.UNSURE_MAX, settling.RETRY_MAX)
    jobs = (submission.GRACE, spread * collection.POLL_MAX, spread * settling.RETRY_MAX)
    assert MAX_WAIT["job"] >= max(*jobs, MAX_POLL_RETRY_AFTER)
    behind_the_gate = MAX_WAIT["gate"] + spread * settling.RETRY_MAX
    assert min(MAX_WAIT["job"], MAX_WAIT["waiting document"]) >= behind_the_gate
    looks = (runner.GRACE, spread * runner.MAX_POLL_WAIT, spread * runner.SETBACK_MAX)
    assert MAX_WAIT["operation"] >= max(*looks, MAX_POLL_RETRY_AFTER)


# --- health -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("single", [Heartbeat, SubmitLease, TokenBucket, Gate, Sweep], ids=lambda kind: kind.__name__)
def test_health_names_a_moment_that_lies_ahead(single: Any) -> None:
    stage = Stage()
    ledger = stage.instance().services.ledger
    then = stage.now + AHEAD[0]
    written: dict[type, Any] = {
        Heartbeat: Heartbeat(then),
        SubmitLease: SubmitLease(then),
        TokenBucket: TokenBucket(1.0, then),
        Gate: Gate().closed("429", seconds(5), then),
        Sweep: Sweep().started(then),
    }
    assert not is_red(stage, "clocks")
    ledger.write(written[single])
    assert is_red(stage, "clocks")
    stage.now = then
    assert not is_red(stage, "clocks")


def is_red(stage: Stage, name: str) -> bool:
    """Whether this check of health is, and says that a clock is wrong."""
    [check] = [one for one in stage.instance().ask("GET", "health").body["checks"] if one["name"] == name]
    assert check["ok"] or "wrong" in check["detail"]
    return not check["ok"]


def document_of(stage: Stage, name: str, due: datetime) -> Document:
    blob = stage.documents.get_properties(name)
    assert blob
    return replace(Document.landed("documents", blob, stage.now), due=due, written=None)


def killed(*_: Any, **__: Any) -> str:
    raise Killed
