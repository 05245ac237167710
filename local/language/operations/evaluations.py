"""Evaluations of models: the one their training made, or one made anew, in no protocol's words."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import datetime

from local.language import engine
from local.language.jobs.runner import Effect
from local.language.operations.service import Service
from local.language.operations.training import NOT_EVALUATED, examples_of, split_of
from local.language.protocol.service_errors import Fault, ServiceError, conflict, not_found
from local.language.state.evaluated import Evaluated
from local.language.state.records import Ending, EvaluationOptions, Job, Project
from local.language.state.state import model

logger = logging.getLogger(__name__)


def latest(service: Service, project: Project, label: str) -> Evaluated:
    """How the model did on the documents that were last held out for it. Raises a 404 ServiceError."""
    found = model(project, label)
    if anew := service.state.evaluations.get(found.id):
        return anew
    first = _trained(service, found.id).evaluation
    if first is None:
        raise not_found(NOT_EVALUATED)
    return Evaluated(found.trained, found.options, first)


def begin(service: Service, name: str, label: str, options: EvaluationOptions) -> Job:
    """Of a trained model, on the project's documents as they are then. Raises a 404 ServiceError."""
    found = model(service.state.project(name), label)
    return service.begin("evaluate", name, asked={"model": label, "id": found.id, "options": asdict(options)})


def evaluating(service: Service, job: Job) -> Effect:
    """Reads the labelled texts, and has the model classify those that the split holds out."""
    with service.state.lock:
        project = service.state.project(job.project)
        trained = _trained(service, _same_model(project, job))
    examples, warnings = examples_of(service, job, project)
    try:
        found = engine.evaluate_anew(trained, examples, project.labels.classes, split_of(job))
    except engine.TrainingError as error:
        raise ServiceError(400, Fault("InvalidRequest", str(error))) from error
    return lambda at: _keep(service, job, found, warnings, at)


def _trained(service: Service, model_id: str) -> engine.Trained:
    try:
        return service.state.models.get(model_id)
    except engine.BrokenModel as error:
        logger.exception("The model %s cannot be used", model_id)
        raise not_found("The model cannot be used, nor can its evaluation: train it again.") from error


def _same_model(project: Project, job: Job) -> str:
    """Raises a 409 ServiceError if the label has got another model since."""
    found = model(project, job.asked["model"])
    if found.id != job.asked["id"]:
        raise conflict(f"The model {found.label!r} was trained again meanwhile: evaluate it again.")
    return found.id


def _keep(service: Service, job: Job, found: engine.Evaluation, warnings: tuple[Fault, ...], at: datetime) -> Ending:
    name = _same_model(service.state.project(job.project), job)
    options = EvaluationOptions(**job.asked["options"])
    service.state.evaluations.put(name, Evaluated(at, options, found))
    return Ending(warnings=warnings)
