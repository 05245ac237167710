"""The evaluation of a model, in the words of no protocol."""

from __future__ import annotations

import logging

from local.language import engine
from local.language.operations.service import Service
from local.language.operations.training import NOT_EVALUATED
from local.language.protocol.service_errors import not_found
from local.language.state.evaluated import ModelEvaluation
from local.language.state.records import Project
from local.language.state.state import model

logger = logging.getLogger(__name__)


def latest(service: Service, project: Project, label: str) -> ModelEvaluation:
    """How the model did on the documents that were last held out for it. Raises a 404 ServiceError."""
    found = model(project, label)
    if anew := service.state.evaluations.get(found.id):
        return anew
    first = trained_model(service, found.id).evaluation
    if first is None:
        raise not_found(NOT_EVALUATED)
    return ModelEvaluation(found.trained, found.options, first)


def trained_model(service: Service, model_id: str) -> engine.TrainedModel:
    """Raises a 404 ServiceError if the model cannot be read."""
    try:
        return service.state.models.get(model_id)
    except engine.BrokenModel as error:
        logger.exception("The model %s cannot be used", model_id)
        raise not_found("The model cannot be used, nor can its evaluation: train it again.") from error
