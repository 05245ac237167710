"""Calls back at a time, with one thread for all callers: a thread for each call to storage would cost more than it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from time import monotonic

NEVER = float("inf")

log = logging.getLogger(__name__)


class Alarm:
    """A call at a time of `monotonic`."""

    def __init__(self, at: float, ring: Callable[[], None]) -> None:
        self.at = at
        self.ring: Callable[[], None] | None = ring  # None: cancelled


class Alarms:
    """Its thread starts with the first alarm. Safe to share between threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._alarms: list[tuple[float, int, Alarm]] = []  # a heap
        self._numbers = count()
        self._wakes = NEVER  # when the thread looks again
        self._thread: threading.Thread | None = None

    def set(self, at: float, ring: Callable[[], None]) -> Alarm:
        """`ring` is called in another thread at this time, unless it is cancelled before."""
        alarm = Alarm(at, ring)
        with self._changed:
            heappush(self._alarms, (at, next(self._numbers), alarm))
            if self._thread is None or not self._thread.is_alive():  # also in a forked process
                self._thread = threading.Thread(target=self._run, name="alarms", daemon=True)
                self._thread.start()
            elif at < self._wakes:
                self._changed.notify()
        return alarm

    def cancel(self, alarm: Alarm) -> None:
        """Those that will not ring are dropped from the front: most calls end in the order in which they started."""
        with self._changed:
            alarm.ring = None
            self._drop_cancelled()

    def _run(self) -> None:
        while True:
            for ring in self._due():
                try:
                    ring()
                except Exception:
                    log.exception("An alarm failed.")  # the others ring

    def _due(self) -> list[Callable[[], None]]:
        """Waits for the next alarm, or for an earlier one."""
        with self._changed:
            self._drop_cancelled()
            self._wakes = self._alarms[0][0] if self._alarms else NEVER
            if (rest := self._wakes - monotonic()) > 0:
                self._changed.wait(None if rest == NEVER else rest)
            due: list[Callable[[], None]] = []
            while self._alarms and self._alarms[0][0] <= monotonic():
                _, _, alarm = heappop(self._alarms)
                due += [alarm.ring] if alarm.ring else []
            return due

    def _drop_cancelled(self) -> None:
        while self._alarms and self._alarms[0][2].ring is None:
            heappop(self._alarms)
