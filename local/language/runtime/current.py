"""Today's runtime protocol, `/language/analyze-text/jobs?api-version=`: routes and wire shapes only."""

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
    Finished,
    Page,
    counters,
    document_errors,
    document_statistics,
    documents_of,
    faults,
    finished,
)
from local.language.state.project_kinds import CURRENT
from local.language.state.records import SINGLE, Job

PREFIX = "/language/analyze-text"
KINDS = {wire: kind for kind, wire in CURRENT.items()}


@dataclass(frozen=True)
class Version:
    """What api-versions differ in: when the job changed, the word for half a success, the class of a single label."""

    updated: str = "lastUpdatedDateTime"
    partial: str = "partiallyCompleted"
    single_is_list: bool = True


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
    tasks = [_task(kind, item, service) for kind, item in _asked(body)]
    return _accepted(call, analysis.begin(service, documents, tasks, name, _cancel_after(body)))


def status(call: Call, service: Service) -> Reply:
    page = Page.of(call, "skip", "top")
    return Reply(200, _body(call, service, service.analyses.get(call.names["job"]), page))


def cancel(call: Call, service: Service) -> Reply:
    return _accepted(call, analysis.cancel(service, service.analyses.get(call.names["job"])))


def _cancel_after(body: JsonBody) -> timedelta:
    """Given in seconds; there is no limit documented, and what is longer than a job lives changes nothing."""
    most = ANALYZE_LIFETIME.total_seconds()
    return timedelta(seconds=min(body.number("cancelAfter", most, least=0, most=math.inf), most))


def _asked(body: JsonBody) -> list[tuple[str, JsonBody]]:
    """The tasks and their kinds. Raises a 400 ServiceError."""
    found = [(_kind(item), item) for item in body.bodies("tasks")]
    if not found:
        raise malformed("tasks must hold at least one task.", "tasks")
    analysis.require_names((kind, item.text("taskName", "")) for kind, item in found)
    return found


def _kind(item: JsonBody) -> str:
    kind = KINDS.get(item.text("kind"))
    if kind is None:
        raise bad_parameter(f"{item.name('kind')} must be {' or '.join(KINDS)}.", item.name("kind"))
    return kind


def _task(kind: str, item: JsonBody, service: Service) -> Task:
    parameters = item.body("parameters")
    parameters.flag("loggingOptOut", False)
    project, place = parameters.text("projectName"), parameters.text("deploymentName")
    return analysis.deployed(service, project, place, kind, item.text("taskName", ""))


def _accepted(call: Call, job: Job) -> Reply:
    version = {"api-version": call.query["api-version"]}
    return Reply(202, headers={"operation-location": call.link(f"{PREFIX}/jobs", job.id, **version)})


def _body(call: Call, service: Service, job: Job, page: Page) -> JSON:
    version, name, found = VERSIONS[call.query["api-version"]], job.request["displayName"], finished(service, job)
    step = service.analyses.step(job)
    body: JSON = {
        "jobId": job.id,
        version.updated: seconds(service.analyses.updated(job)),
        "createdDateTime": seconds(job.created),
        "expirationDateTime": seconds(job.expires),
        "status": version.partial if step == "partiallyCompleted" else step,
        **({"displayName": name} if name else {}),
        "errors": faults(job, found, lambda one: f"#/tasks/items/{one.index}"),
        "tasks": {**counters(job, found), "items": [_item(one, version, page) for one in found]},
    }
    return body | _next(call, page, found)


def _next(call: Call, page: Page, found: Sequence[Finished]) -> JSON:
    if not page.followed([one.part for one in found]):
        return {}
    return {"nextLink": call.link(call.path, **{**call.query, "skip": page.skip + page.top, "top": page.top})}


def _item(one: Finished, version: Version, page: Page) -> JSON:
    item: JSON = {
        "kind": f"{CURRENT[one.task.kind]}LROResults",
        **({"taskName": one.task.name} if one.task.name else {}),
        "lastUpdateDateTime": ticks(one.at),
        "status": one.status,
    }
    return item if one.status == "failed" else item | {"results": _results(one, version, page)}


def _results(one: Finished, version: Version, page: Page) -> JSON:
    records, one_class = page.records(one.part), one.task.kind == SINGLE and not version.single_is_list
    return {
        **({"statistics": analysis.statistics(records)} if page.show_statistics else {}),
        "documents": [_document(record, page, one_class) for record in records if "classes" in record],
        "errors": document_errors(records),
        "projectName": one.task.project,
        "deploymentName": one.task.deployment,
    }


def _document(record: JSON, page: Page, one_class: bool) -> JSON:
    classes = [{"category": name, "confidenceScore": round(score, 2)} for name, score in record["classes"]]
    found = classes[0] if one_class else classes
    return {"id": record["id"], "class": found, **document_statistics(record, page), "warnings": []}


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
