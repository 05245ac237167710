"""Things that take time: begun, worked on in threads, seen no sooner than their pace allows, ended under the lock.

A work is a function of the job that does the slow part and returns the quick part: what to change, under the state's
lock, once the job has ended. It is told that moment, which may be well before anybody asks. Work that a restart cut
short is done again from the start.
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
CutShort = Callable[[Job, datetime], Ending]

MOST_SWEPT = 500  # jobs a call: a tenth of a second
BROKEN = WireError("InternalServerError", "The job broke. The service's own output says where.")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Finished:
    """A work that is done. `reach` is the last step at which its job is seen before it ends.

    `moments` are those of the job, none of them ahead of the work.
    """

    moments: tuple[datetime, ...]
    effect: Effect
    reach: int


class Stopped(Exception):
    """The work is not wanted any more: its job has ended, or the process does and the next one does it again."""


class JobRunner:
    """The jobs of one table. `lanes` says which kinds wait for each other: a lane is a pool of threads.

    `left` is told of each job that is seen to end or forgotten.
    """

    def __init__(
        self,
        table: JsonTable[Job],
        lock: threading.RLock,
        clock: Clock,
        lanes: Mapping[str, int],
        left: Callable[[Job], None] = lambda _job: None,
    ) -> None:
        self._table, self._lock, self._clock, self._left = table, lock, clock, left
        self._lanes = {kind: ThreadPoolExecutor(threads, f"language-{kind}") for kind, threads in lanes.items()}
        self._work: Mapping[str, Work] = {}
        self._cut_short: CutShort = lambda _job, _at: Ending("cancelled")
        self._working: set[str] = set()
        self._finished: dict[str, Finished] = {}
        self._due: list[tuple[datetime, str]] = []  # a heap: when to look whether a job is seen to end
        self._open = {job.id for job in table.values() if job.ending is None}
        self._swept = clock.now()
        self._stopping = False

    def require_wanted(self, job: Job) -> None:
        """For works that are long, to ask in between. Raises Stopped."""
        if self._stopping or not self._wanted(job):
            raise Stopped

    def start(self, work: Mapping[str, Work], cut_short: CutShort | None = None) -> None:
        """From now on `work` is done, first what an earlier process left undone.

        `cut_short` says how a job ends that is cancelled at its own time (see `Job.cancel_at`).
        """
        self._work, self._cut_short = work, cut_short or self._cut_short
        for job in self.open():
            self._queue(job)

    def stop(self) -> None:
        """Waits for the work that is being done, which stops where it asks; the rest is left for the next process."""
        self._stopping = True
        for lane in self._lanes.values():
            lane.shutdown(cancel_futures=True)

    def begin(self, job: Job) -> Job:
        self._table.put(job.id, job)
        self._open.add(job.id)
        self._queue(job)
        return job

    def get(self, job_id: str) -> Job:
        """Raises a 404 ServiceError if there is none, or no longer."""
        job = self._table.get(job_id)
        if job is None or job.expires <= self._clock.now():
            raise operation_not_found(job_id)
        return job

    def values(self) -> list[Job]:
        return [job for job in self._table.values() if job.expires > self._clock.now()]

    def open(self) -> list[Job]:
        return [job for job_id in self._open if (job := self._table.get(job_id))]

    def step(self, job: Job) -> str:
        """What the job is seen to do: one of `paces.steps`, cancelling, or how it ended."""
        if job.ending:
            return job.ending.status
        return "cancelling" if job.cancellation else steps(job.kind)[self._reached(job)]

    def moments(self, job: Job) -> tuple[datetime, ...]:
        """When each step after the first was seen or, of what is to come, may be seen at the earliest."""
        return self._finished[job.id].moments if job.id in self._finished else job.moments

    def updated(self, job: Job) -> datetime:
        """When the job was last seen to change."""
        if job.cancellation and not job.ended:
            return job.cancellation.at
        reached = self._reached(job)
        return job.ended or (min(self.moments(job)[reached - 1], self._clock.now()) if reached else job.created)

    def end(self, job: Job, ending: Ending) -> Job:
        """Ends it now, whatever its work is at."""
        return self._end(job, ending, self._clock.now())

    def cancel(self, job: Job, until: datetime, *, finish: bool) -> Job:
        """The job, which is seen as cancelling until then.

        `finish`: it then succeeds with the work that is done, which the next process does again should this one end
        before; else it ends as cancelled.
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
        """Ends every job whose work is finished and whose time has come, oldest first; forgets what has expired."""
        now = self._clock.now()
        for job in sorted(self._taken(now), key=lambda job: job.created):
            if job.id in self._open:
                try:
                    self._settle(job, now)
                except Unwritable:  # it goes on as it is, and is tried again with the next call
                    heappush(self._due, (now, job.id))
        if now - self._swept > timedelta(minutes=1):
            self._sweep(now)

    def _taken(self, now: datetime) -> Iterator[Job]:
        """What is due, taken off the heap. Most calls come when nothing is, so that must cost nothing."""
        while self._due and self._due[0][0] <= now:
            _, job_id = heappop(self._due)
            if job_id in self._open and (job := self._table.get(job_id)):
                yield job

    def _sweep(self, now: datetime) -> None:
        """Forgets what has expired; of very much only a part, and the rest with the next calls, which must not wait."""
        expired = list(islice((job for job in self._table.values() if job.expires <= now), MOST_SWEPT))
        if len(expired) < MOST_SWEPT:
            self._swept = now
        with suppress(Unwritable):
            self.forget(expired)

    def _settle(self, job: Job, now: datetime) -> None:
        """Ends the job with what came first: the end of its work, or the moment at which it is cancelled.

        Raises Unwritable. What has taken effect before its end could be written is not done again.
        """
        finished = self._finished.get(job.id)
        end = finished.moments[-1] if finished else None
        if job.cancel_at and job.cancel_at <= now and (end is None or job.cancel_at < end):
            self._end(job, self._cut_short(job, job.cancel_at), job.cancel_at)
        elif finished and end and end <= now:
            ending = _ending(finished.effect, end)
            self._finished[job.id] = replace(finished, effect=lambda _end: ending)
            self._end(structs.replace(job, moments=finished.moments), ending, end)

    def forget(self, jobs: Iterable[Job]) -> None:
        for job in list(jobs):
            self._table.remove(job.id)
            self._open.discard(job.id)
            self._finished.pop(job.id, None)
            self._left(job)

    def _end(self, job: Job, ending: Ending, at: datetime) -> Job:
        ended = structs.replace(job, ending=ending, ended=at, input=None)
        self._table.put(job.id, ended)
        self._open.discard(job.id)
        self._finished.pop(job.id, None)
        self._left(job)
        return ended

    def _reached(self, job: Job) -> int:
        """The step it is seen at: where its pace has it, but never ahead of its work."""
        by_pace = sum(moment <= self._clock.now() for moment in job.moments)
        if job.id in self._finished:
            return min(by_pace, self._finished[job.id].reach)
        return min(by_pace, busy_step(job.kind)) if job.id in self._working else 0

    def _wanted(self, job: Job) -> bool:
        """Whether anything is made of its work."""
        found = self._table.get(job.id)
        return job.id in self._open and not (found and found.cancellation and found.cancel_at)

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
            if finished and self._wanted(job):
                self._finished[job.id] = finished
                heappush(self._due, (job.moments[-1], job.id))

    def _finish(self, job: Job) -> Finished | None:
        began = self._clock.now()
        try:
            effect = self._work[job.kind](job)
            return Finished(_moments(job, began, self._clock.now()), effect, reach=len(job.moments) - 1)
        except Stopped:
            return None
        except ServiceError as error:
            fault = error.fault
        except Exception:  # a defect here must end the job, not leave it running for ever
            logger.exception("The %s job %s broke", job.kind, job.id)
            fault = BROKEN
        failed = Ending("failed", errors=(fault,))
        return Finished(_moments(job, began, self._clock.now()), lambda _end: failed, reach=busy_step(job.kind))


def _moments(job: Job, began: datetime, ended: datetime) -> tuple[datetime, ...]:
    """The job's, put off until its work had begun and, for those after its busy step, ended."""
    busy = busy_step(job.kind)
    return tuple(max(moment, began if index < busy else ended) for index, moment in enumerate(job.moments))


def _ending(effect: Effect, at: datetime) -> Ending:
    try:
        return effect(at)
    except Unwritable:
        raise
    except ServiceError as error:
        return Ending("failed", errors=(error.fault,))
    except Exception:  # nor must it break the call that happens to see it end
        logger.exception("The effect of a job broke")
        return Ending("failed", errors=(BROKEN,))
