"""Analyze jobs: what may be submitted, and the classes that trained models find, in no protocol's words."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from local.language.elements import text_elements, transactions
from local.language.engine import BrokenModel
from local.language.errors import (
    all_documents_empty,
    bad_documents,
    bad_parameter,
    empty_document,
    invalid,
    not_found,
)
from local.language.jobs import Effect
from local.language.service import ANALYZE_LIFETIME, Service
from local.language.state import deployment
from local.language.values import Ending, Job, Project

MOST_DOCUMENTS = 25
MOST_ELEMENTS = 125_000
KINDS = {"single": "single label", "multi": "multi label"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Document:
    id: str
    text: str


@dataclass(frozen=True)
class Task:
    """What to find: `kind` is "single" or "multi"; `model` is the id of the trained model that answers.

    `model` is chosen at submission: a later deployment does not change what a job finds.
    """

    kind: str
    model: str
    name: str = ""
    project: str = ""
    deployment: str = ""


def deployed(service: Service, project_name: str, place: str, kind: str, name: str = "") -> Task:
    """Today's way to name a model. Raises a ServiceError."""
    project = service.state.project(project_name)
    _require_kind(project, kind)
    model = deployment(project, place).model
    return Task(kind, model.id, name, project.name, place)


def published(service: Service, model_id: str, kind: str) -> Task:
    """The quickstart's way to name a model. Raises a ServiceError."""
    for project in service.state.projects.values():
        for place in project.deployments.values():
            if place.model.published_id == model_id:
                _require_kind(project, kind)
                return Task(kind, place.model.id, "", project.name, place.name)
    raise not_found(f"There is no published model {model_id!r}.")


def begin(service: Service, documents: Sequence[Document], tasks: Sequence[Task], display_name: str) -> Job:
    """Raises a 400 ServiceError for documents that the service does not take."""
    check(documents)
    now = service.clock.now()
    asked = {"displayName": display_name, "tasks": [asdict(task) for task in tasks]}
    given = {"documents": [asdict(document) for document in documents]}
    schedule = service.pace.moments("analyze", now)
    job = Job(str(uuid.uuid4()), "analyze", "", now, now + ANALYZE_LIFETIME, schedule, asked, given)
    return service.accept(job)


def analysing(service: Service, job: Job) -> Effect:
    documents = [Document(**item) for item in (job.input or {})["documents"]]
    parts = [_part(service, Task(**task), documents) for task in job.asked["tasks"]]
    failed = sum("fault" in part for part in parts)
    status = "succeeded" if not failed else "failed" if failed == len(parts) else "partiallyCompleted"
    ending = Ending(status, {"tasks": parts})
    return lambda: ending


def cancel(service: Service, job: Job) -> Job:
    """Raises a 400 ServiceError if it has ended (recorded)."""
    if job.ending:
        raise invalid(f"Failed to cancel job with job id {job.id} as its already completed.")
    empty: list[dict[str, Any]] = [{"documents": []} for _ in job.asked["tasks"]]
    return service.analyses.end(job, Ending("cancelled", {"tasks": empty}))


def check(documents: Sequence[Document]) -> None:
    """Raises a 400 ServiceError, with the recorded text where there is one."""
    if not documents:
        raise bad_documents("Missing input documents.", "MissingInputDocuments")
    if len(documents) > MOST_DOCUMENTS:
        raise bad_documents(f"Batch request contains too many records. Max {MOST_DOCUMENTS} records are permitted.")
    if not all(document.id for document in documents):
        raise bad_documents("Document Id is empty.", "InvalidDocument")
    if len({document.id for document in documents}) < len(documents):
        message = "Request contains duplicated Ids. Make sure each document has a unique Id."
        raise bad_documents(message, "InvalidDocument")
    if not any(document.text.strip() for document in documents):
        raise all_documents_empty()
    if sum(text_elements(document.text) for document in documents) > MOST_ELEMENTS:
        raise bad_documents(f"The documents of a request may have {MOST_ELEMENTS} text elements together.")


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


def _part(service: Service, task: Task, documents: Sequence[Document]) -> dict[str, Any]:
    """What one task found: a record a document, in their order; or the fault that kept it from finding anything."""
    full = [document for document in documents if document.text.strip()]
    try:
        found = service.state.models.get(task.model).classify([document.text for document in full])
    except BrokenModel:
        logger.exception("The model %s cannot be used", task.model)
        return {"fault": {"code": "InternalServerError", "message": "The model cannot be used: train it again."}}
    classes = {document.id: scores for document, scores in zip(full, found, strict=True)}
    return {"documents": [_record(document, classes.get(document.id)) for document in documents]}


def _record(document: Document, classes: Sequence[tuple[str, float]] | None) -> dict[str, Any]:
    if classes is None:
        return {"id": document.id, "error": empty_document().wire()}
    scores = [[category, round(confidence, 10)] for category, confidence in classes]
    return {"id": document.id, "classes": scores, "characters": text_elements(document.text)}
