"""Analyze jobs: what may be submitted, and the classes that trained models find, in no protocol's words."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from local.language.engine import BrokenModel
from local.language.jobs.partial_results import TaskResult, turn
from local.language.jobs.runner import Effect
from local.language.operations.injected_outcomes import spoiled
from local.language.operations.service import ANALYZE_LIFETIME, Service
from local.language.protocol.service_errors import (
    all_documents_empty,
    bad_documents,
    bad_parameter,
    duplicate_task,
    empty_document,
    invalid,
    not_found,
    too_much_text,
)
from local.language.protocol.text_length import MOST_ELEMENTS, text_elements, transactions
from local.language.state.project_kinds import CURRENT, NO_CLASS
from local.language.state.records import Ending, Job, Project
from local.language.state.state import deployment

MOST_DOCUMENTS = 25
KINDS = {"single": "single label", "multi": "multi label"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Document:
    id: str
    text: str


@dataclass(frozen=True)
class Task:
    """What to find: `kind` is "single" or "multi"; `model` is the id of the trained model that answers.

    `model` and `threshold`, the project's `confidenceThreshold`, are those at submission: what is deployed or set
    later does not change what a job finds.
    """

    kind: str
    model: str
    name: str = ""
    project: str = ""
    deployment: str = ""
    threshold: float = 0.0


def deployed(service: Service, project_name: str, place: str, kind: str, name: str = "") -> Task:
    """Today's way to name a model. Raises a ServiceError."""
    project = service.state.project(project_name)
    _require_kind(project, kind)
    model = deployment(project, place).model
    return Task(kind, model.id, name, project.name, place, _threshold(project))


def published(service: Service, model_id: str, kind: str) -> Task:
    """The quickstart's way to name a model. Raises a ServiceError."""
    for project in service.state.projects.values():
        for place in project.deployments.values():
            if place.model.published_id == model_id:
                _require_kind(project, kind)
                return Task(kind, place.model.id, "", project.name, place.name, _threshold(project))
    raise not_found(f"There is no published model {model_id!r}.")


def begin(
    service: Service,
    documents: Sequence[Document],
    tasks: Sequence[Task],
    display_name: str,
    cancel_after: timedelta = ANALYZE_LIFETIME,
) -> Job:
    """Cancelled if it has not ended by then. Raises a 400 ServiceError for documents that the service does not take."""
    check(documents)
    now = service.clock.now()
    asked = {"displayName": display_name, "tasks": [asdict(task) for task in tasks]}
    given = {"documents": [vars(document) for document in documents]}
    schedule = service.pace.moments("analyze", now)
    job = Job(str(uuid.uuid4()), "analyze", "", now, now + ANALYZE_LIFETIME, schedule, asked, given)
    if cancel_after < ANALYZE_LIFETIME:
        job = replace(job, cancel_at=now + cancel_after)
    return service.accept(job)


def analysing(service: Service, job: Job) -> Effect:
    """One task after the other, so that a job that is cancelled keeps what those before have found."""
    documents = [Document(**item) for item in (job.input or {})["documents"]]
    parts: list[TaskResult] = []
    for index, task in enumerate(job.request["tasks"]):
        service.analyses.require_wanted(job)
        part = spoiled(job, _part(service, Task(**task), documents))
        parts.append({**part, "at": max(service.clock.now(), turn(job, index)).isoformat()})
        _add(service, job, parts[-1])
    return lambda _at: _found(parts)


def cancel(service: Service, job: Job) -> Job:
    """Raises a 400 ServiceError if it has ended (recorded). What finished tasks have found stays (recorded).

    The others get an item with nothing in it, without which the service's Python clients raise a ValueError.
    """
    if job.ending:
        raise invalid(f"Failed to cancel job with job id {job.id} as its already completed.")
    return service.analyses.end(job, cut_short(service, job, service.clock.now()))


