"""The clock of timers and leases; tests pass their own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

MAX_WAIT = 60.0  # seconds; the wall clock may be changed meanwhile


class Clock:
    """The wall clock, and waiting by it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def wait(self, seconds: float, stopping: asyncio.Event) -> None:
        """Returns after `seconds`, after MAX_WAIT, or once the event is set."""
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), min(seconds, MAX_WAIT))

    async def sleep(self, seconds: float, stopping: asyncio.Event) -> bool:
        """Waits for `seconds`. False if the event is set first."""
        return await self.wait_until(self.now() + timedelta(seconds=seconds), stopping)

    async def wait_until(self, moment: datetime, stopping: asyncio.Event) -> bool:
        """Waits until `moment`. False if the event is set first."""
        while not stopping.is_set() and (left := (moment - self.now()).total_seconds()) > 0:
            await self.wait(left, stopping)
        return not stopping.is_set()


WALL_CLOCK = Clock()
