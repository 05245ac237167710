"""The quickstart's sibling that the service's own clients speak, `/text/analytics/v3.2-preview.2`: wire shapes only.

Whether a task's state is called `state`, as was recorded, or `status`, as its description has it and its Python client
reads it, is a matter of the service's shape: "observed" or "documented".
"""

from __future__ import annotations

from local.language.operations import analysis
from local.language.operations.analysis import Task
from local.language.operations.service import Service
from local.language.protocol.dialect import Call, Dialect, Reply, Route, seconds, ticks
from local.language.protocol.json_body import JSON, JsonBody
from local.language.runtime import v3_tasks
from local.language.runtime.job_pages import (
    Finished,
    Page,
    counters,
    document_errors,
    document_statistics,
    documents_of,
    finished,
)
from local.language.state.records import MULTI, SINGLE, Job

PREFIX = "/text/analytics/v3.2-preview.2"
TASKS = {"customSingleClassificationTasks": SINGLE, "customMultiClassificationTasks": MULTI}
KEYS = {kind: key for key, kind in TASKS.items()}
STATE = {"documented": "status", "observed": "state"}
OTHERS = (  # its Python client sends them all, empty
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
    tasks = [_task(kind, item, service) for kind, item in v3_tasks.asked(body.body("tasks"), TASKS, OTHERS)]
    job = analysis.begin(service, documents, tasks, name)
    return Reply(202, headers={"operation-location": call.link(f"{PREFIX}/analyze/jobs", job.id)})


def status(call: Call, service: Service) -> Reply:
    page = Page.of(call, "$skip", "$top")
    return Reply(200, _body(call, service, service.analyses.get(call.names["job"]), page))


def _task(kind: str, item: JsonBody, service: Service) -> Task:
    parameters = item.body("parameters")
    parameters.flag("loggingOptOut", False)
    project, place = parameters.text("project-name"), parameters.text("deployment-name")
    return analysis.deployed(service, project, place, kind, item.text("taskName", ""))


def _body(call: Call, service: Service, job: Job, page: Page) -> JSON:
    name, found = job.request["displayName"], finished(service, job)
    items = v3_tasks.listed(found, KEYS, lambda one: _item(one, STATE[service.shape], page))
    return {
        "jobId": job.id,
        "lastUpdateDateTime": seconds(service.analyses.updated(job)),
        "createdDateTime": seconds(job.created),
        "expirationDateTime": seconds(job.expires),
        "status": service.analyses.step(job),
        **({"displayName": name} if name else {}),
        "errors": v3_tasks.errors(job, found, KEYS),
        "tasks": {**counters(job, found), **items},
        **v3_tasks.next_link(call, page, found),
    }


def _item(one: Finished, state: str, page: Page) -> JSON:
    item: JSON = {
        "lastUpdateDateTime": ticks(one.at),
        **({"taskName": one.task.name} if one.task.name else {}),
        state: one.status,
    }
    return item if one.status == "failed" else item | {"results": _results(one, page)}


def _results(one: Finished, page: Page) -> JSON:
    records = page.records(one.part)
    return {
        **({"statistics": analysis.statistics(records)} if page.show_statistics else {}),
        "documents": [_document(record, one.task, page) for record in records if "classes" in record],
        "errors": document_errors(records),
        "projectName": one.task.project,
        "deploymentName": one.task.deployment,
    }


def _document(record: JSON, task: Task, page: Page) -> JSON:
    classes = [{"category": name, "confidenceScore": round(score, 2)} for name, score in record["classes"]]
    found = {"classification": classes[0]} if task.kind == SINGLE else {"classifications": classes}
    return {"id": record["id"], **found, **document_statistics(record, page), "warnings": []}


DIALECT = Dialect(
    prefix=PREFIX,
    routes=(Route("POST", "/analyze", submit), Route("GET", "/analyze/jobs/<job>", status)),
    renamed=v3_tasks.RENAMED,
)
