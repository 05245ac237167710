"""The runtime protocol `/text/analytics/v3.2-preview.2`, the nearest to the quickstart that a client of Azure uses.

The status of a task is called `state` (recorded) or `status` (documented, and read by the Python client), depending on
the shape of the service: "observed" or "documented".
"""

from __future__ import annotations

from local.language.operations import analysis
from local.language.operations.analysis import Task
from local.language.operations.service import Service
from local.language.protocol.dialect import Call, Dialect, Reply, Route, seconds, ticks
from local.language.protocol.json_body import JSON, JsonBody
from local.language.runtime import v3_tasks
from local.language.runtime.job_pages import (
    FinishedTask,
    Page,
    counters,
    document_errors,
    document_statistics,
    documents_of,
    finished_tasks,
)
from local.language.state.records import MULTI, SINGLE, Job

PREFIX = "/text/analytics/v3.2-preview.2"
TASKS = {"customSingleClassificationTasks": SINGLE, "customMultiClassificationTasks": MULTI}
KEYS = {kind: key for key, kind in TASKS.items()}
STATE = {"documented": "status", "observed": "state"}
OTHERS = (  # its Python client sends all of them, empty
    "entityRecognitionTasks",
    "entityRecognitionPiiTasks",
    "keyPhraseExtractionTasks",
    "entityLinkingTasks",
    "sentimentAnalysisTasks",
    "extractiveSummarizationTasks",
    "customEntityRecognitionTasks",
)


def submit(call: Call, service: Service) -> Reply:
    body = call.body
    documents, name = documents_of(body), body.text("displayName", "")
    tasks = [_task(kind, item, service) for kind, item in v3_tasks.requested_tasks(body.body("tasks"), TASKS, OTHERS)]
    job = analysis.begin(service, documents, tasks, name)
    return Reply(202, headers={"operation-location": call.link(f"{PREFIX}/analyze/jobs", job.id)})


def status(call: Call, service: Service) -> Reply:
    page = Page.parse(call, "$skip", "$top")
    return Reply(200, _body(call, service, service.analyses.get(call.names["job"]), page))


def _task(kind: str, item: JsonBody, service: Service) -> Task:
    parameters = item.body("parameters")
    parameters.flag("loggingOptOut", False)
    project, place = parameters.text("project-name"), parameters.text("deployment-name")
    return analysis.deployed_task(service, project, place, kind, item.text("taskName", ""))


def _body(call: Call, service: Service, job: Job, page: Page) -> JSON:
    name, finished = job.request["displayName"], finished_tasks(service, job)
    items = v3_tasks.listed(finished, KEYS, lambda task: _item(task, STATE[service.shape], page))
    return {
        "jobId": job.id,
        "lastUpdateDateTime": seconds(service.analyses.updated(job)),
        "createdDateTime": seconds(job.created),
        "expirationDateTime": seconds(job.expires),
        "status": service.analyses.step(job),
        **({"displayName": name} if name else {}),
        "errors": v3_tasks.errors(job, finished, KEYS),
        "tasks": {**counters(job, finished), **items},
        **v3_tasks.next_link(call, page, finished),
    }


def _item(task: FinishedTask, state: str, page: Page) -> JSON:
    item: JSON = {
        "lastUpdateDateTime": ticks(task.ended),
        **({"taskName": task.task.name} if task.task.name else {}),
        state: task.status,
    }
    return item if task.status == "failed" else item | {"results": _results(task, page)}


def _results(task: FinishedTask, page: Page) -> JSON:
    records = page.records(task.result)
    return {
        **({"statistics": analysis.statistics(records)} if page.show_statistics else {}),
        "documents": [_document(record, task.task, page) for record in records if "classes" in record],
        "errors": document_errors(records),
        "projectName": task.task.project,
        "deploymentName": task.task.deployment,
    }


def _document(record: JSON, task: Task, page: Page) -> JSON:
    classes = [{"category": name, "confidenceScore": round(score, 2)} for name, score in record["classes"]]
    class_field = {"classification": classes[0]} if task.kind == SINGLE else {"classifications": classes}
    return {"id": record["id"], **class_field, **document_statistics(record, page), "warnings": []}


DIALECT = Dialect(
    prefix=PREFIX,
    routes=(Route("POST", "/analyze", submit), Route("GET", "/analyze/jobs/<job>", status)),
    renamed=v3_tasks.RENAMED,
)
