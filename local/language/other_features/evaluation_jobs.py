"""Evaluates a trained model again, on the documents of its project, in the words of no protocol."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import asdict

from local.language import engine
from local.language.jobs.runner import Effect
from local.language.operations.evaluations import trained_model
from local.language.operations.service import Service
from local.language.operations.training import examples_of, split_of
from local.language.protocol.service_errors import ServiceError, WireError, conflict
from local.language.state.evaluated import ModelEvaluation
from local.language.state.records import Ending, EvaluationOptions, Job, Project
from local.language.state.state import model


def begin(service: Service, name: str, label: str, options: EvaluationOptions) -> Job:
    """Of a trained model, on the project's documents as they are then. Raises a 404 ServiceError."""
    found = model(service.state.project(name), label)
    return service.begin("evaluate", name, request={"model": label, "id": found.id, "options": asdict(options)})


def evaluating(service: Service, job: Job) -> Effect:
    """Reads the labelled texts, and has the model classify those that the split holds out."""
    with service.state.lock:
        project = service.state.project(job.project)
        trained = trained_model(service, _same_model(project, job))
    examples, warnings = examples_of(service, job, project)
    try:
        found = engine.evaluate_again(trained, examples, project.labels.classes, split_of(job))
    except engine.TrainingError as error:
        raise ServiceError(400, WireError("InvalidRequest", str(error))) from error
    return lambda at: _keep(service, job, found, warnings, at)


def _same_model(project: Project, job: Job) -> str:
    """Raises a 409 ServiceError if the label has got another model since."""
    found = model(project, job.request["model"])
    if found.id != job.request["id"]:
        raise conflict(f"The model {found.label!r} was trained again meanwhile: evaluate it again.")
    return found.id


def _keep(
    service: Service, job: Job, found: engine.Evaluation, warnings: tuple[WireError, ...], at: datetime
) -> Ending:
    name = _same_model(service.state.project(job.project), job)
    options = EvaluationOptions(**job.request["options"])
    service.state.evaluations.put(name, ModelEvaluation(at, options, found))
    return Ending(warnings=warnings)
