"""What all runtime protocols share: the documents of a request, and one page of the results of a job."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from local.language.jobs.partial_results import TaskResult
from local.language.operations.analysis import Document, Task
from local.language.operations.service import Service
from local.language.protocol.dialect import Call
from local.language.protocol.json_body import JSON, JsonBody
from local.language.protocol.text_length import transactions
from local.language.state.records import Job

DOCUMENTS_IN_PAGE = 20  # the default of the v3 protocols; not documented for the current one
MAX_IN_PAGE = 50


def documents_of(body: JsonBody) -> list[Document]:
    """The `analysisInput` of a request. Raises a 400 ServiceError."""
    documents = body.body("analysisInput").bodies("documents")
    for document in documents:
        document.text("language", "")
    return [Document(document.text("id"), document.text("text")) for document in documents]


@dataclass(frozen=True)
class Page:
    """The range of records that a response shows, the same one for every task."""

    skip: int
    top: int
    show_statistics: bool

    @classmethod
    def parse(cls, call: Call, skip: str, top: str) -> Page:
        """`skip`, `top`: the names of these query parameters in the protocol. Raises a 400 ServiceError."""
        size = call.whole(top, DOCUMENTS_IN_PAGE, least=1, most=MAX_IN_PAGE)
        return cls(call.whole(skip, 0) or 0, size or DOCUMENTS_IN_PAGE, call.flag("showStats"))

    def records(self, result: TaskResult) -> list[JSON]:
        return list(result.get("documents", ())[self.skip : self.skip + self.top])

    def has_next(self, results: Sequence[TaskResult]) -> bool:
        """Whether any task has records after this page."""
        return any(len(result.get("documents", ())) > self.skip + self.top for result in results)


@dataclass(frozen=True)
class FinishedTask:
    """A finished task. `index`: its place among all tasks of the job."""

    index: int
    task: Task
    result: TaskResult

    @property
    def status(self) -> str:
        """succeeded, failed or cancelled."""
        return "failed" if "fault" in self.result else "cancelled" if "cancelled" in self.result else "succeeded"

    @property
    def ended(self) -> datetime:
        return datetime.fromisoformat(self.result["at"])


def finished_tasks(service: Service, job: Job) -> list[FinishedTask]:
    """In the order of the tasks. None if the whole job failed."""
    results = service.partial_results.visible(job, service.clock.now())
    tasks = enumerate(zip(job.request["tasks"], results, strict=False))
    return [FinishedTask(index, Task(**task), result) for index, (task, result) in tasks]


def counters(job: Job, finished: Sequence[FinishedTask]) -> dict[str, int]:
    """The number of tasks by status. Waiting ones count as in progress, cancelled ones do not count (recorded)."""
    total = len(job.request["tasks"])
    statuses = [task.status for task in finished]
    failed = statuses.count("failed") if finished or not job.ending else total
    in_progress = 0 if job.ending else total - len(finished)
    return {"completed": statuses.count("succeeded"), "failed": failed, "inProgress": in_progress, "total": total}


def job_errors(job: Job, finished: Sequence[FinishedTask], target: Callable[[FinishedTask], str]) -> list[JSON]:
    """The errors of the job and of each failed task. Clients find the task by the `target`."""
    own = [fault.wire() for fault in job.ending.errors] if job.ending else []
    return own + [{**task.result["fault"], "target": target(task)} for task in finished if task.status == "failed"]


def document_errors(records: Sequence[JSON]) -> list[JSON]:
    return [{"id": record["id"], "error": record["error"]} for record in records if "error" in record]


def document_statistics(record: JSON, page: Page) -> JSON:
    """The statistics of one document, if the caller requested them."""
    if not page.show_statistics:
        return {}
    characters = record["characters"]
    return {"statistics": {"charactersCount": characters, "transactionsCount": transactions(characters)}}
