"""What the tasks of unfinished analyze jobs have found so far: each seen in its turn, never ahead of its work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local.language.state.records import Job

TaskResult = dict[str, Any]


class PartialResults:
    """One part a finished task, by job, in the order of the tasks. Whoever uses it holds the state's lock.

    Nothing of it outlives a restart: work that was cut short is done again.
    """

    def __init__(self) -> None:
        self._parts: dict[str, list[TaskResult]] = {}

    def add(self, job: Job, part: TaskResult) -> None:
        self._parts.setdefault(job.id, []).append(part)

    def seen(self, job: Job, now: datetime) -> list[TaskResult]:
        """The parts of the tasks that are seen to be finished; of the last task only once the job has ended."""
        if job.ending:
            return list(job.ending.result.get("tasks", ()))
        found = self._parts.get(job.id, [])[: len(job.request["tasks"]) - 1]
        return [part for part in found if datetime.fromisoformat(part["at"]) <= now]

    def forget(self, job: Job) -> None:
        self._parts.pop(job.id, None)


def turn(job: Job, index: int) -> datetime:
    """When a task may be seen to be finished at the earliest: the tasks share the time that the job runs for."""
    start, end = job.moments
    return start + (end - start) * (index + 1) / len(job.request["tasks"])
