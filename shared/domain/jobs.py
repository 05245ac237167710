"""Job: one analyze job, a frozen value with its transitions. Pure.

submitting -> running -> done | lost
submitting -> lost, if the service does not know it
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from shared.domain.clocks import MAX_WAIT
from shared.domain.timeline import REASON_LENGTH, SETBACKS, Event, Timed, words
from shared.language.types import Classifier

JOB_LIFETIME = timedelta(hours=24)  # the service keeps a job and its results so long


class JobState(StrEnum):
    SUBMITTING = "submitting"  # written before the request; the service may or may not have received it
    RUNNING = "running"
    DONE = "done"
    LOST = "lost"  # no results: never received, expired, cancelled, failed, or unknown to the service

    @property
    def final(self) -> bool:
        return self in (JobState.DONE, JobState.LOST)


@dataclass(frozen=True)
class Job(Timed):
    """One analyze job."""

    key: str
    documents: tuple[str, ...]  # keys
    classifier: Classifier
    api: str  # the version of the Language service's API
    created: datetime
    due: datetime  # when it is polled next; while it is submitting: when it is given up
    state: JobState = JobState.SUBMITTING
    service_ids: tuple[str, ...] = ()  # the service's ids: one, or one for each part of a long text
    expires: datetime | None = None  # when the service deletes its results
    polls: int = 0  # without a final state
    setbacks: int = 0  # consecutive unexpected errors
    detail: str = ""  # the last status or error
    ended: datetime | None = None
    timeline: tuple[Event, ...] = ()
    written: datetime | None = None  # when `due` was set, by the writer's clock
    traceparent: str = ""  # W3C trace context of the span in which it was submitted; "" without tracing
    version: str = field(default="", compare=False)  # of its row

    @property
    def is_worn_out(self) -> bool:
        """Whether it has had SETBACKS unexpected errors in a row."""
        return self.setbacks >= SETBACKS

    def running(self, service_ids: tuple[str, ...], due: datetime, now: datetime) -> Self:
        timeline = self._after(now, "accepted by the service")
        expires = now + JOB_LIFETIME
        running = replace(self, state=JobState.RUNNING, service_ids=service_ids, expires=expires)
        return replace(running, due=due, written=now, timeline=timeline)

    def renewed(self, due: datetime, now: datetime) -> Self:
        """In the same state, and not processed by others before `due`."""
        return replace(self, due=due, written=now)

    def polled(self, status: str, due: datetime, now: datetime) -> Self:
        """Still running. The timeline gets an event only if the status has changed."""
        detail = status[:REASON_LENGTH]
        timeline = self.timeline if detail == self.detail else self._after(now, words(detail))
        return replace(self, polls=self.polls + 1, setbacks=0, detail=detail, due=due, written=now, timeline=timeline)

    def set_back(self, why: str, due: datetime, now: datetime) -> Self:
        """Due again at `due` after an unexpected error. After SETBACKS of them in a row it `is_worn_out`."""
        timeline = self._after_other(now, why)
        return replace(self, setbacks=self.setbacks + 1, due=due, written=now, timeline=timeline)

    def bounded(self, now: datetime) -> Self:
        """With its times corrected, if the clock that wrote them was ahead.

        A job that a process may be submitting now is not changed.
        """
        if self.state is JobState.SUBMITTING and self.due - now <= MAX_WAIT["request"]:
            return self
        expires = min(self.expires, now + JOB_LIFETIME) if self.expires else None
        return self._bounded("job", now, created=min(self.created, now), expires=expires)

    def done(self, now: datetime) -> Self:
        return replace(self, state=JobState.DONE, ended=now, detail="", timeline=self._after(now, "done"))

    def lost(self, why: str, now: datetime) -> Self:
        timeline = self._after(now, f"lost: {why}")
        return replace(self, state=JobState.LOST, ended=now, detail=why[:REASON_LENGTH], timeline=timeline)
