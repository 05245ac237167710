"""Runs a timer function on its schedule: one run at a time; errors never stop it."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING

from azure.functions import meta

from local.host.clock import WALL_CLOCK, Clock
from local.host.functions.function import Function, TimerTrigger
from local.host.functions.invocation_context import RetryContext, RpcException, rpc_exception
from local.host.functions.invoker import Outcome
from local.host.timers.schedule_monitor import Monitor, ScheduleStart, Status, after_run, unmonitored
from local.host.triggers.ncrontab import Cron, Schedule

if TYPE_CHECKING:
    from local.host.functions.invoker import Invoker

log = logging.getLogger("host")


def tick(schedule: Schedule, status: Status | None = None, *, past_due: bool = False) -> meta.Datum:
    """The value of a timer trigger. `ScheduleStatus` is null without a monitor."""
    known = status.to_dict() if status else None
    follows_clock = isinstance(schedule, Cron)  # a span has the same length on every day
    content = {"Schedule": {"AdjustForDST": follows_clock}, "ScheduleStatus": known, "IsPastDue": past_due}
    return meta.Datum(json.dumps(content), "json")


class Timer:
    """One timer function. Without a `monitor`, runs missed while the host was down are not made up for."""

    def __init__(
        self,
        function: Function,
        trigger: TimerTrigger,
        invoker: Invoker,
        monitor: Monitor | None = None,
        clock: Clock = WALL_CLOCK,
    ) -> None:
        self._function, self._trigger, self._schedule = function, trigger, trigger.schedule
        self._invoker, self._monitor, self._clock = invoker, monitor, clock

    async def run(self, stopping: asyncio.Event) -> None:
        """Runs the function until `stopping` is set.

        The next run is computed from the previous one. Occurrences during a long run become one run right after it.
        """
        start = await self._begin()
        status = await self._first(start, stopping)
        while await self._clock.wait_until(status.next, stopping):
            moment = max(status.next, self._clock.now())
            reason = f"Timer fired at {moment.isoformat()}"
            await self._fire(tick(self._schedule, self._shown(status)), reason, stopping, routine=True)
            status = await self._ended(moment)

    async def _begin(self) -> ScheduleStart:
        now = self._clock.now()
        return await self._monitor.begin(self._schedule, now) if self._monitor else unmonitored(self._schedule, now)

    async def _first(self, start: ScheduleStart, stopping: asyncio.Event) -> Status:
        """Runs the function if a run is past due or wanted at startup; returns the status after that."""
        due = start.past_due and f"Timer past due since {start.status.next.isoformat()}"
        reason = due or (self._trigger.run_on_startup and "Timer fired at start-up")
        if not reason or stopping.is_set():
            return start.status
        moment = self._clock.now()
        value = tick(self._schedule, self._shown(start.status), past_due=start.past_due)
        await self._fire(value, reason, stopping)
        return await self._ended(moment)

    def _shown(self, status: Status) -> Status | None:
        return status if self._monitor else None

    async def _ended(self, moment: datetime) -> Status:
        status = after_run(self._schedule, moment)
        if self._monitor:
            await self._monitor.write(status)
        return status

    async def _fire(self, value: meta.Datum, reason: str, stopping: asyncio.Event, *, routine: bool = False) -> None:
        """Runs the function, with retries by its policy. `routine`: see the invoker."""
        retry, error = self._function.retry, None
        for attempt in count():
            failure = rpc_exception(error) if error else RpcException()
            context = RetryContext(attempt, retry.max_retries if retry else 0, failure)
            outcome = await self._invoke(value, reason, context, routine=routine)
            error = outcome.error
            if not (error and retry and retry.allows(attempt + 1)):
                return
            delay = retry.delay(attempt + 1, random.uniform)
            log.info("%s: attempt %d failed; the next in %g s", self._function.name, attempt + 1, delay)
            if not await self._clock.sleep(delay, stopping):
                return

    async def _invoke(self, value: meta.Datum, reason: str, retry: RetryContext, *, routine: bool) -> Outcome:
        metadata = {"TimerTrigger": value}
        return await self._invoker.invoke(self._function, value, metadata, reason, retry=retry, routine=routine)
