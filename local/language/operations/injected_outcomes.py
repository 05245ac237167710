"""What becomes of analyze jobs whose fate was asked for: they fail, or some of their documents do."""

from __future__ import annotations

from collections.abc import Callable

from local.language.jobs.partial_results import TaskResult
from local.language.jobs.runner import Effect
from local.language.operations.service import Service
from local.language.protocol.service_errors import WireError
from local.language.state.records import Ending, Job

Work = Callable[[Service, Job], Effect]

FAILED = Ending("failed", errors=(WireError("InternalServerError", "The job failed, as was asked for."),))
IN_ERROR = WireError(
    "InvalidArgument",
    "Invalid Document in request.",
    inner=WireError("InvalidDocument", "The document is in error, as was asked for."),
)


def fated(work: Work) -> Work:
    """The work of analyze jobs, unless they are to fail."""

    def done(service: Service, job: Job) -> Effect:
        if job.injected and job.injected.kind == "failedJob":
            return lambda _at: FAILED
        return work(service, job)

    return done


def spoiled(job: Job, part: TaskResult) -> TaskResult:
    """What a task of the job found, with the documents in error that are to be."""
    if not job.injected or "documents" not in part:
        return part
    records = (
        {"id": it["id"], "error": IN_ERROR.wire()} if it["id"] in job.injected.documents else it
        for it in part["documents"]
    )
    return {**part, "documents": list(records)}
