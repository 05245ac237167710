"""Timers on a clock of the test's own, and on a real host."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from local.host import clock
from local.host.functions.function import Function, TimerTrigger
from local.host.functions.invocation_context import RetryContext
from local.host.functions.invoker import Invoker, Outcome
from local.host.functions.retry_policy import FOREVER, Retry
from local.host.launch import running
from local.host.storage.clients import ensure
from local.host.timers.schedule_monitor import Monitor, ScheduleStart, Status, schedule_start
from local.host.timers.timer import Timer, tick
from local.host.triggers import ncrontab
from local.stack.azurite import Azurite
from tests.host.host_apps import eventually, host_storage, write_app

START = datetime(2026, 1, 1, tzinfo=UTC)
SPAN = ncrontab.parse("1")


class Clock(clock.Clock):
    """Stands still, except where somebody waits; it then comes a little late."""

    def __init__(self, late: float = 0.25, now: datetime = START) -> None:
        self._now, self._late = now, late

    def now(self) -> datetime:
        return self._now

    def pass_by(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    async def wait(self, seconds: float, _stopping: asyncio.Event) -> None:
        self.pass_by(seconds + self._late)


class Recorder(Invoker):
    """Stands where the invoker does: notes each run, lets it take `seconds`, fails it, and ends after the last."""

    def __init__(self, clock: Clock, stopping: asyncio.Event, seconds: list[float]) -> None:
        self.clock, self.stopping, self.seconds = clock, stopping, seconds
        self.started: list[float] = []
        self.ticks: list[dict[str, Any]] = []
        self.attempts: list[tuple[int, int, str]] = []
        self.routine: list[bool] = []

    async def invoke(  # type: ignore[override]  # only what timers give
        self, _function: object, value: Any, *_more: object, retry: RetryContext, routine: bool
    ) -> Outcome:
        self.routine.append(routine)
        self.started.append((self.clock.now() - START).total_seconds())
        self.ticks.append(json.loads(value.value))
        failure = retry.rpc_exception.message.partition("\nStack: ")[0]
        self.attempts.append((retry.retry_count, retry.max_retry_count, failure))
        self.clock.pass_by(self.seconds.pop(0))
        if not self.seconds:
            self.stopping.set()
        return Outcome(error=ValueError("every run fails"))


class Remembered(Monitor):
    """A schedule monitor without storage."""

    def __init__(self, status: Status | None = None) -> None:
        self.status = status

    async def begin(self, schedule: ncrontab.Schedule, now: datetime) -> ScheduleStart:
        started = schedule_start(schedule, self.status, now)
        self.status = started.to_write or self.status
        return started

    async def write(self, status: Status) -> None:
        self.status = status


def play(
    expression: str,
    seconds: list[float],
    *,
    late: float = 0.25,
    run_on_startup: bool = False,
    monitor: Remembered | None = None,
    retry: Retry | None = None,
    now: datetime = START,
) -> Recorder:
    """A timer whose runs take `seconds` each."""

    async def run() -> Recorder:
        clock, stopping = Clock(late, now), asyncio.Event()
        recorder = Recorder(clock, stopping, seconds)
        trigger = TimerTrigger(expression, ncrontab.parse(expression), run_on_startup)
        function = Function("tick", print, "", trigger, "timer", retry=retry)
        await Timer(function, trigger, recorder, monitor, clock).run(stopping)
        return recorder

    return asyncio.run(run())


def started(expression: str, seconds: list[float], **more: Any) -> list[float]:
    """When runs begin, in seconds from the start."""
    return play(expression, seconds, **more).started


def test_a_run_for_every_occurrence_though_each_fails() -> None:
    assert started("*/10 * * * * *", [0.0, 0.0, 0.0]) == [10.25, 20.25, 30.25]


@pytest.mark.fact("timer-overrun")
def test_occurrences_during_a_long_run_become_one_that_follows_at_once() -> None:
    played = play("*/10 * * * * *", [35.0, 0.0, 0.0], late=0.0)
    assert played.started == [10.0, 45.0, 50.0]
    assert not any(one["IsPastDue"] for one in played.ticks)


@pytest.mark.fact("startup")
def test_run_on_startup() -> None:
    assert started("*/10 * * * * *", [0.0, 0.0], run_on_startup=True) == [0.0, 10.25]


def test_runs_on_schedule_are_routine_and_those_as_the_host_starts_are_not() -> None:
    assert play("*/10 * * * * *", [0.0, 0.0, 0.0], run_on_startup=True).routine == [False, True, True]


@pytest.mark.parametrize(("slow", "routine", "lines"), [(60.0, True, 0), (0.0, True, 1), (60.0, False, 1)])
def test_a_routine_run_is_logged_if_it_is_slow(
    caplog: pytest.LogCaptureFixture, slow: float, routine: bool, lines: int
) -> None:
    function = Function("tick", lambda **_arguments: None, "", TimerTrigger("", SPAN), "timer", raw=True)
    run = Invoker(slow=slow).invoke(function, tick(SPAN), {}, "Timer fired", routine=routine)
    with caplog.at_level(logging.INFO, "host"):
        assert asyncio.run(run).error is None
    assert [record.getMessage().endswith(" ms (Timer fired)") for record in caplog.records] == [True] * lines


@pytest.mark.fact("timer-told")
@pytest.mark.parametrize(("schedule", "adjusts"), [("0 0 3 * * *", True), ("03:00:00", False)])
def test_only_a_cron_schedule_follows_the_clock(schedule: str, adjusts: bool) -> None:
    assert json.loads(tick(ncrontab.parse(schedule)).value)["Schedule"] == {"AdjustForDST": adjusts}


def test_a_run_on_startup_that_takes_long_is_followed_at_once() -> None:
    assert started("*/10 * * * * *", [25.0, 0.0, 0.0], late=0.0, run_on_startup=True) == [0.0, 25.0, 30.0]


def test_a_span_is_reckoned_from_the_run_before() -> None:
    assert started("00:00:30", [5.0, 0.0], late=0.5) == [30.5, 61.0]


def test_a_timer_stops_while_it_waits() -> None:
    async def run() -> None:
        stopping = asyncio.Event()
        trigger = TimerTrigger("0 0 0 1 1 *", ncrontab.parse("0 0 0 1 1 *"))
        recorder = Recorder(Clock(), stopping, [])
        function = Function("tick", print, "", trigger, "timer")
        waiting = asyncio.create_task(Timer(function, trigger, recorder).run(stopping))
        await asyncio.sleep(0)
        stopping.set()
        async with asyncio.timeout(60):
            await waiting
        assert recorder.started == []

    asyncio.run(run())


HOURLY = "0 0 * * * *"


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


@pytest.mark.fact("timer-told", "timer-status")
def test_what_a_monitored_function_is_told_and_what_is_kept_though_it_fails() -> None:
    monitor = Remembered()
    played = play(HOURLY, [7.0, 7.0], monitor=monitor)
    assert played.started == [3600.25, 7200.25]
    assert [one["IsPastDue"] for one in played.ticks] == [False, False]
    assert [one["ScheduleStatus"] for one in played.ticks] == [
        {
            "Last": "0001-01-01T00:00:00+00:00",
            "Next": "2026-01-01T01:00:00+00:00",
            "LastUpdated": "0001-01-01T00:00:00+00:00",
        },
        {
            "Last": "2026-01-01T01:00:00.25+00:00",
            "Next": "2026-01-01T02:00:00+00:00",
            "LastUpdated": "2026-01-01T01:00:00.25+00:00",
        },
    ]
    ran = hours(2) + timedelta(seconds=0.25)
    assert monitor.status == Status(ran, hours(3), ran)


@pytest.mark.fact("timer-told")
def test_a_timer_without_a_monitor_is_told_nothing_of_its_schedule() -> None:
    assert [one["ScheduleStatus"] for one in play(HOURLY, [0.0]).ticks] == [None]


@pytest.mark.fact("timer-past-due")
def test_a_run_missed_while_the_host_was_down_is_made_up_for_once() -> None:
    monitor = Remembered(Status(hours(1), hours(2), hours(1)))
    played = play(HOURLY, [0.0, 0.0], monitor=monitor, run_on_startup=True, now=hours(5.5))
    assert played.started == [5.5 * 3600, 6 * 3600 + 0.25]
    assert [one["IsPastDue"] for one in played.ticks] == [True, False]
    assert played.ticks[0]["ScheduleStatus"]["Next"] == "2026-01-01T02:00:00+00:00"


@pytest.mark.fact("timer-past-due")
def test_a_timer_that_is_in_time_runs_on_startup_and_is_not_past_due() -> None:
    monitor = Remembered(Status(hours(1), hours(2), hours(1)))
    played = play(HOURLY, [0.0, 0.0], monitor=monitor, run_on_startup=True, now=hours(1.5))
    assert played.started == [1.5 * 3600, 2 * 3600 + 0.25]
    assert [one["IsPastDue"] for one in played.ticks] == [False, False]


def test_a_changed_schedule_makes_nothing_past_due() -> None:
    monitor = Remembered(Status(hours(1), hours(2), hours(1)))
    played = play("0 30 * * * *", [0.0], monitor=monitor, now=hours(5))
    assert played.started == [5.5 * 3600 + 0.25]
    assert [one["IsPastDue"] for one in played.ticks] == [False]


def test_a_failed_run_is_tried_again_and_the_schedule_goes_on() -> None:
    played = play(HOURLY, [0.0] * 4, late=0.0, retry=Retry(2, 10.0))
    assert played.started == [3600, 3610, 3620, 7200]
    assert played.attempts == [
        (0, 2, ""),
        (1, 2, "Result: Failure\nException: ValueError: every run fails"),
        (2, 2, "Result: Failure\nException: ValueError: every run fails"),
        (0, 2, ""),
    ]


def test_a_retry_without_end_ends_with_the_host() -> None:
    assert started(HOURLY, [0.0] * 5, late=0.0, retry=Retry(FOREVER, 900.0)) == [3600, 4500, 5400, 6300, 7200]


CODE = """
import threading
busy = threading.Lock()

