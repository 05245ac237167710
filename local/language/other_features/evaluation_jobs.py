"""Evaluates a trained model again, on the documents of its project. Independent of protocols."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import asdict

from local.language import engine
from local.language.jobs.runner import Effect
from local.language.operations.evaluations import trained_model
from local.language.operations.service import Service
from local.language.operations.training import examples_of, split_of
from local.language.protocol.service_errors import ServiceError, WireError, conflict
from local.language.state.model_evaluation import ModelEvaluation
from local.language.state.records import Ending, EvaluationOptions, Job, Project
from local.language.state.state import model


def begin(service: Service, name: str, label: str, options: EvaluationOptions) -> Job:
    """Begins an evaluation with the labels that the project has then. Raises a 404 ServiceError."""
    evaluated = model(service.state.project(name), label)
    return service.begin("evaluate", name, request={"model": label, "id": evaluated.id, "options": asdict(options)})


def evaluating(service: Service, job: Job) -> Effect:
    """The work: reads the labelled texts, and classifies those that the split holds out."""
    with service.state.lock:
        project = service.state.project(job.project)
        trained = trained_model(service, _same_model(project, job))
    examples, warnings = examples_of(service, job, project)
    try:
        evaluation = engine.evaluate_again(trained, examples, project.labels.classes, split_of(job))
    except engine.TrainingError as error:
        raise ServiceError(400, WireError("InvalidRequest", str(error))) from error
    return lambda at: _keep(service, job, evaluation, warnings, at)


def _same_model(project: Project, job: Job) -> str:
    """The id of the model. Raises a 409 ServiceError if the label has another model since."""
    trained = model(project, job.request["model"])
    if trained.id != job.request["id"]:
        raise conflict(f"The model {trained.label!r} was trained again meanwhile: evaluate it again.")
    return trained.id


def _keep(
    service: Service, job: Job, evaluation: engine.Evaluation, warnings: tuple[WireError, ...], at: datetime
) -> Ending:
    name = _same_model(service.state.project(job.project), job)
    options = EvaluationOptions(**job.request["options"])
    service.state.evaluations.put(name, ModelEvaluation(at, options, evaluation))
    return Ending(warnings=warnings)
