"""What a host runs beside HTTP for as long as it is up. A listener that fails is logged and starts again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from local.host.clock import WALL_CLOCK, Clock

MIN_PAUSE, MAX_PAUSE = 2.0, 60.0  # seconds before it starts again; doubled after each failure in a row
log = logging.getLogger("host")


@dataclass(frozen=True)
class Listener:
    """`run` gets an event, and returns once it is set. `name` is for the log."""

    name: str
    run: Callable[[asyncio.Event], Coroutine[Any, Any, None]]


async def keep(listener: Listener, stopping: asyncio.Event, clock: Clock = WALL_CLOCK) -> None:
    """Runs a listener until `stopping` is set. Whatever it raises ends neither the host nor another listener."""
    pause = 0.0
    while not stopping.is_set():
        started = clock.now()
        try:
            await listener.run(stopping)
        except Exception:  # what nobody foresaw
            pause = _pause(pause, clock.now() - started)
            log.exception("%s failed, and starts again in %g seconds", listener.name, pause)
            await clock.rest(pause, stopping)


def _pause(before: float, lasted: timedelta) -> float:
    """The shortest for a listener that has not failed yet, or that ran well for a while."""
    return min(before * 2, MAX_PAUSE) if before and lasted.total_seconds() < MAX_PAUSE else MIN_PAUSE
