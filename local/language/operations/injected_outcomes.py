"""Applies injected outcomes to analyze jobs: the job fails, or some of its documents end in an error."""

from __future__ import annotations

from collections.abc import Callable

from local.language.jobs.partial_results import TaskResult
from local.language.jobs.runner import Effect
from local.language.operations.service import Service
from local.language.protocol.service_errors import WireError
from local.language.state.records import Ending, Job

Work = Callable[[Service, Job], Effect]

FAILED = Ending("failed", errors=(WireError("InternalServerError", "The job failed because of an injected fault."),))
IN_ERROR = WireError(
    "InvalidArgument",
    "Invalid Document in request.",
    inner=WireError("InvalidDocument", "The document failed because of an injected fault."),
)


def unless_failing(work: Work) -> Work:
    """The work of analyze jobs, except of those whose injected outcome is to fail."""

    def work_or_fail(service: Service, job: Job) -> Effect:
        if job.injected and job.injected.kind == "failedJob":
            return lambda _at: FAILED
        return work(service, job)

    return work_or_fail


def with_document_errors(job: Job, result: TaskResult) -> TaskResult:
    """The result of a task, with an error for each document that the injected outcome names."""
    if not job.injected or "documents" not in result:
        return result
    error, failing = IN_ERROR.wire(), job.injected.documents
    records = [
        {"id": record["id"], "error": error} if record["id"] in failing else record for record in result["documents"]
    ]
    return {**result, "documents": records}
