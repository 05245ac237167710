"""Timers on a clock of the test's own, and on a real host."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from host_apps import eventually, write_app

from local.host import cron, timers
from local.host.app import running
from local.host.functions import Function, TimerTrigger
from local.host.invoking import Outcome

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock(timers.Clock):
    """Stands still, except where somebody waits; it then comes a little late."""

    def __init__(self, late: float = 0.25) -> None:
        self._now, self._late = START, late

    def now(self) -> datetime:
        return self._now

    def pass_by(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    async def wait(self, seconds: float, _stopping: asyncio.Event) -> None:
        self.pass_by(seconds + self._late)


class Recorder:
    """Stands where the invoker does: notes when a function begins, lets its run take `seconds`, ends after `runs`."""

    def __init__(self, clock: Clock, stopping: asyncio.Event, seconds: list[float]) -> None:
        self.clock, self.stopping, self.seconds = clock, stopping, seconds
        self.begun: list[float] = []

    async def invoke(self, *_arguments: object) -> Outcome:
        self.begun.append((self.clock.now() - START).total_seconds())
        self.clock.pass_by(self.seconds.pop(0))
        if not self.seconds:
            self.stopping.set()
        return Outcome(error=ValueError("every run fails"))


def begun(expression: str, seconds: list[float], *, late: float = 0.25, run_on_startup: bool = False) -> list[float]:
    """When runs begin, in seconds from the start, if they take `seconds` each."""

    async def play() -> list[float]:
        clock, stopping = Clock(late), asyncio.Event()
        recorder = Recorder(clock, stopping, seconds)
        trigger = TimerTrigger(expression, cron.parse(expression), run_on_startup)
        await timers.run(Function("tick", print, "", trigger, "timer"), trigger, recorder, stopping, clock)
        return recorder.begun

    return asyncio.run(play())


def test_a_run_for_every_occurrence_though_each_fails():
    assert begun("*/10 * * * * *", [0.0, 0.0, 0.0]) == [10.25, 20.25, 30.25]


def test_occurrences_during_a_long_run_become_one_that_follows_at_once():
    assert begun("*/10 * * * * *", [35.0, 0.0, 0.0], late=0.0) == [10.0, 45.0, 50.0]


def test_run_on_startup():
    assert begun("*/10 * * * * *", [0.0, 0.0], run_on_startup=True) == [0.0, 10.25]


def test_a_run_on_startup_that_takes_long_is_followed_at_once():
    assert begun("*/10 * * * * *", [25.0, 0.0, 0.0], late=0.0, run_on_startup=True) == [0.0, 25.0, 30.0]


def test_a_span_is_reckoned_from_the_run_before():
    assert begun("00:00:30", [5.0, 0.0], late=0.5) == [30.5, 61.0]


def test_a_timer_stops_while_it_waits():
    async def play() -> None:
        stopping = asyncio.Event()
        trigger = TimerTrigger("0 0 0 1 1 *", cron.parse("0 0 0 1 1 *"), run_on_startup=False)
        recorder = Recorder(Clock(), stopping, [])
        waiting = asyncio.create_task(
            timers.run(Function("tick", print, "", trigger, "timer"), trigger, recorder, stopping)
        )
        await asyncio.sleep(0)
        stopping.set()
        async with asyncio.timeout(60):
            await waiting
        assert recorder.begun == []

    asyncio.run(play())


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


def test_timers_of_an_app(tmp_path):
    environ = {
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
        "EVERY": "* * * * * *",
        "AzureWebJobs_off_Disabled": "1",
    }
    with running(write_app(tmp_path, CODE), environ=environ) as host:
        eventually(lambda: host.output.count("ValueError: slow ended, past due False") >= 3)
        eventually(lambda: host.output.count(" brisk\n") >= 3)
        host.wait_for_line("returning has no $return binding but returned a value")
    assert "two at once" not in host.output
    assert "off ran" not in host.output
