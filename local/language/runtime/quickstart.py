"""The runtime protocol of the quickstart, `/text/analytics/v3.1-preview.ct.1`: its routes and bodies.

Responses have one of two shapes. "documented" is what the quickstart prints: tasks within tasks, `status`, `classes`,
and `completed` as the final status. "observed" was recorded from related protocols: the tasks beside their counters,
`state`, `classifications` (one `classification` for a single label), and `succeeded`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local.language.operations import analysis
from local.language.operations.analysis import Task
from local.language.operations.service import Service
from local.language.protocol.dialect import Call, Dialect, Reply, Route, milliseconds
from local.language.protocol.json_body import JSON, JsonBody
from local.language.protocol.service_errors import bad_parameter
from local.language.runtime.job_pages import FinishedTask, Page, counters, document_errors, documents_of, finished_tasks
from local.language.runtime.v3_tasks import RENAMED, errors, listed, next_link, requested_tasks
from local.language.state.records import MULTI, SINGLE, Job

PREFIX = "/text/analytics/v3.1-preview.ct.1"
TASKS = {"customMultiClassificationTasks": MULTI, "customClassificationTasks": SINGLE}
KEYS = {kind: key for key, kind in TASKS.items()}
STRING_INDEX_TYPES = ("TextElements_v8", "TextElement_v8", "UnicodeCodePoint", "Utf16CodeUnit")
NO_NAME = "NA"  # recorded: the name of a job without one


@dataclass(frozen=True)
class Shape:
    """The differences between the two shapes. `statuses`: the statuses that have another name."""

    state: str
    nested: bool
    statuses: Mapping[str, str]
    single: str
    multi: str


SHAPES = {
    "documented": Shape("status", nested=True, statuses={"succeeded": "completed"}, single="classes", multi="classes"),
    "observed": Shape("state", nested=False, statuses={}, single="classification", multi="classifications"),
}


def submit(call: Call, service: Service) -> Reply:
    body = call.body
    documents, name = documents_of(body), body.text("displayName", "")
    tasks = [_task(kind, item.body("parameters"), service) for kind, item in requested_tasks(body.body("tasks"), TASKS)]
    job = analysis.begin(service, documents, tasks, name)
    return Reply(202, headers={"operation-location": call.link(f"{PREFIX}/analyze/jobs", job.id)})


def status(call: Call, service: Service) -> Reply:
    page = Page.parse(call, "$skip", "$top")
    return Reply(200, _body(call, service, service.analyses.get(call.names["job"]), page))


def _task(kind: str, parameters: JsonBody, service: Service) -> Task:
    index_type = parameters.text("stringIndexType", STRING_INDEX_TYPES[0])
    if index_type.lower() not in map(str.lower, STRING_INDEX_TYPES):
        name = parameters.name("stringIndexType")
        raise bad_parameter(f"{name} must be one of {', '.join(STRING_INDEX_TYPES)}.", name)
    return analysis.published_task(service, parameters.text("modelId"), kind)


def _body(call: Call, service: Service, job: Job, page: Page) -> JSON:
    shape, finished = SHAPES[service.shape], finished_tasks(service, job)
    name, updated = _name(job), milliseconds(service.analyses.updated(job))
    step = service.analyses.step(job)
    word = shape.statuses.get(step, step)
    items = listed(finished, KEYS, lambda task: _item(job, task, shape, page))
    details = {"name": name, "lastUpdateDateTime": updated, shape.state: word}
    return {
        "createdDateTime": milliseconds(job.created),
        "displayName": name,
        "expirationDateTime": milliseconds(job.expires),
        "jobId": job.id,
        "lastUpdateDateTime": updated,
        "status": word,
        "errors": errors(job, finished, KEYS),
        "tasks": {
            "details": details,
            **counters(job, finished),
            **({"tasks": items} if shape.nested and items else items),
        },
        **next_link(call, page, finished),
    }


def _name(job: Job) -> str:
    return job.request["displayName"] or NO_NAME


def _item(job: Job, task: FinishedTask, shape: Shape, page: Page) -> JSON:
    item: JSON = {
        "lastUpdateDateTime": milliseconds(task.ended),
        "name": _name(job),
        shape.state: shape.statuses.get(task.status, task.status),
    }
    return item if task.status == "failed" else item | {"results": _results(task, shape, page)}


def _results(task: FinishedTask, shape: Shape, page: Page) -> JSON:
    records = page.records(task.result)
    results: JSON = {
        "documents": [_document(record, task.task, shape) for record in records if "classes" in record],
        "errors": document_errors(records),
    }
    shown = shape.nested or page.show_statistics  # the quickstart shows them without requesting them
    return results | ({"statistics": analysis.statistics(records)} if shown else {})


def _document(record: JSON, task: Task, shape: Shape) -> JSON:
    classes = [{"category": name, "confidenceScore": score} for name, score in record["classes"]]
    one_class = task.kind == SINGLE and not shape.nested
    return {
        "id": record["id"],
        shape.single if one_class else shape.multi: classes[0] if one_class else classes,
        "warnings": [],
    }


DIALECT = Dialect(
    prefix=PREFIX,
    routes=(Route("POST", "/analyze", submit), Route("GET", "/analyze/jobs/<job>", status)),
    renamed=RENAMED,
)
