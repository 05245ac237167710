"""Analyze jobs: validates submissions and classifies their documents. Independent of protocols."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from local.language.engine import BrokenModel, OtherEmbedding
from local.language.jobs.partial_results import TaskResult, earliest_end
from local.language.jobs.runner import Effect
from local.language.operations.injected_outcomes import with_document_errors
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
from local.language.protocol.text_length import MAX_ELEMENTS, text_elements, transactions
from local.language.state.project_kinds import CURRENT, NO_CLASS
from local.language.state.records import Ending, Job, Project
from local.language.state.state import deployment

MAX_DOCUMENTS = 25
KIND_NAMES = {"single": "single label", "multi": "multi label"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Document:
    id: str
    text: str


@dataclass(frozen=True)
class Task:
    """One task of a job. `model` and `threshold` are those at submission: later changes do not affect the job."""

    kind: str  # "single" or "multi"
    model: str  # the id of the trained model
    name: str = ""
    project: str = ""
    deployment: str = ""
    threshold: float = 0.0  # the `confidenceThreshold` of the project


def deployed_task(service: Service, project_name: str, deployment_name: str, kind: str, name: str = "") -> Task:
    """The task for a model that the caller names by its deployment. Raises a ServiceError."""
    project = service.state.project(project_name)
    _require_kind(project, kind)
    model = deployment(project, deployment_name).model
    return Task(kind, model.id, name, project.name, deployment_name, _threshold(project))


def published_task(service: Service, model_id: str, kind: str) -> Task:
    """The task for a model that the caller names by its published id. Raises a ServiceError."""
    for project in service.state.projects.values():
        for deployed in project.deployments.values():
            if deployed.model.published_id == model_id:
                _require_kind(project, kind)
                return Task(kind, deployed.model.id, "", project.name, deployed.name, _threshold(project))
    raise not_found(f"There is no published model {model_id!r}.")


def begin(
    service: Service,
    documents: Sequence[Document],
    tasks: Sequence[Task],
    display_name: str,
    cancel_after: timedelta = ANALYZE_LIFETIME,
) -> Job:
    """Begins a job, which is cancelled after `cancel_after`. Raises a 400 ServiceError for bad documents."""
    check(documents)
    now = service.clock.now()
    request = {"displayName": display_name, "tasks": [asdict(task) for task in tasks]}
    work_input = {"documents": [vars(document) for document in documents]}
    schedule = service.pace.moments("analyze", now)
    job = Job(str(uuid.uuid4()), "analyze", "", now, now + ANALYZE_LIFETIME, schedule, request, work_input)
    if cancel_after < ANALYZE_LIFETIME:
        job = replace(job, cancel_at=now + cancel_after)
    return service.accept(job)


def analysing(service: Service, job: Job) -> Effect:
    """The work of a job: one task after the other, so that a cancelled job keeps the results of finished tasks."""
    documents = [Document(**item) for item in (job.input or {})["documents"]]
    results: list[TaskResult] = []
    for index, task in enumerate(job.request["tasks"]):
        service.analyses.require_wanted(job)
        result = with_document_errors(job, _result(service, Task(**task), documents))
        ended = max(service.clock.now(), earliest_end(job, index))
        results.append({**result, "at": ended.isoformat()})
        _add(service, job, results[-1])
    return lambda _at: _ending(results)


def cancel(service: Service, job: Job) -> Job:
    """Cancels a job. Results of finished tasks stay (recorded). Raises a 400 ServiceError if it has ended (recorded).

    All other tasks get an empty item, without which the Python clients of the service raise a ValueError.
    """
    if job.ending:
        raise invalid(f"Failed to cancel job with job id {job.id} as its already completed.")
    return service.analyses.end(job, cancelled_ending(service, job, service.clock.now()))


def cancelled_ending(service: Service, job: Job, at: datetime) -> Ending:
    """How a job ends that is cancelled at this time."""
    finished = service.partial_results.visible(job, at)
    rest = [{"documents": [], "cancelled": True, "at": at.isoformat()} for _ in job.request["tasks"][len(finished) :]]
    return Ending("cancelled", {"tasks": [*finished, *rest]})


def require_unique_names(tasks: Iterable[tuple[str, str]]) -> None:
    """`tasks`: their kinds and names. Raises a 400 ServiceError if two of a kind have the same name, or none."""
    seen = set[tuple[str, str]]()
    for kind, name in tasks:
        if (kind, name) in seen:
            raise duplicate_task(name, CURRENT[kind])
        seen.add((kind, name))


def check(documents: Sequence[Document]) -> None:
    """Raises a 400 ServiceError, with its recorded text if there is one."""
    if not documents:
        raise bad_documents("Missing input documents.", "MissingInputDocuments")
    if sum(text_elements(document.text) for document in documents) > MAX_ELEMENTS:
        raise too_much_text(MAX_ELEMENTS)
    if len(documents) > MAX_DOCUMENTS:
        raise bad_documents(f"Batch request contains too many records. Max {MAX_DOCUMENTS} records are permitted.")
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
        raise bad_parameter(
            f"The project is for {KIND_NAMES[project.kind]} classification, the task for {KIND_NAMES[kind]}."
        )


def _threshold(project: Project) -> float:
    return float((project.settings or {}).get("confidenceThreshold") or 0)


def _add(service: Service, job: Job, result: TaskResult) -> None:
    with service.state.lock:
        if service.analyses.get(job.id).ending is None:
            service.partial_results.add(job, result)


def _ending(results: Sequence[TaskResult]) -> Ending:
    failed = sum("fault" in result for result in results)
    status = "succeeded" if not failed else "failed" if failed == len(results) else "partiallyCompleted"
    return Ending(status, {"tasks": results})


def _result(service: Service, task: Task, documents: Sequence[Document]) -> TaskResult:
    """The result of one task: a record for each document, in their order, or the error of the whole task."""
    nonblank = [document for document in documents if document.text.strip()]
    try:
        classified = service.state.models.get(task.model).classify([document.text for document in nonblank])
    except OtherEmbedding as error:
        return {"fault": {"code": "InternalServerError", "message": str(error)}}
    except BrokenModel:
        logger.exception("The model %s cannot be used", task.model)
        return {"fault": {"code": "InternalServerError", "message": "The model cannot be used: train it again."}}
    classes = {
        document.id: _above_threshold(scores, task.threshold)
        for document, scores in zip(nonblank, classified, strict=True)
    }
    return {"documents": [_record(document, classes.get(document.id)) for document in documents]}


def _above_threshold(classes: Sequence[tuple[str, float]], threshold: float) -> Sequence[tuple[str, float]]:
    """The classes, or "None" with the confidence of the best class if that is below the threshold of the project."""
    below = classes and classes[0][1] < threshold
    return [(NO_CLASS, classes[0][1])] if below else classes


def _record(document: Document, classes: Sequence[tuple[str, float]] | None) -> dict[str, Any]:
    if classes is None:
        return {"id": document.id, "error": empty_document().wire()}
    scores = [[category, round(confidence, 10)] for category, confidence in classes]
    return {"id": document.id, "classes": scores, "characters": text_elements(document.text)}
