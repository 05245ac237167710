"""The results of finished tasks of analyze jobs that are still running."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from local.language.state.records import Job

TaskResult = dict[str, Any]  # JSON: "at", and "documents" or "fault"


class PartialResults:
    """The results of the finished tasks of each job, in the order of the tasks. The caller holds the lock of the state.

    They are not stored: after a restart the work is done again.
    """

    def __init__(self) -> None:
        self._results: dict[str, list[TaskResult]] = {}

    def add(self, job: Job, result: TaskResult) -> None:
        self._results.setdefault(job.id, []).append(result)

    def visible(self, job: Job, now: datetime) -> list[TaskResult]:
        """The results that callers may see now. That of the last task is visible when the job has ended."""
        if job.ending:
            return list(job.ending.result.get("tasks", ()))
        results = self._results.get(job.id, [])[: len(job.request["tasks"]) - 1]
        return [result for result in results if datetime.fromisoformat(result["at"]) <= now]

    def forget(self, job: Job) -> None:
        self._results.pop(job.id, None)


def earliest_end(job: Job, index: int) -> datetime:
    """The earliest time at which a task ends: the tasks divide the time of the job equally."""
    start, end = job.moments
    return start + (end - start) * (index + 1) / len(job.request["tasks"])
