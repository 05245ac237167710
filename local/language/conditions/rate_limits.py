"""How much may be asked of the service: requests a minute, and text records until the quota is spent."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.language.conditions.clock import Clock
from local.language.protocol.incoming_call import IncomingCall
from local.language.protocol.service_errors import quota_spent, throttled

WINDOW = timedelta(minutes=1)
QUOTA_WINDOW = timedelta(days=30)


@dataclass(frozen=True)
class Limits:
    """None: as much as you like. Requests are counted a minute, records (1,000 text elements) in 30 days.

    All analyze calls count together, submissions and polls (reported from the service). Of authoring, the service
    is documented to take 100 reads and 10 writes.
    """

    analyze_requests: int | None = None
    authoring_reads: int | None = None
    authoring_writes: int | None = None
    text_records: int | None = None


@dataclass(frozen=True)
class Window:
    """What was used since it began, with the first use after the last one's end."""

    began: datetime
    used: int = 0


class Meter:
    """Counts what is used; `limits` may be changed at any time. Safe between threads."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._windows: dict[str, Window] = {}
        self._lock = threading.Lock()

    def admit(self, asked: IncomingCall) -> None:
        """Counts a request. Raises a 429 ServiceError if it is one too many; that one is not counted."""
        what = _counted_as(asked)
        left = self._use(what, 1, getattr(self.limits, what), WINDOW)
        if left is not None:
            raise throttled(asked.operation, asked.api, left, self.tier)

    def charge(self, records: int) -> None:
        """Counts text records. Raises a 403 ServiceError if the quota is spent already."""
        left = self._use("text_records", records, self.limits.text_records, QUOTA_WINDOW)
        if left is not None:
            raise quota_spent(left, self.tier)

    @property
    def tier(self) -> str:
        """Only the free one has a quota."""
        return "S" if self.limits.text_records is None else "F0"

    def _use(self, what: str, amount: int, limit: int | None, length: timedelta) -> int | None:
        """None if there was something left, else the whole seconds until there is."""
        if limit is None:
            return None
        with self._lock:
            now = self._clock.now()
            window = self._windows.get(what, Window(now))
            if now - window.began >= length:
                window = Window(now)
            if window.used >= limit:
                return math.ceil((window.began + length - now).total_seconds())
            self._windows[what] = Window(window.began, window.used + amount)
            return None


def _counted_as(asked: IncomingCall) -> str:
    if not asked.dialect.authoring:
        return "analyze_requests"
    return "authoring_reads" if asked.route.method == "GET" else "authoring_writes"