@app.timer_trigger(arg_name="timer", schedule="%EVERY%", run_on_startup=True)
def slow(timer: func.TimerRequest) -> None:
    assert busy.acquire(blocking=False), "two at once"
    try:
        threading.Event().wait(1.5)
        raise ValueError(f"slow ended, past due {timer.past_due}")
    finally:
        busy.release()

@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
async def brisk(timer: func.TimerRequest) -> None:
    logging.info("brisk")

@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def off(timer: func.TimerRequest) -> None:
    logging.info("off ran")

@app.timer_trigger(arg_name="timer", schedule="* * * * * *")
def returning(timer: func.TimerRequest) -> str:
    return "something"
"""


def test_timers_of_an_app(tmp_path: Path, azurite: Azurite, container: str) -> None:
    environ = {**host_storage(azurite, container), "EVERY": "* * * * * *", "AzureWebJobs_off_Disabled": "1"}
    with running(write_app(tmp_path, CODE), environ=environ) as host:
        eventually(lambda: host.output.count("ValueError: slow ended, past due False") >= 3)
        eventually(lambda: host.output.count(" brisk\n") >= 3)
        host.wait_for_line("returning has no $return binding but returned a value")
    assert "two at once" not in host.output
    assert "off ran" not in host.output
    assert re.search(r"\[returning \S+\] ERROR Failed after \d+ ms \(Timer fired at .*\)\n", host.output)
    assert not re.search(r"\[brisk \S+\] (Executing|Succeeded)", host.output)


YEARLY = """
@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
@app.retry(strategy="fixed_delay", max_retry_count="1", delay_interval="00:00:00")
def yearly(timer: func.TimerRequest, context: func.Context) -> None:
    retry = context.retry_context
    logging.info("YEARLY %s", [timer.past_due, timer.schedule_status["Next"], retry.retry_count, retry.max_retry_count])
    raise ValueError("it fails")
