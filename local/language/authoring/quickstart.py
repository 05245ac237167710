"""The authoring protocol of the quickstart, `/language/text/authoring/v1.0-preview.2`: its routes and bodies.

Its only description is the quickstart. What that leaves open is decided here: the status codes of create (201) and
delete (204), the final statuses of a job (succeeded, failed), and that evaluation and validation both use the documents
held out from the training.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.language.engine import ClassFigures, Evaluation
from local.language.operations import deployments, evaluations, projects, training
from local.language.operations.service import QUICKSTART_LIFETIME, Service
from local.language.protocol.dialect import AUTHORING_HEADERS, Call, Dialect, Reply, Route, milliseconds
from local.language.protocol.json_body import JSON, JsonBody
from local.language.protocol.service_errors import WireError, malformed
from local.language.state.project_kinds import QUICKSTART, quickstart_kind
from local.language.state.records import SINGLE, EvaluationOptions, Job, Project

PREFIX = "/language/text/authoring/v1.0-preview.2"
STATUS = {"notStarted": "notStarted", "succeeded": "succeeded", "failed": "failed", "cancelled": "cancelled"}
COUNTER = {"succeeded": "completed", "failed": "failed", "cancelled": "failed", "inProgress": "inProgress"}
EVALUATION = {  # the status of the evaluation by the step of the training
    "evaluating": "inProgress",
    "evaluated": "succeeded",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
}
SPLIT = EvaluationOptions("percentage", 80, 20)


def create_project(call: Call, service: Service) -> Reply:
    body = call.body
    draft = projects.Draft(
        kind=quickstart_kind(body.text("modelType")),
        container=body.text("storageInputContainerName"),
        language=body.text("culture", "en-us"),
        multilingual=body.flag("multiLingual", False),
        description=body.text("description", ""),
    )
    projects.create_from_file(service, body.text("name"), draft, body.text("labelsLocation"))
    return Reply(201)


def delete_project(call: Call, service: Service) -> Reply:
    projects.delete(service, call.names["project"])
    return Reply(204)


def train(call: Call, service: Service) -> Reply:
    job = training.begin(service, call.names["project"], _model_name(call.body), SPLIT, QUICKSTART_LIFETIME)
    return _accepted(call, job, "/train/jobs")


def training_status(call: Call, service: Service) -> Reply:
    job = service.job(call.names["project"], ("train",), call.names["job"])
    evaluation = EVALUATION.get(service.authoring.step(job), "notStarted")
    evaluated = {"status": evaluation, "lastUpdatedDateTime": milliseconds(service.authoring.updated(job))}
    return _job(service, job, {"trainingModelName": job.request["model"], "evaluationStatus": evaluated})


def publish(call: Call, service: Service) -> Reply:
    job = deployments.begin_publish(service, call.names["project"], _model_name(call.body))
    return _accepted(call, job, "/publish/jobs")


def publishing_status(call: Call, service: Service) -> Reply:
    job = service.job(call.names["project"], ("publish",), call.names["job"])
    result = job.ending.result if job.ending else {}
    return _job(service, job, {"modelId": result["modelId"]} if result else {})


def evaluation(call: Call, service: Service) -> Reply:
    project, measured = _evaluation(call, service)
    return _by_kind(project, "Evaluation", _figures(measured))


def validation(call: Call, service: Service) -> Reply:
    project, measured = _evaluation(call, service)
    documents = [
        {
            "classes": {"labeledClasses": list(document.expected), "predictedClasses": list(document.predicted)},
            "location": document.location,
            "culture": document.language,
        }
        for document in measured.documents
    ]
    return _by_kind(project, "Validation", {"documents": documents})


def _model_name(body: JsonBody) -> str:
    tasks = body.bodies("tasks")
    if len(tasks) != 1:
        raise malformed("tasks must hold exactly one task.", "tasks")
    return tasks[0].text("trainingModelName")


def _accepted(call: Call, job: Job, jobs: str) -> Reply:
    return Reply(202, headers={"location": call.link(f"{PREFIX}/projects", job.project, jobs, job.id)})


def _job(service: Service, job: Job, task: Mapping[str, Any]) -> Reply:
    """The reply for a job, which has exactly one task."""
    status = STATUS.get(service.authoring.step(job), "inProgress")
    updated = milliseconds(service.authoring.updated(job))
    faults = job.ending.errors if job.ending else ()
    counts = {name: int(COUNTER.get(status) == name) for name in ("inProgress", "completed", "failed")}
    return Reply(
        200,
        {
            "tasks": [{**task, "status": status, "lastUpdatedDateTime": updated, **_error(faults)}],
            **counts,
            "total": 1,
            "jobId": job.id,
            "createdDateTime": milliseconds(job.created),
            "lastUpdatedDateTime": updated,
            "expirationDateTime": milliseconds(job.expires),
            "status": status,
            "errors": [fault.wire() for fault in faults],
        },
    )


def _error(faults: tuple[WireError, ...]) -> JSON:
    return {"error": faults[0].wire()} if faults else {}


def _evaluation(call: Call, service: Service) -> tuple[Project, Evaluation]:
    label = call.required("trainingModelName")
    project = service.state.project(call.names["project"])
    return project, evaluations.latest(service, project, label).evaluation


def _by_kind(project: Project, name: str, body: JSON) -> Reply:
    """With a field for each kind of project; the one of the other kind is null."""
    single = project.kind == SINGLE
    return Reply(
        200,
        {
            "modelType": QUICKSTART[project.kind],
            f"singleClassification{name}": body if single else None,
            f"multiClassification{name}": None if single else body,
        },
    )


def _figures(evaluation: Evaluation) -> JSON:
    return {
        "classes": {name: _class_figures(figures) for name, figures in evaluation.classes.items()},
        "microF1": evaluation.micro_f1,
        "microPrecision": evaluation.micro_precision,
        "microRecall": evaluation.micro_recall,
        "macroF1": evaluation.macro_f1,
        "macroPrecision": evaluation.macro_precision,
        "macroRecall": evaluation.macro_recall,
    }


def _class_figures(figures: ClassFigures) -> JSON:
    return {
        "f1": figures.f1,
        "precision": figures.precision,
        "recall": figures.recall,
        "countTruePositives": figures.true_positives,
        "countTrueNegatives": figures.true_negatives,
        "countFalsePositives": figures.false_positives,
        "countFalseNegatives": figures.false_negatives,
    }


_P = "/projects/<project>"
DIALECT = Dialect(
    prefix=PREFIX,
    routes=(
        Route("POST", "/projects", create_project, locked=False),
        Route("DELETE", _P, delete_project),
        Route("POST", f"{_P}/train", train),
        Route("GET", f"{_P}/train/jobs/<job>", training_status),
        Route("GET", f"{_P}/evaluation", evaluation),
        Route("GET", f"{_P}/validation", validation),
        Route("POST", f"{_P}/publish", publish),
        Route("GET", f"{_P}/publish/jobs/<job>", publishing_status),
    ),
    headers=AUTHORING_HEADERS,
)
