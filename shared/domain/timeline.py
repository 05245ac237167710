"""Timelines of documents, jobs and operations: what happened, and when. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from shared.domain.clocks import MAX_WAIT, meant

TIMELINE_LENGTH, EVENT_LENGTH = 20, 300  # events; characters
REASON_LENGTH = 1000  # characters
WRITTEN_AHEAD = "corrected a time that was written by a clock that is ahead"
OPEN_TOO_LONG = timedelta(minutes=15)  # the age of an open document or job that needs attention
SETBACKS = 8  # consecutive errors that end a document, job or operation

_CAMEL, _HUMP = re.compile("[a-z]+([A-Z][a-z]+)+"), re.compile("[A-Z]")


@dataclass(frozen=True)
class Event:
    """One event of a timeline."""

    at: datetime
    what: str


def words(status: object) -> str:
    """A status as the service writes it, in plain words: "not started" for notStarted. Other texts are unchanged."""
    text = str(status)
    return _HUMP.sub(lambda found: " " + found[0].lower(), text) if _CAMEL.fullmatch(text) else text


class Timed:
    """A value that is due at a time, with a timeline: its last TIMELINE_LENGTH events, oldest first."""

    due: datetime
    written: datetime | None
    timeline: tuple[Event, ...]

    def _after(self, now: datetime, what: str) -> tuple[Event, ...]:
        return (*self.timeline, Event(now, what[:EVENT_LENGTH]))[-TIMELINE_LENGTH:]

    def _after_other(self, now: datetime, what: str) -> tuple[Event, ...]:
        """Without a second event if the last one has the same text. It keeps its time."""
        last = self.timeline[-1].what if self.timeline else ""
        return self.timeline if last == what[:EVENT_LENGTH] else self._after(now, what)

    def _bounded(self, what: str, now: datetime, **earlier: datetime | None) -> Self:
        """With `due` as it can have been meant, for what waits as `what` (see MAX_WAIT).

        `earlier`: other times of the value, corrected. They apply only if `due` is corrected.
        """
        due = meant(self.due, self.written, MAX_WAIT[what], now)
        if due == self.due:
            return self
        timeline = self._after_other(now, WRITTEN_AHEAD)
        return replace(self, due=due, written=now, timeline=timeline, **earlier)  # type: ignore[type-var]
