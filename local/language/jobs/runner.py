"""Runs jobs: their work in threads, their status at the pace that was set, their effect under the lock of the state.

The work of a job is a function that does the slow part and returns the quick part, its effect: what to change when the
job ends. The effect gets the time of that end, which may be long before the call that notices it. After a restart,
unfinished work is done again from the start.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import islice

from msgspec import structs

from local.language.conditions.clock import Clock
from local.language.conditions.pacing import busy_step, steps
from local.language.protocol.service_errors import ServiceError, WireError, operation_not_found
from local.language.state.json_table import JsonTable, Unwritable
from local.language.state.records import Cancellation, Ending, Job

Effect = Callable[[datetime], Ending]
Work = Callable[[Job], Effect]
CancelledEnding = Callable[[Job, datetime], Ending]

MAX_SWEPT = 500  # jobs per call, which takes a tenth of a second
BROKEN = WireError("InternalServerError", "The job failed unexpectedly. The output of the service says why.")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FinishedWork:
    """Work that is done, of a job that has not ended yet."""

    moments: tuple[datetime, ...]  # those of the job, none of them earlier than the work
    effect: Effect
    last_step: int  # the last step that the job shows before it ends


class Stopped(Exception):
    """The work is not needed: its job has ended, or the process ends and the next one does the work again."""


class JobRunner:
    """The jobs of one table. `lanes`: the number of threads for each kind of job, "other" for the rest.

    `on_end` is called with each job that ends or is deleted.
    """

    def __init__(
        self,
        table: JsonTable[Job],
        lock: threading.RLock,
        clock: Clock,
        lanes: Mapping[str, int],
        on_end: Callable[[Job], None] = lambda _job: None,
    ) -> None:
        self._table, self._lock, self._clock, self._on_end = table, lock, clock, on_end
        self._lanes = {kind: ThreadPoolExecutor(threads, f"language-{kind}") for kind, threads in lanes.items()}
        self._work: Mapping[str, Work] = {}
        self._cancelled_ending: CancelledEnding = lambda _job, _at: Ending("cancelled")
        self._working: set[str] = set()
        self._percents: dict[str, int] = {}  # of the work that is running
        self._finished: dict[str, FinishedWork] = {}
        self._due: list[tuple[datetime, str]] = []  # a heap of times at which a job may end
        self._open = {job.id for job in table.values() if job.ending is None}
        self._swept = clock.now()
        self._stopping = False

    def require_wanted(self, job: Job) -> None:
        """Long work calls this from time to time. Raises Stopped if the work is no longer needed."""
        if self._stopping or not self._wanted(job):
            raise Stopped

    def advance(self, job: Job, percent: int) -> None:
        """Long work says how much of it is done. Raises Stopped if the work is no longer needed."""
        self.require_wanted(job)
        self._percents[job.id] = percent

    def percent(self, job: Job) -> int:
        """How far the job is in its busy step: as its pace says, but never ahead of its work. At most 99."""
        start, end = job.moments[busy_step(job.kind) - 1], job.moments[busy_step(job.kind)]
        by_pace = (self._clock.now() - start) / (end - start) if end > start else 1
        by_work = 100 if job.id in self._finished else self._percents.get(job.id, 0)
        return max(0, min(int(100 * by_pace), by_work, 99))

    def start(self, work: Mapping[str, Work], cancelled_ending: CancelledEnding | None = None) -> None:
        """Starts to do `work`, first for jobs that an earlier process did not finish.

        `cancelled_ending`: how a job ends that is cancelled at its `cancel_at`.
        """
        self._work, self._cancelled_ending = work, cancelled_ending or self._cancelled_ending
        for job in self.open():
            self._queue(job)

    def abandon_work(self) -> None:
        """Running work stops at its next `require_wanted`. The next process does the rest."""
        self._stopping = True

    def stop(self) -> None:
        """As `abandon_work`, and waits for running work."""
        self.abandon_work()
        for lane in self._lanes.values():
            lane.shutdown(cancel_futures=True)

    def begin(self, job: Job) -> Job:
        """Stores the job and queues its work. Raises Unwritable."""
        self._table.put(job.id, job)
        self._open.add(job.id)
        self._queue(job)
        return job

    def get(self, job_id: str) -> Job:
        """Raises a 404 ServiceError if the job does not exist or has expired."""
        job = self._table.get(job_id)
        if job is None or job.expires <= self._clock.now():
            raise operation_not_found(job_id)
        return job

    def values(self) -> list[Job]:
        """The jobs that have not expired."""
        return [job for job in self._table.values() if job.expires > self._clock.now()]

    def open(self) -> list[Job]:
        """The jobs that have not ended."""
        return [job for job_id in self._open if (job := self._table.get(job_id))]

    def step(self, job: Job) -> str:
        """The step that the job shows: one of `pacing.steps`, cancelling, or the status of its end."""
        if job.ending:
            return job.ending.status
        return "cancelling" if job.cancellation else steps(job.kind)[self._step_index(job)]

    def moments(self, job: Job) -> tuple[datetime, ...]:
        """The times of the steps after the first: of past ones when they came, of others the earliest possible."""
        return self._finished[job.id].moments if job.id in self._finished else job.moments

    def updated(self, job: Job) -> datetime:
        """When the status of the job last changed."""
        if job.cancellation and not job.ended:
            return job.cancellation.at
        reached = self._step_index(job)
        return job.ended or (min(self.moments(job)[reached - 1], self._clock.now()) if reached else job.created)

    def end(self, job: Job, ending: Ending) -> Job:
        """Ends the job now, even if its work is still running."""
        return self._end(job, ending, self._clock.now())

    def cancel(self, job: Job, until: datetime, *, finish: bool) -> Job:
        """Cancels the job: it shows the status cancelling `until` that time.

        `finish`: the job then succeeds with the work that is done (again by the next process, if this one ends before).
        Else it ends as cancelled.
        """
        now, moments = self._clock.now(), self.moments(job)
        stopped = structs.replace(job, cancellation=Cancellation(now, self.step(job)))
        if finish:
            moments = tuple(moment if moment <= now else until for moment in moments)
            stopped = structs.replace(stopped, moments=moments)
        else:
            stopped = structs.replace(stopped, cancel_at=until)
        self._table.put(job.id, stopped)
        if finish:
            self._finished[job.id] = replace(self._finished[job.id], moments=moments)
        else:
            self._finished.pop(job.id, None)
        heappush(self._due, (until, job.id))
        return stopped

    def settle(self) -> None:
        """Ends all jobs whose work is done and whose end is due, oldest first. Deletes expired jobs."""
        now = self._clock.now()
        for job in sorted(self._take_due(now), key=lambda job: job.created):
            if job.id in self._open:
                try:
                    self._settle(job, now)
                except Unwritable:  # the job stays open, and the next call tries again
                    heappush(self._due, (now, job.id))
        if now - self._swept > timedelta(minutes=1):
            self._sweep(now)

    def _take_due(self, now: datetime) -> Iterator[Job]:
        """Takes the jobs that are due off the heap. Cheap when none is, which is the case in most calls."""
        while self._due and self._due[0][0] <= now:
            _, job_id = heappop(self._due)
            if job_id in self._open and (job := self._table.get(job_id)):
                yield job

    def _sweep(self, now: datetime) -> None:
        """Deletes expired jobs, at most MAX_SWEPT in one call so that no caller waits. Later calls delete the rest."""
        expired = list(islice((job for job in self._table.values() if job.expires <= now), MAX_SWEPT))
        if len(expired) < MAX_SWEPT:
            self._swept = now
        with suppress(Unwritable):
            self.forget(expired)

    def _settle(self, job: Job, now: datetime) -> None:
        """Ends the job at the end of its work or at its `cancel_at`, whichever is earlier.

        Raises Unwritable. An effect that was applied before its end could be written is not applied again.
        """
        finished = self._finished.get(job.id)
        end = finished.moments[-1] if finished else None
        if job.cancel_at and job.cancel_at <= now and (end is None or job.cancel_at < end):
            self._end(job, self._cancelled_ending(job, job.cancel_at), job.cancel_at)
        elif finished and end and end <= now:
            ending = _ending(finished.effect, end)
            self._finished[job.id] = replace(finished, effect=lambda _end: ending)
            self._end(structs.replace(job, moments=finished.moments), ending, end)

    def forget(self, jobs: Iterable[Job]) -> None:
        for job in list(jobs):
            self._table.remove(job.id)
            self._open.discard(job.id)
            self._finished.pop(job.id, None)
            self._on_end(job)

    def _end(self, job: Job, ending: Ending, at: datetime) -> Job:
        ended = structs.replace(job, ending=ending, ended=at, input=None)
        self._table.put(job.id, ended)
        self._open.discard(job.id)
        self._finished.pop(job.id, None)
        self._on_end(job)
        return ended

    def _step_index(self, job: Job) -> int:
        """The index of the step that the job shows: as its pace says, but never ahead of its work."""
        by_pace = sum(moment <= self._clock.now() for moment in job.moments)
        if job.id in self._finished:
            return min(by_pace, self._finished[job.id].last_step)
        return min(by_pace, busy_step(job.kind)) if job.id in self._working else 0

    def _wanted(self, job: Job) -> bool:
        """Whether the result of its work is still needed."""
        stored = self._table.get(job.id)
        return job.id in self._open and not (stored and stored.cancellation and stored.cancel_at)

    def _queue(self, job: Job) -> None:
        if job.cancel_at:
            heappush(self._due, (job.cancel_at, job.id))
        self._lanes.get(job.kind, self._lanes["other"]).submit(self._do, job)

    def _do(self, job: Job) -> None:
        with self._lock:
            if not self._wanted(job):
                return
            self._working.add(job.id)
        finished = self._finish(job)
        with self._lock:
            self._working.discard(job.id)
            self._percents.pop(job.id, None)
            if finished and self._wanted(job):
                self._finished[job.id] = finished
                heappush(self._due, (job.moments[-1], job.id))

    def _finish(self, job: Job) -> FinishedWork | None:
        began = self._clock.now()
        try:
            effect = self._work[job.kind](job)
            return FinishedWork(_moments(job, began, self._clock.now()), effect, last_step=len(job.moments) - 1)
        except Stopped:
            return None
        except ServiceError as error:
            fault = error.fault
        except Exception:  # a defect must end the job, or it would run forever
            logger.exception("The %s job %s failed unexpectedly", job.kind, job.id)
            fault = BROKEN
        failed = Ending("failed", errors=(fault,))
        return FinishedWork(_moments(job, began, self._clock.now()), lambda _end: failed, last_step=busy_step(job.kind))


def _moments(job: Job, began: datetime, ended: datetime) -> tuple[datetime, ...]:
    """The times of the steps, none earlier than the work: than its start or, after the busy step, its end."""
    busy = busy_step(job.kind)
    return tuple(max(moment, began if index < busy else ended) for index, moment in enumerate(job.moments))


def _ending(effect: Effect, at: datetime) -> Ending:
    try:
        return effect(at)
    except Unwritable:
        raise
    except ServiceError as error:
        return Ending("failed", errors=(error.fault,))
    except Exception:  # a defect must not fail the call that ends the job
        logger.exception("The effect of a job failed unexpectedly")
        return Ending("failed", errors=(BROKEN,))
