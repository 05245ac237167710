"""Rate limits: requests per minute, and the quota of text records."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.language.conditions.clock import Clock
from local.language.protocol.incoming_call import IncomingCall
from local.language.protocol.service_errors import quota_exceeded, throttled

WINDOW = timedelta(minutes=1)
QUOTA_WINDOW = timedelta(days=30)


@dataclass(frozen=True)
class Limits:
    """Requests are counted per minute, text records (of 1,000 text elements) per 30 days. None: no limit.

    Submissions and polls of the analyze API count together (reported from the service). The documented limits of
    authoring are 100 reads and 10 writes.
    """

    analyze_requests: int | None = None
    authoring_reads: int | None = None
    authoring_writes: int | None = None
    text_records: int | None = None


@dataclass(frozen=True)
class Window:
    """What was used since the window began. The first use after its end begins the next one."""

    began: datetime
    used: int = 0


class Meter:
    """Counts what is used. `limits` can be replaced at any time. Thread-safe."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._windows: dict[str, Window] = {}
        self._lock = threading.Lock()

    def admit(self, call: IncomingCall) -> None:
        """Counts a request. Raises a 429 ServiceError if the limit is reached; then it does not count."""
        name = _limit_of(call)
        seconds = self._use(name, 1, getattr(self.limits, name), WINDOW)
        if seconds is not None:
            raise throttled(call.operation, call.api, seconds, self.tier)

    def charge(self, records: int) -> None:
        """Counts text records. Raises a 403 ServiceError if the quota was used up before."""
        seconds = self._use("text_records", records, self.limits.text_records, QUOTA_WINDOW)
        if seconds is not None:
            raise quota_exceeded(seconds, self.tier)

    @property
    def tier(self) -> str:
        """The pricing tier in messages: only the free one has a quota."""
        return "S" if self.limits.text_records is None else "F0"

    def _use(self, name: str, amount: int, limit: int | None, length: timedelta) -> int | None:
        """None if the limit was not reached, else the seconds until the window ends, rounded up."""
        if limit is None:
            return None
        with self._lock:
            now = self._clock.now()
            window = self._windows.get(name, Window(now))
            if now - window.began >= length:
                window = Window(now)
            if window.used >= limit:
                return math.ceil((window.began + length - now).total_seconds())
            self._windows[name] = Window(window.began, window.used + amount)
            return None


def _limit_of(call: IncomingCall) -> str:
    if not call.dialect.authoring:
        return "analyze_requests"
    return "authoring_reads" if call.route.method == "GET" else "authoring_writes"
