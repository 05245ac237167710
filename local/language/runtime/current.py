"""The current runtime protocol, `/language/analyze-text/jobs?api-version=`: its routes and bodies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from local.language.operations import analysis
from local.language.operations.analysis import Task
from local.language.operations.service import ANALYZE_LIFETIME, Service
from local.language.protocol.dialect import Call, Dialect, Reply, Route, seconds, ticks
from local.language.protocol.json_body import JSON, JsonBody
from local.language.protocol.service_errors import bad_parameter, malformed
from local.language.runtime.job_pages import (
    FinishedTask,
    Page,
    counters,
    document_errors,
    document_statistics,
    documents_of,
    finished_tasks,
    job_errors,
)
from local.language.state.project_kinds import CURRENT
from local.language.state.records import SINGLE, Job

PREFIX = "/language/analyze-text"
KINDS = {wire_name: kind for kind, wire_name in CURRENT.items()}


@dataclass(frozen=True)
class Version:
    """The differences between api-versions."""

    updated: str = "lastUpdatedDateTime"  # the name of this field of a job
    partial: str = "partiallyCompleted"  # the status of a job of which some tasks failed
    single_is_list: bool = True  # whether the `class` of a single-label document is a list


VERSIONS = {
    "2022-04-01-preview": Version("lastUpdateDateTime", "partiallySucceeded", single_is_list=False),
    "2022-05-01": Version(),  # recorded
    "2022-10-01-preview": Version("lastUpdateDateTime"),  # recorded
    "2023-04-01": Version(),
    "2024-11-01": Version(),
    "2024-11-15-preview": Version(),
    "2025-05-15-preview": Version(),
    "2025-11-01": Version(),
    "2025-11-15-preview": Version(),
    "2026-05-15-preview": Version(),
}


def submit(call: Call, service: Service) -> Reply:
    body = call.body
    documents, name = documents_of(body), body.text("displayName", "")
    tasks = [_task(kind, item, service) for kind, item in _requested_tasks(body)]
    return _accepted(call, analysis.begin(service, documents, tasks, name, _cancel_after(body)))


def status(call: Call, service: Service) -> Reply:
    page = Page.parse(call, "skip", "top")
    return Reply(200, _body(call, service, service.analyses.get(call.names["job"]), page))


def cancel(call: Call, service: Service) -> Reply:
    return _accepted(call, analysis.cancel(service, service.analyses.get(call.names["job"])))


def _cancel_after(body: JsonBody) -> timedelta:
    """In seconds. No maximum is documented; more than the lifetime of a job has no effect."""
    lifetime = ANALYZE_LIFETIME.total_seconds()
    return timedelta(seconds=min(body.number("cancelAfter", lifetime, least=0, most=math.inf), lifetime))


def _requested_tasks(body: JsonBody) -> list[tuple[str, JsonBody]]:
    """The tasks and their kinds. Raises a 400 ServiceError."""
    tasks = [(_kind(item), item) for item in body.bodies("tasks")]
    if not tasks:
        raise malformed("tasks must hold at least one task.", "tasks")
    analysis.require_unique_names((kind, item.text("taskName", "")) for kind, item in tasks)
    return tasks


def _kind(item: JsonBody) -> str:
    kind = KINDS.get(item.text("kind"))
    if kind is None:
        raise bad_parameter(f"{item.name('kind')} must be {' or '.join(KINDS)}.", item.name("kind"))
    return kind


def _task(kind: str, item: JsonBody, service: Service) -> Task:
    parameters = item.body("parameters")
    parameters.flag("loggingOptOut", False)
    project, place = parameters.text("projectName"), parameters.text("deploymentName")
    return analysis.deployed_task(service, project, place, kind, item.text("taskName", ""))


def _accepted(call: Call, job: Job) -> Reply:
    version = {"api-version": call.query["api-version"]}
    return Reply(202, headers={"operation-location": call.link(f"{PREFIX}/jobs", job.id, **version)})


def _body(call: Call, service: Service, job: Job, page: Page) -> JSON:
    version, name, finished = (
        VERSIONS[call.query["api-version"]],
        job.request["displayName"],
        finished_tasks(service, job),
    )
    step = service.analyses.step(job)
    body: JSON = {
        "jobId": job.id,
        version.updated: seconds(service.analyses.updated(job)),
        "createdDateTime": seconds(job.created),
        "expirationDateTime": seconds(job.expires),
        "status": version.partial if step == "partiallyCompleted" else step,
        **({"displayName": name} if name else {}),
        "errors": job_errors(job, finished, lambda task: f"#/tasks/items/{task.index}"),
        "tasks": {**counters(job, finished), "items": [_item(task, version, page) for task in finished]},
    }
    return body | _next(call, page, finished)


def _next(call: Call, page: Page, finished: Sequence[FinishedTask]) -> JSON:
    if not page.has_next([task.result for task in finished]):
        return {}
    return {"nextLink": call.link(call.path, **{**call.query, "skip": page.skip + page.top, "top": page.top})}


def _item(task: FinishedTask, version: Version, page: Page) -> JSON:
    item: JSON = {
        "kind": f"{CURRENT[task.task.kind]}LROResults",
        **({"taskName": task.task.name} if task.task.name else {}),
        "lastUpdateDateTime": ticks(task.ended),
        "status": task.status,
    }
    return item if task.status == "failed" else item | {"results": _results(task, version, page)}


def _results(task: FinishedTask, version: Version, page: Page) -> JSON:
    records, one_class = page.records(task.result), task.task.kind == SINGLE and not version.single_is_list
    return {
        **({"statistics": analysis.statistics(records)} if page.show_statistics else {}),
        "documents": [_document(record, page, one_class) for record in records if "classes" in record],
        "errors": document_errors(records),
        "projectName": task.task.project,
        "deploymentName": task.task.deployment,
    }


def _document(record: JSON, page: Page, one_class: bool) -> JSON:
    classes = [{"category": name, "confidenceScore": round(score, 2)} for name, score in record["classes"]]
    class_field = classes[0] if one_class else classes
    return {"id": record["id"], "class": class_field, **document_statistics(record, page), "warnings": []}


DIALECT = Dialect(
    prefix=PREFIX,
    routes=(
        Route("POST", "/jobs", submit),
        Route("GET", "/jobs/<job>", status),
        Route("POST", "/jobs/<job>:cancel", cancel),
    ),
    versions=tuple(VERSIONS),
    region_since="2022-10-01-preview",
)
