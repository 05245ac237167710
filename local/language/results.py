"""What both analyze protocols share: documents in, and one page of an analyze job's results out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.language.analysis import Document
from local.language.body import Body
from local.language.values import Job
from local.language.wire import Call

DOCUMENTS_IN_PAGE = 20  # the default of the v3 family; today's is not documented
MOST_IN_PAGE = 50


def documents_of(body: Body) -> list[Document]:
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

    def records(self, part: Mapping[str, Any]) -> list[dict[str, Any]]:
        return list(part.get("documents", ())[self.skip : self.skip + self.top])

    def followed(self, job: Job) -> bool:
        """Whether there is more to show."""
        return any(len(part.get("documents", ())) > self.skip + self.top for part in parts(job))


def parts(job: Job) -> list[dict[str, Any]]:
    """What each task found; nothing until the job has ended."""
    return list(job.ending.result.get("tasks", ())) if job.ending else []


def counters(job: Job) -> dict[str, int]:
    """How the tasks stand. A task that has not begun counts as in progress (recorded), a cancelled one as nothing."""
    total = len(job.asked["tasks"])
    if job.ending is None:
        return {"completed": 0, "failed": 0, "inProgress": total, "total": total}
    if job.ending.status == "cancelled":
        return {"completed": 0, "failed": 0, "inProgress": 0, "total": total}
    failed = sum("fault" in part for part in parts(job)) if parts(job) else total
    return {"completed": total - failed, "failed": failed, "inProgress": 0, "total": total}
