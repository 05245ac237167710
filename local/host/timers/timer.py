"""Timer functions: each on its own schedule, never twice at once, and no error ever stops it."""

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
from local.host.timers.schedule_monitor import Beginning, Monitor, Status, after_run, unmonitored

if TYPE_CHECKING:
    from local.host.functions.invoker import Invoker

log = logging.getLogger("host")


def tick(status: Status | None = None, *, past_due: bool = False) -> meta.Datum:
    """What a timer hands to the worker; `ScheduleStatus` is null for a schedule without a monitor."""
    known = status.to_dict() if status else None
    content = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": known, "IsPastDue": past_due}
    return meta.Datum(json.dumps(content), "json")


class Timer:
    """One timer function. Without a `monitor`, a run missed while the host was down is lost."""

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

        The next run is reckoned from the one before. One that fell into a run that took long follows it at once, and
        however many did, they are one.
        """
        begun = await self._begin()
        status = await self._first(begun, stopping)
        while await self._clock.reach(status.next, stopping):
            moment = max(status.next, self._clock.now())
            reason = f"Timer fired at {moment.isoformat()}"
            await self._fire(tick(self._shown(status)), reason, stopping, routine=True)
            status = await self._ended(moment)

    async def _begin(self) -> Beginning:
        now = self._clock.now()
        return await self._monitor.begin(self._schedule, now) if self._monitor else unmonitored(self._schedule, now)

    async def _first(self, begun: Beginning, stopping: asyncio.Event) -> Status:
        """The run as the host starts, if there is one, and how the schedule stands after it."""
        due = begun.past_due and f"Timer past due since {begun.status.next.isoformat()}"
        reason = due or (self._trigger.run_on_startup and "Timer fired at start-up")
        if not reason or stopping.is_set():
            return begun.status
        moment = self._clock.now()
        await self._fire(tick(self._shown(begun.status), past_due=begun.past_due), reason, stopping)
        return await self._ended(moment)

    def _shown(self, status: Status) -> Status | None:
        return status if self._monitor else None

    async def _ended(self, moment: datetime) -> Status:
        status = after_run(self._schedule, moment)
        if self._monitor:
            await self._monitor.write(status)
        return status

    async def _fire(self, value: meta.Datum, reason: str, stopping: asyncio.Event, *, routine: bool = False) -> None:
        """Runs the function, and again after its failures as its retry policy has it. `routine`: see the invoker."""
        retry, error = self._function.retry, None
        for attempt in count():
            failure = rpc_exception(error) if error else RpcException()
            context = RetryContext(attempt, retry.most if retry else 0, failure)
            outcome = await self._invoke(value, reason, context, routine=routine)
            error = outcome.error
            if not (error and retry and retry.allows(attempt + 1)):
                return
            delay = retry.delay(attempt + 1, random.uniform)
            log.info("%s: attempt %d failed; the next in %g s", self._function.name, attempt + 1, delay)
            if not await self._clock.rest(delay, stopping):
                return

    async def _invoke(self, value: meta.Datum, reason: str, retry: RetryContext, *, routine: bool) -> Outcome:
        metadata = {"TimerTrigger": value}
        return await self._invoker.invoke(self._function, value, metadata, reason, retry=retry, routine=routine)
