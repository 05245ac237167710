"""The time as timers and leases see it. A parameter, so that a test brings its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

LONGEST_WAIT = 60.0  # seconds; the wall clock may be set while somebody waits


class Clock:
    """The wall clock, and the waiting that goes by it."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def wait(self, seconds: float, stopping: asyncio.Event) -> None:
        """Until so much time has passed, or about a minute, or the event comes."""
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), min(seconds, LONGEST_WAIT))

    async def rest(self, seconds: float, stopping: asyncio.Event) -> bool:
        """Waits so long. False if the event comes first."""
        return await self.reach(self.now() + timedelta(seconds=seconds), stopping)

    async def reach(self, moment: datetime, stopping: asyncio.Event) -> bool:
        """Waits for a moment. False if the event comes first."""
        while not stopping.is_set() and (left := (moment - self.now()).total_seconds()) > 0:
            await self.wait(left, stopping)
        return not stopping.is_set()


WALL_CLOCK = Clock()
