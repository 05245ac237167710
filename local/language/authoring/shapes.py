"""The bodies of requests and responses of the current authoring protocol."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.language.engine import ClassFigures, Evaluation, Prediction
from local.language.operations import deployments, training
from local.language.operations.projects import Draft, labels_of
from local.language.operations.service import Service
from local.language.protocol.dialect import seconds, ticks, without_none
from local.language.protocol.json_body import JSON, JsonBody
from local.language.protocol.service_errors import bad_parameter
from local.language.state.labels_file import exported, parse
from local.language.state.model_evaluation import ModelEvaluation
from local.language.state.project_kinds import CURRENT, NO_CLASS, current_kind
from local.language.state.records import SINGLE, Deployment, EvaluationOptions, Job, Labels, Model, Project

OLDEST = "2022-05-01"  # the only api-version without snapshots
NO_DATE = "0001-01-01T00:00:00Z"
RESULT_NAMES = {"single": "customSingleLabelClassification", "multi": "customMultiLabelClassification"}


def draft(body: JsonBody, name: str, *, named: bool = True) -> Draft:
    """The project that a body of CreateProject describes, or the metadata of an import.

    In an import `projectName` may be null (recorded).
    """
    kind = current_kind(body.text("projectKind"))
    container, language = body.text("storageInputContainerName"), body.text("language")
    if named or body.has("projectName"):
        _require_name(body, name)
    return Draft(kind, container, language, **_optionals(body))


def patch(body: JsonBody, name: str) -> Mapping[str, Any]:
    """The changes in a merge-patch of an existing project."""
    if body.has("projectName"):
        _require_name(body, name)
    changes: JSON = {"kind": current_kind(body.text("projectKind"))} if body.has("projectKind") else {}
    renamed = {"container": "storageInputContainerName", "language": "language"}
    changes |= {field: body.text(name) for field, name in renamed.items() if body.has(name)}
    return changes | without_none(_optionals(body))


def assets(body: JsonBody, kind: str) -> Labels:
    if not body.has("assets"):
        return Labels()
    assets_body = body.body("assets")
    if assets_body.has("projectKind") and current_kind(assets_body.text("projectKind")) != kind:
        raise bad_parameter("assets.projectKind and metadata.projectKind differ.", "assets.projectKind")
    return parse(body, kind)


def training_options(body: JsonBody) -> EvaluationOptions:
    """The options of a training. Raises a 400 ServiceError for a split or a configuration that is not supported."""
    if body.text("trainingConfigVersion") not in ("latest", training.CONFIG):
        raise bad_parameter(f"trainingConfigVersion must be latest or {training.CONFIG}.", "trainingConfigVersion")
    return evaluation_options(body.body("evaluationOptions", {}))


def evaluation_options(options: JsonBody) -> EvaluationOptions:
    """How documents are held out. Raises a 400 ServiceError for a split that is not supported."""
    kind = options.text("kind", "percentage").lower()
    if kind not in ("percentage", "manual"):
        raise bad_parameter(f"{options.name('kind')} must be percentage or manual.", options.name("kind"))
    shares = options.whole("trainingSplitPercentage", 80), options.whole("testingSplitPercentage", 20)
    if kind == "percentage" and (sum(shares) != 100 or min(shares) < 0):  # noqa: PLR2004
        raise bad_parameter("trainingSplitPercentage and testingSplitPercentage must sum to 100.", "evaluationOptions")
    return EvaluationOptions(kind, *shares)


def patched_body(project: Project) -> JSON:
    """The response to a change of a project: the service sends zero for both dates (recorded)."""
    return project_body(project) | {"createdDateTime": NO_DATE, "lastModifiedDateTime": NO_DATE}


def project_body(project: Project) -> JSON:
    return without_none(
        {
            "createdDateTime": seconds(project.created),
            "lastModifiedDateTime": seconds(project.modified),
            **_metadata(project),
        }
    )


def job_body(service: Service, job: Job) -> JSON:
    errors = [fault.wire() for fault in job.ending.errors] if job.ending else []
    body = {
        "jobId": job.id,
        "createdDateTime": seconds(job.created),
        "lastUpdatedDateTime": seconds(service.authoring.updated(job)),
        "expirationDateTime": seconds(job.expires),
        "status": _status(service.authoring.step(job)),
    }
    return body | ({"errors": errors} if errors else {})


def training_body(service: Service, job: Job) -> JSON:
    body: JSON = {"result": _progress(service, job), **job_body(service, job)}
    if job.ending or job.cancellation:
        body["warnings"] = [fault.wire() for fault in job.ending.warnings] if job.ending else []
    return body


def options_body(options: EvaluationOptions) -> JSON:
    if options.kind == "manual":
        return {"kind": "manual"}
    shares = {"trainingSplitPercentage": options.training, "testingSplitPercentage": options.testing}
    return {"kind": options.kind, **shares}


def model_body(service: Service, model: Model, version: str) -> JSON:
    body = {
        "label": model.label,
        "modelId": model.id,
        "lastTrainedDateTime": seconds(model.trained),
        "lastTrainingDurationInSeconds": model.seconds,
        "modelExpirationDate": f"{training.expires(model.trained):%Y-%m-%d}",
        "modelTrainingConfigVersion": model.config,
    }
    return body if version == OLDEST else body | {"hasSnapshot": service.state.snapshots.get(model.id) is not None}


def deployment_body(deployment: Deployment, version: str) -> JSON:
    """A deployment; in previews with the other resources it is deployed to."""
    others = [{"resourceId": resource.id, "region": resource.region} for resource in deployment.resources]
    return {
        "deploymentName": deployment.name,
        "modelId": deployment.model.id,
        "lastTrainedDateTime": seconds(deployment.model.trained),
        "lastDeployedDateTime": seconds(deployment.deployed),
        "deploymentExpirationDate": f"{deployments.expires(deployment.deployed):%Y-%m-%d}",
        "modelTrainingConfigVersion": deployment.model.config,
        **({"assignedResources": others} if version.endswith("-preview") else {}),
    }


def evaluation_summary(kind: str, evaluated: ModelEvaluation) -> JSON:
    evaluation = evaluated.evaluation
    classes = {name: _figures(figures) for name, figures in evaluation.classes.items()}
    averages = {
        f"{over}{name}": getattr(evaluation, f"{over}_{name.lower()}")
        for over in ("micro", "macro")
        for name in ("F1", "Precision", "Recall")
    }
    summary: JSON = {"classes": classes, **averages}
    if kind == SINGLE:
        classes[NO_CLASS] = _figures(ClassFigures(0.0, 0.0, 0.0, 0, 0, 0, 0))
        summary = {"confusionMatrix": _confusion(evaluation), **summary}
    return {
        "projectKind": CURRENT[kind],
        "evaluationOptions": options_body(evaluated.options),
        f"{RESULT_NAMES[kind]}Evaluation": summary,
    }


def document_evaluation(project: Project, document: Prediction) -> JSON:
    result: JSON = {"expectedClasses": list(document.expected), "predictedClasses": list(document.predicted)}
    if project.kind == SINGLE:
        result = {"expectedClass": document.expected[0], "predictedClass": document.predicted[0]}
    return {
        "location": document.location,
        "language": document.language,
        "projectKind": CURRENT[project.kind],
        f"{RESULT_NAMES[project.kind]}Result": result,
    }


def export_body(project: Project, labels: Mapping[str, Any]) -> JSON:
    """An exported project, which can be imported again."""
    return {
        "projectFileVersion": training.CONFIG,
        "stringIndexType": "Utf16CodeUnit",
        "metadata": without_none(_metadata(project)),
        "assets": {"projectKind": CURRENT[project.kind], **exported(labels_of(labels), project.kind)},
    }


def _metadata(project: Project) -> JSON:
    return {
        "projectKind": CURRENT[project.kind],
        "storageInputContainerName": project.container,
        "projectName": project.name,
        "multilingual": project.multilingual,
        "description": project.description,
        "language": project.language,
        "settings": project.settings or None,
    }


def _require_name(body: JsonBody, name: str) -> None:
    if body.text("projectName") != name:
        raise bad_parameter("projectName differs from the name of the project in the URL.", body.name("projectName"))


def _optionals(body: JsonBody) -> JSON:
    """The optional fields of a project; None for a field that is missing."""
    return {
        "multilingual": body.flag("multilingual") if body.has("multilingual") else None,
        "description": body.text("description") if body.has("description") else None,
        "settings": _settings(body.body("settings")) if body.has("settings") else None,
    }


def _settings(body: JsonBody) -> JSON:
    if body.has("confidenceThreshold"):
        body.number("confidenceThreshold", least=0, most=1)
    return body.fields


def _status(step: str) -> str:
    """The status of a job: the steps of a training all show as running."""
    return "running" if step in ("training", "evaluating", "evaluated") else step


def _progress(service: Service, job: Job) -> JSON:
    """The `result` of a training: the status of its two parts, as recorded."""
    step, moments = service.authoring.step(job), service.authoring.moments(job)
    parts = _parts(_step_of_parts(job, step), moments, job.ended, service.authoring.percent(job))
    result = {
        "modelLabel": job.request["model"],
        "trainingConfigVersion": training.CONFIG,
        "trainingStatus": parts[0],
        "evaluationStatus": parts[1],
    }
    estimate = {"estimatedEndDateTime": ticks(moments[-1])}
    return result | (estimate if step in ("training", "evaluating") else {})


def _step_of_parts(job: Job, step: str) -> str:
    """A training that is cancelling, or succeeded after a cancellation, shows its parts as of the cancellation."""
    if not job.cancellation or step == "cancelled":
        return step
    stopped = job.cancellation.step
    return "unevaluated" if (step, stopped) == ("succeeded", "evaluating") else stopped


def _parts(step: str, moments: tuple[datetime, ...], ended: datetime | None, percent: int) -> tuple[JSON, JSON]:
    """`percent`: of a training that is running."""
    _, began, trained, evaluated, _ = moments
    waiting = _part("notStarted")
    done = _part("succeeded", began, trained), _part("succeeded", trained, evaluated)
    steps: dict[str, tuple[JSON, JSON]] = {
        "training": (_part("running", began) | {"percentComplete": percent}, waiting),
        "evaluating": (done[0], _part("running")),
        "evaluated": done,
        "succeeded": done,
        "failed": (_part("failed", began, ended), waiting),
        "cancelled": (_part("cancelled"), waiting),  # recorded for another kind of project
        "unevaluated": (done[0], _part("cancelled")),
    }
    return steps.get(step, (waiting, waiting))


def _part(status: str, start: datetime | None = None, end: datetime | None = None) -> JSON:
    times = {"startDateTime": start and ticks(start), "endDateTime": end and ticks(end)}
    return {"percentComplete": 100 if status == "succeeded" else 0, **without_none(times), "status": status}


def _figures(class_figures: ClassFigures) -> JSON:
    return {
        "f1": class_figures.f1,
        "precision": class_figures.precision,
        "recall": class_figures.recall,
        "truePositiveCount": class_figures.true_positives,
        "trueNegativeCount": class_figures.true_negatives,
        "falsePositiveCount": class_figures.false_positives,
        "falseNegativeCount": class_figures.false_negatives,
    }


def _confusion(evaluation: Evaluation) -> JSON:
    """Counts, and their percentage of the row. Cells of zero are left out (recorded)."""
    rows: JSON = {
        expected: {
            predicted: {"normalizedValue": 100 * count / sum(row.values()), "rawValue": float(count)}
            for predicted, count in row.items()
        }
        for expected, row in evaluation.confusion.items()
    }
    return rows | {NO_CLASS: {}}
