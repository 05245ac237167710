"""The clock of the service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """The time of the machine or, with `start`, a time that stands still. Both can be moved forward."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._moved = timedelta()

    def now(self) -> datetime:
        """An aware datetime in UTC."""
        return (self._start or datetime.now(UTC)) + self._moved

    def advance(self, seconds: float) -> None:
        """Moves the clock forward."""
        self._moved += timedelta(seconds=seconds)
