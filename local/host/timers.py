"""Timer functions: each on its own schedule, never twice at once, and no error ever stops it."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from azure.functions import meta

from local.host.functions import Function, TimerTrigger

if TYPE_CHECKING:
    from local.host.invoking import Invoker

LONGEST_WAIT = 60.0  # seconds; the wall clock may be set while a timer waits


class Clock:
    """The wall clock, and the waiting that goes by it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def wait(self, seconds: float, stopping: asyncio.Event) -> None:
        """Until so much time has passed, or about a minute, or the host stops."""
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), min(seconds, LONGEST_WAIT))


WALL_CLOCK = Clock()


def tick(*, past_due: bool = False) -> meta.Datum:
    """What a timer hands to the worker; `ScheduleStatus` is null for a schedule without a monitor."""
    return meta.Datum(
        json.dumps({"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": past_due}), "json"
    )


async def run(
    function: Function,
    trigger: TimerTrigger,
    invoker: Invoker,
    stopping: asyncio.Event,
    clock: Clock = WALL_CLOCK,
) -> None:
    """Runs a timer function until `stopping` is set.

    The next run is reckoned from the one before. One that fell into a run that took long follows it at once, and
    however many did, they are one.
    """
    began = clock.now()
    if trigger.run_on_startup:
        await _fire(function, invoker, "Timer fired at start-up")
    due = trigger.schedule.next(began)
    while await _reached(due, stopping, clock):
        began = max(due, clock.now())
        await _fire(function, invoker, f"Timer fired at {began.isoformat()}")
        due = trigger.schedule.next(began)


async def _fire(function: Function, invoker: Invoker, reason: str) -> None:
    await invoker.invoke(function, tick(), {"TimerTrigger": tick()}, reason)


async def _reached(due: datetime, stopping: asyncio.Event, clock: Clock) -> bool:
    """Waits for a moment. False if the host stops first."""
    while not stopping.is_set() and (left := (due - clock.now()).total_seconds()) > 0:
        await clock.wait(left, stopping)
    return not stopping.is_set()
