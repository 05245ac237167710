"""What a host runs besides HTTP. A listener that fails is logged and started again, unless the real host would end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local.host.clock import WALL_CLOCK, Clock
from local.host.errors import host_error

MIN_PAUSE, MAX_PAUSE = 2.0, 60.0  # seconds before a restart; doubled after each failure in a row
log = logging.getLogger("host")


@dataclass(frozen=True)
class Listener:
    """`run` returns once the event that it gets is set. `name` is for the log."""

    name: str
    run: Callable[[asyncio.Event], Coroutine[Any, Any, None]]


async def keep_running(listener: Listener, stopping: asyncio.Event, clock: Clock = WALL_CLOCK) -> None:
    """Runs a listener until `stopping` is set. What it raises stops neither the host nor other listeners.

    Raises HostInError.
    """
    pause = 0.0
    while not stopping.is_set():
        started = clock.now()
        try:
            await listener.run(stopping)
        except Exception as error:  # unforeseen
            if fatal := host_error(error):
                raise fatal from error
            pause = _pause(pause, clock.now() - started)
            log.exception("%s failed, and will restart in %g seconds", listener.name, pause)
            await clock.sleep(pause, stopping)


def _pause(before: float, lasted: timedelta) -> float:
    """MIN_PAUSE after a first failure, or after a run of at least MAX_PAUSE."""
    return min(before * 2, MAX_PAUSE) if before and lasted.total_seconds() < MAX_PAUSE else MIN_PAUSE
