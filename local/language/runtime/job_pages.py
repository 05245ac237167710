"""What both analyze protocols share: documents in, and one page of an analyze job's results out."""

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

DOCUMENTS_IN_PAGE = 20  # the default of the v3 family; today's is not documented
MOST_IN_PAGE = 50


def documents_of(body: JsonBody) -> list[Document]:
    """The `analysisInput` of a request. Raises a 400 ServiceError."""
    found = body.body("analysisInput").bodies("documents")
    for document in found:
        document.text("language", "")
    return [Document(document.text("id"), document.text("text")) for document in found]


@dataclass(frozen=True)
class Page:
    """Which records of each task a caller is shown; the same ones for every task."""

    skip: int
    top: int
    show_statistics: bool

    @classmethod
    def of(cls, call: Call, skip: str, top: str) -> Page:
        """`skip` and `top` are what the protocol calls these query parameters. Raises a 400 ServiceError."""
        size = call.whole(top, DOCUMENTS_IN_PAGE, least=1, most=MOST_IN_PAGE)
        return cls(call.whole(skip, 0) or 0, size or DOCUMENTS_IN_PAGE, call.flag("showStats"))

    def records(self, part: TaskResult) -> list[JSON]:
        return list(part.get("documents", ())[self.skip : self.skip + self.top])

    def followed(self, parts: Sequence[TaskResult]) -> bool:
        """Whether there is more to show."""
        return any(len(part.get("documents", ())) > self.skip + self.top for part in parts)


@dataclass(frozen=True)
class Finished:
    """A task that is seen to be finished. `status`: succeeded, failed or cancelled."""

    index: int
    task: Task
    part: TaskResult

    @property
    def status(self) -> str:
        return "failed" if "fault" in self.part else "cancelled" if "cancelled" in self.part else "succeeded"

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.part["at"])


def finished(service: Service, job: Job) -> list[Finished]:
    """In the order of the tasks. A job that failed as a whole has none."""
    seen = service.findings.seen(job, service.clock.now())
    tasks = enumerate(zip(job.request["tasks"], seen, strict=False))
    return [Finished(index, Task(**task), part) for index, (task, part) in tasks]


def counters(job: Job, found: Sequence[Finished]) -> dict[str, int]:
    """How the tasks stand. One that has not begun counts as in progress, a cancelled one as nothing (both recorded)."""
    total = len(job.request["tasks"])
    statuses = [one.status for one in found]
    failed = statuses.count("failed") if found or not job.ending else total
    in_progress = 0 if job.ending else total - len(found)
    return {"completed": statuses.count("succeeded"), "failed": failed, "inProgress": in_progress, "total": total}


def faults(job: Job, found: Sequence[Finished], target: Callable[[Finished], str]) -> list[JSON]:
    """The job's own errors, and one for each failed task that says which: clients look for the target."""
    own = [fault.wire() for fault in job.ending.errors] if job.ending else []
    return own + [{**one.part["fault"], "target": target(one)} for one in found if one.status == "failed"]


def document_errors(records: Sequence[JSON]) -> list[JSON]:
    return [{"id": record["id"], "error": record["error"]} for record in records if "error" in record]


def document_statistics(record: JSON, page: Page) -> JSON:
    """The field of one document's statistics, if they were asked for."""
    if not page.show_statistics:
        return {}
    characters = record["characters"]
    return {"statistics": {"charactersCount": characters, "transactionsCount": transactions(characters)}}
