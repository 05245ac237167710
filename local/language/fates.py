"""What becomes of analyze jobs whose fate was asked for: they fail, or some of their documents do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from local.language.errors import Fault
from local.language.jobs import Effect
from local.language.service import Service
from local.language.values import Ending, Job

Work = Callable[[Service, Job], Effect]

FAILED = Ending("failed", errors=(Fault("InternalServerError", "The job failed, as was asked for."),))
IN_ERROR = Fault(
    "InvalidArgument",
    "Invalid Document in request.",
    inner=Fault("InvalidDocument", "The document is in error, as was asked for."),
)


def fated(work: Work) -> Work:
    """The work of analyze jobs, with their fate at its end."""

    def done(service: Service, job: Job) -> Effect:
        if job.fate is None:
            return work(service, job)
        if job.fate.kind == "failedJob":
            return lambda: FAILED
        effect, spoiled = work(service, job), job.fate.documents
        return lambda: _spoiled(effect(), spoiled)

    return done


def _spoiled(ending: Ending, documents: Collection[str]) -> Ending:
    parts = [{**part, **_records(part, documents)} for part in ending.result.get("tasks", ())]
    return replace(ending, result={**ending.result, "tasks": parts})


def _records(part: Mapping[str, Any], documents: Collection[str]) -> dict[str, Any]:
    if "documents" not in part:
        return {}
    records = part["documents"]
    spoiled = ({"id": it["id"], "error": IN_ERROR.wire()} if it["id"] in documents else it for it in records)
    return {"documents": list(spoiled)}