"""


def test_what_was_missed_is_known_from_the_status_that_a_host_left(
    tmp_path: Path, azurite: Azurite, container: str
) -> None:
    year = datetime.now(UTC).year
    left = {
        "Last": f"{year - 1}-01-01T00:00:00.0012345+00:00",
        "Next": f"{year}-01-01T00:00:00+00:00",
        "LastUpdated": f"{year - 1}-01-01T00:00:00.0012345+00:00",
    }
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        ensure(service.get_container_client("azure-webjobs-hosts").create_container)
        kept = service.get_blob_client("azure-webjobs-hosts", f"timers/{container}/Host.Functions.yearly/status")
        kept.upload_blob(json.dumps(left))
        with running(write_app(tmp_path, YEARLY), environ=host_storage(azurite, container)) as host:
            host.wait_for_line(f"YEARLY [True, '{year}-01-01T00:00:00+00:00', 0, 1]")
            host.wait_for_line(f"YEARLY [True, '{year}-01-01T00:00:00+00:00', 1, 1]")
            written = eventually(lambda: (now := json.loads(kept.download_blob().readall())) != left and now)
        with running(tmp_path, environ=host_storage(azurite, container)) as again:
            again.wait_for_line("Host ready")
    assert written["Next"] == f"{year + 1}-01-01T00:00:00+00:00"
    assert written["Last"] == written["LastUpdated"] > f"{year}-01-01"
    assert "YEARLY" not in again.output
