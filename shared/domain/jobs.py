"""Job: one analyze job, a frozen value with its transitions. Pure.

submitting -> running -> done | lost
submitting -> lost when the service does not know it
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from shared.domain.clocks import MAX_WAIT, meant
from shared.domain.timeline import REASON_LENGTH, SETBACKS, WRITTEN_AHEAD, Event, Timed
from shared.language.types import Classifier

JOB_LIFETIME = timedelta(hours=24)  # an analyze job and its results, by the service's rules


class JobState(StrEnum):
    SUBMITTING = "submitting"  # written before the request; the service may or may not have it
    RUNNING = "running"
    DONE = "done"
    LOST = "lost"  # it gave nothing back: never arrived, expired, cancelled, failed, unknown to the service

    @property
    def final(self) -> bool:
        return self in (JobState.DONE, JobState.LOST)


@dataclass(frozen=True)
class Job(Timed):
    """One analyze job. `documents` are keys; `api` is the version it speaks.

    `service_ids` are the service's names for it: one, or one for each part of a text too long for a request. `written`:
    when `due` was decided, by the clock that did.
    """

    key: str
    documents: tuple[str, ...]
    classifier: Classifier
    api: str
    created: datetime
    due: datetime
    state: JobState = JobState.SUBMITTING
    service_ids: tuple[str, ...] = ()
    expires: datetime | None = None
    polls: int = 0
    setbacks: int = 0  # unforeseen errors in a row
    detail: str = ""
    ended: datetime | None = None
    timeline: tuple[Event, ...] = ()
    written: datetime | None = None
    version: str = field(default="", compare=False)

    @property
    def is_worn_out(self) -> bool:
        return self.setbacks >= SETBACKS

    def running(self, service_ids: tuple[str, ...], due: datetime, now: datetime) -> Self:
        timeline = self._after(now, "accepted by the service")
        expires = now + JOB_LIFETIME
        running = replace(self, state=JobState.RUNNING, service_ids=service_ids, expires=expires)
        return replace(running, due=due, written=now, timeline=timeline)

    def renewed(self, due: datetime, now: datetime) -> Self:
        """Its request may begin, and end, before `due`."""
        return replace(self, due=due, written=now)

    def polled(self, status: str, due: datetime, now: datetime) -> Self:
        """Not ended yet. Only a status that differs from the last one is worth a line."""
        detail = status[:REASON_LENGTH]
        timeline = self.timeline if detail == self.detail else self._after(now, detail)
        return replace(self, polls=self.polls + 1, setbacks=0, detail=detail, due=due, written=now, timeline=timeline)

    def set_back(self, why: str, due: datetime, now: datetime) -> Self:
        """An unforeseen error: looked at again at `due`. SETBACKS of them in a row wear it out."""
        timeline = self._after_other(now, why)
        return replace(self, setbacks=self.setbacks + 1, due=due, written=now, timeline=timeline)

    def bounded(self, now: datetime) -> Self:
        """As it can have been meant, if a clock that was ahead wrote it.

        A process may be sending it at this moment: then it is left alone, unless that process is long gone.
        """
        if self.state is JobState.SUBMITTING and self.due - now <= MAX_WAIT["request"]:
            return self
        due = meant(self.due, self.written, MAX_WAIT["job"], now)
        if due == self.due:
            return self
        expires = min(self.expires, now + JOB_LIFETIME) if self.expires else None
        timeline = self._after_other(now, WRITTEN_AHEAD)
        return replace(self, due=due, written=now, created=min(self.created, now), expires=expires, timeline=timeline)

    def done(self, now: datetime) -> Self:
        return replace(self, state=JobState.DONE, ended=now, detail="", timeline=self._after(now, "done"))

    def lost(self, why: str, now: datetime) -> Self:
        timeline = self._after(now, f"lost: {why}")
        return replace(self, state=JobState.LOST, ended=now, detail=why[:REASON_LENGTH], timeline=timeline)
