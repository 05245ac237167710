"""Today's runtime protocol, `/language/analyze-text/jobs?api-version=`: routes and wire shapes only."""

from __future__ import annotations

from typing import Any

from local.language import analysis
from local.language.analysis import Task
from local.language.body import JSON, Body
from local.language.elements import transactions
from local.language.errors import bad_parameter, malformed
from local.language.kinds import CURRENT
from local.language.results import Page, counters, documents_of, parts
from local.language.service import Service
from local.language.values import Job
from local.language.wire import Call, Dialect, Reply, Route, seconds, ticks

PREFIX = "/language/analyze-text"
KINDS = {wire: kind for kind, wire in CURRENT.items()}


def submit(call: Call, service: Service) -> Reply:
    body = call.body
    documents, name = documents_of(body), body.text("displayName", "")
    tasks = [_task(item, service) for item in body.bodies("tasks")]
    if not tasks:
        raise malformed("tasks must hold at least one task.", "tasks")
    return _accepted(call, analysis.begin(service, documents, tasks, name))


def status(call: Call, service: Service) -> Reply:
    page = Page.of(call, "skip", "top")
    return Reply(200, _body(call, service, service.analyses.get(call.names["job"]), page))


def cancel(call: Call, service: Service) -> Reply:
    return _accepted(call, analysis.cancel(service, service.analyses.get(call.names["job"])))


def _task(item: Body, service: Service) -> Task:
    kind = KINDS.get(item.text("kind"))
    if kind is None:
        raise bad_parameter(f"{item.name('kind')} must be {' or '.join(KINDS)}.", item.name("kind"))
    parameters = item.body("parameters")
    parameters.flag("loggingOptOut", False)
    project, place = parameters.text("projectName"), parameters.text("deploymentName")
    return analysis.deployed(service, project, place, kind, item.text("taskName", ""))


def _accepted(call: Call, job: Job) -> Reply:
    version = {"api-version": call.query["api-version"]}
    return Reply(202, headers={"operation-location": call.link(f"{PREFIX}/jobs", job.id, **version)})


def _body(call: Call, service: Service, job: Job, page: Page) -> JSON:
    name = job.asked["displayName"]
    found: JSON = {
        "jobId": job.id,
        "lastUpdatedDateTime": seconds(service.analyses.updated(job)),
        "createdDateTime": seconds(job.created),
        "expirationDateTime": seconds(job.expires),
        "status": service.analyses.step(job),
        **({"displayName": name} if name else {}),
        "errors": _errors(job),
        "tasks": {**counters(job), "items": _items(job, page)},
    }
    return found | ({"nextLink": _next(call, page)} if page.followed(job) else {})


def _next(call: Call, page: Page) -> str:
    return call.link(call.path, **{**call.query, "skip": page.skip + page.top, "top": page.top})


def _errors(job: Job) -> list[JSON]:
    """The job's own errors, and one for each failed task that says which (clients look for the target)."""
    faults = [fault.wire() for fault in job.ending.errors] if job.ending else []
    found = enumerate(parts(job))
    return faults + [{**part["fault"], "target": f"#/tasks/items/{index}"} for index, part in found if "fault" in part]


def _items(job: Job, page: Page) -> list[JSON]:
    found = zip((Task(**task) for task in job.asked["tasks"]), parts(job), strict=False)
    return [_item(job, task, part, page) for task, part in found]


def _item(job: Job, task: Task, part: JSON, page: Page) -> JSON:
    state = "failed" if "fault" in part else "succeeded"
    found: JSON = {
        "kind": f"{CURRENT[task.kind]}LROResults",
        **({"taskName": task.name} if task.name else {}),
        "lastUpdateDateTime": ticks(job.ended or job.created),
        "status": "cancelled" if job.ending and job.ending.status == "cancelled" else state,
    }
    return found if "fault" in part else found | {"results": _results(task, part, page)}


def _results(task: Task, part: JSON, page: Page) -> JSON:
    records = page.records(part)
    statistics = {"statistics": analysis.statistics(part["documents"])} if page.show_statistics else {}
    return {
        **statistics,
        "documents": [_document(record, page) for record in records if "classes" in record],
        "errors": [{"id": record["id"], "error": record["error"]} for record in records if "error" in record],
        "projectName": task.project,
        "deploymentName": task.deployment,
    }


def _document(record: JSON, page: Page) -> JSON:
    classes = [{"category": name, "confidenceScore": round(score, 2)} for name, score in record["classes"]]
    statistics: dict[str, Any] = {}
    if page.show_statistics:
        characters = record["characters"]
        counts = {"charactersCount": characters, "transactionsCount": transactions(characters)}
        statistics = {"statistics": counts}
    return {"id": record["id"], "class": classes, **statistics, "warnings": []}


DIALECT = Dialect(
    prefix=PREFIX,
    routes=(
        Route("POST", "/jobs", submit),
        Route("GET", "/jobs/<job>", status),
        Route("POST", "/jobs/<job>:cancel", cancel),
    ),
    versions=("2022-05-01", "2023-04-01"),
)