def cut_short(service: Service, job: Job, at: datetime) -> Ending:
    """How a job ends that is cancelled then."""
    kept = service.findings.seen(job, at)
    rest = [{"documents": [], "cancelled": True, "at": at.isoformat()} for _ in job.request["tasks"][len(kept) :]]
    return Ending("cancelled", {"tasks": [*kept, *rest]})


def require_names(asked: Iterable[tuple[str, str]]) -> None:
    """`asked`: each task's kind and name. Raises a 400 ServiceError for two of a kind with equal names, or none."""
    seen = set[tuple[str, str]]()
    for kind, name in asked:
        if (kind, name) in seen:
            raise duplicate_task(name, CURRENT[kind])
        seen.add((kind, name))


def check(documents: Sequence[Document]) -> None:
    """Raises a 400 ServiceError, with the recorded text where there is one."""
    if not documents:
        raise bad_documents("Missing input documents.", "MissingInputDocuments")
    if sum(text_elements(document.text) for document in documents) > MOST_ELEMENTS:
        raise too_much_text(MOST_ELEMENTS)
    if len(documents) > MOST_DOCUMENTS:
        raise bad_documents(f"Batch request contains too many records. Max {MOST_DOCUMENTS} records are permitted.")
    if not all(document.id for document in documents):
        raise bad_documents("Document Id is empty.", "InvalidDocument")
    if len({document.id for document in documents}) < len(documents):
        message = "Request contains duplicated Ids. Make sure each document has a unique Id."
        raise bad_documents(message, "InvalidDocument")
    if not any(document.text.strip() for document in documents):
        raise all_documents_empty()


def statistics(records: Sequence[dict[str, Any]]) -> dict[str, int]:
    valid = [record for record in records if "classes" in record]
    return {
        "documentsCount": len(records),
        "validDocumentsCount": len(valid),
        "erroneousDocumentsCount": len(records) - len(valid),
        "transactionsCount": sum(transactions(record["characters"]) for record in valid),
    }


def _require_kind(project: Project, kind: str) -> None:
    if project.kind != kind:
        raise bad_parameter(f"The project is for {KINDS[project.kind]} classification, the task for {KINDS[kind]}.")


def _threshold(project: Project) -> float:
    return float((project.settings or {}).get("confidenceThreshold") or 0)


def _add(service: Service, job: Job, part: TaskResult) -> None:
    with service.state.lock:
        if service.analyses.get(job.id).ending is None:
            service.findings.add(job, part)


def _found(parts: Sequence[TaskResult]) -> Ending:
    failed = sum("fault" in part for part in parts)
    status = "succeeded" if not failed else "failed" if failed == len(parts) else "partiallyCompleted"
    return Ending(status, {"tasks": parts})


def _part(service: Service, task: Task, documents: Sequence[Document]) -> TaskResult:
    """What one task found: a record a document, in their order; or the fault that kept it from finding anything."""
    full = [document for document in documents if document.text.strip()]
    try:
        found = service.state.models.get(task.model).classify([document.text for document in full])
    except BrokenModel:
        logger.exception("The model %s cannot be used", task.model)
        return {"fault": {"code": "InternalServerError", "message": "The model cannot be used: train it again."}}
    classes = {document.id: _sure(scores, task.threshold) for document, scores in zip(full, found, strict=True)}
    return {"documents": [_record(document, classes.get(document.id)) for document in documents]}


def _sure(classes: Sequence[tuple[str, float]], threshold: float) -> Sequence[tuple[str, float]]:
    """Below the project's threshold, the best class turns into "None", which keeps its confidence."""
    unsure = classes and classes[0][1] < threshold
    return [(NO_CLASS, classes[0][1])] if unsure else classes


def _record(document: Document, classes: Sequence[tuple[str, float]] | None) -> dict[str, Any]:
    if classes is None:
        return {"id": document.id, "error": empty_document().wire()}
    scores = [[category, round(confidence, 10)] for category, confidence in classes]
    return {"id": document.id, "classes": scores, "characters": text_elements(document.text)}
