"""Timelines: what happened to a value, and when; part of documents, jobs and operations. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

TIMELINE_LENGTH, EVENT_LENGTH = 20, 300
REASON_LENGTH = 1000
WRITTEN_AHEAD = "its time was written by a clock that is ahead, and is corrected"
SETBACKS = 8  # errors in a row that end what they were met by


@dataclass(frozen=True)
class Event:
    """One line of a timeline."""

    at: datetime
    what: str


class Timed:
    """What has a timeline: the last TIMELINE_LENGTH events, oldest first."""

    timeline: tuple[Event, ...]

    def _after(self, now: datetime, what: str) -> tuple[Event, ...]:
        return (*self.timeline, Event(now, what[:EVENT_LENGTH]))[-TIMELINE_LENGTH:]

    def _after_other(self, now: datetime, what: str) -> tuple[Event, ...]:
        """The same in a row is one line, which keeps the time of the first."""
        last = self.timeline[-1].what if self.timeline else ""
        return self.timeline if last == what[:EVENT_LENGTH] else self._after(now, what)
