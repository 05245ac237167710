"""The quickstart's runtime protocol, `/text/analytics/v3.1-preview.ct.1`: routes and wire shapes only.

Its answers come in two shapes. "documented" is what the quickstart prints: tasks within tasks, `status`, `classes`, and
`completed` as the last word. "observed" is what its siblings were recorded to send: the tasks beside their counters,
`state`, `classifications` (for a single label one `classification`), and `succeeded`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from local.language import analysis
from local.language.analysis import Task
from local.language.body import JSON, Body
from local.language.errors import bad_parameter, invalid
from local.language.results import Page, counters, documents_of, parts
from local.language.service import Service
from local.language.values import MULTI, SINGLE, Job
from local.language.wire import Call, Dialect, Reply, Route, milliseconds

PREFIX = "/text/analytics/v3.1-preview.ct.1"
TASKS = {"customMultiClassificationTasks": MULTI, "customClassificationTasks": SINGLE}
KEYS = {kind: key for key, kind in TASKS.items()}
STRING_INDEX_TYPES = ("TextElements_v8", "TextElement_v8", "UnicodeCodePoint", "Utf16CodeUnit")
NO_NAME = "NA"  # recorded: what a job is called whose caller gave it no name


@dataclass(frozen=True)
class Shape:
    """The words that the two shapes differ in. `statuses`: what ours are called where they differ."""

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
    job = analysis.begin(service, documents, _tasks(body.body("tasks"), service), name)
    return Reply(202, headers={"operation-location": call.link(f"{PREFIX}/analyze/jobs", job.id)})


def status(call: Call, service: Service) -> Reply:
    page = Page.of(call, "$skip", "$top")
    return Reply(200, _body(call, service, service.analyses.get(call.names["job"]), page))


def _tasks(body: Body, service: Service) -> list[Task]:
    unknown = [name for name in body.fields if name not in TASKS]
    if unknown or not body.fields:
        raise invalid("InvalidTask in AnalyzeInput")  # reported from the service
    found = [(kind, item) for name, kind in TASKS.items() if body.has(name) for item in _only(body, name)]
    if not found:
        raise invalid("InvalidTask in AnalyzeInput")
    return [_task(kind, item.body("parameters"), service) for kind, item in found]


def _only(body: Body, name: str) -> list[Body]:
    items = body.bodies(name)
    if len(items) > 1:
        raise bad_parameter("You can't specify the same task more than once.", body.name(name))
    return items


def _task(kind: str, parameters: Body, service: Service) -> Task:
    index_type = parameters.text("stringIndexType", STRING_INDEX_TYPES[0])
    if index_type not in STRING_INDEX_TYPES:
        name = parameters.name("stringIndexType")
        raise bad_parameter(f"{name} must be one of {', '.join(STRING_INDEX_TYPES)}.", name)
    return analysis.published(service, parameters.text("modelId"), kind)


def _body(call: Call, service: Service, job: Job, page: Page) -> JSON:
    shape = SHAPES[service.shape]
    name, updated = _name(job), milliseconds(service.analyses.updated(job))
    step = service.analyses.step(job)
    word = shape.statuses.get(step, step)
    found = _items(job, shape, page)
    details = {"name": name, "lastUpdateDateTime": updated, shape.state: word}
    body: JSON = {
        "createdDateTime": milliseconds(job.created),
        "displayName": name,
        "expirationDateTime": milliseconds(job.expires),
        "jobId": job.id,
        "lastUpdateDateTime": updated,
        "status": word,
        "errors": _errors(job),
        "tasks": {"details": details, **counters(job), **({"tasks": found} if shape.nested and found else found)},
    }
    return body | ({"@nextLink": _next(call, page)} if page.followed(job) else {})


def _name(job: Job) -> str:
    return job.asked["displayName"] or NO_NAME


def _next(call: Call, page: Page) -> str:
    return call.link(call.path, **{**call.query, "$skip": page.skip + page.top, "$top": page.top})


def _errors(job: Job) -> list[JSON]:
    faults = [fault.wire() for fault in job.ending.errors] if job.ending else []
    found = zip((task["kind"] for task in job.asked["tasks"]), parts(job), strict=False)
    return faults + [{**part["fault"], "target": f"#/tasks/{KEYS[kind]}/0"} for kind, part in found if "fault" in part]


def _items(job: Job, shape: Shape, page: Page) -> JSON:
    """The arrays of tasks; none before the job has ended."""
    found = zip((Task(**task) for task in job.asked["tasks"]), parts(job), strict=False)
    return {KEYS[task.kind]: [_item(job, task, part, shape, page)] for task, part in found}


def _item(job: Job, task: Task, part: JSON, shape: Shape, page: Page) -> JSON:
    step = "failed" if "fault" in part else "succeeded"
    found: JSON = {
        "lastUpdateDateTime": milliseconds(job.ended or job.created),
        "name": _name(job),
        shape.state: shape.statuses.get(step, step),
    }
    return found if "fault" in part else found | {"results": _results(task, part, shape, page)}


def _results(task: Task, part: JSON, shape: Shape, page: Page) -> JSON:
    records = page.records(part)
    found: JSON = {
        "documents": [_document(record, task, shape) for record in records if "classes" in record],
        "errors": [{"id": record["id"], "error": record["error"]} for record in records if "error" in record],
    }
    shown = shape.nested or page.show_statistics  # the quickstart shows them without having asked for them
    return found | ({"statistics": analysis.statistics(part["documents"])} if shown else {})


def _document(record: JSON, task: Task, shape: Shape) -> JSON:
    classes = [{"category": name, "confidenceScore": score} for name, score in record["classes"]]
    one = task.kind == SINGLE and not shape.nested
    return {"id": record["id"], shape.single if one else shape.multi: classes[0] if one else classes, "warnings": []}


DIALECT = Dialect(
    prefix=PREFIX,
    routes=(Route("POST", "/analyze", submit), Route("GET", "/analyze/jobs/<job>", status)),
    renamed={"MissingInputDocuments": "MissingInputRecords"},
)
