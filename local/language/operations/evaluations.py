"""The evaluation of a model. Independent of protocols."""

from __future__ import annotations

import logging

from local.language import engine
from local.language.operations.service import Service
from local.language.operations.training import NOT_EVALUATED
from local.language.protocol.service_errors import not_found
from local.language.state.model_evaluation import ModelEvaluation
from local.language.state.records import Project
from local.language.state.state import model

logger = logging.getLogger(__name__)


def latest(service: Service, project: Project, label: str) -> ModelEvaluation:
    """The latest evaluation of the model: the one on request, or that of its training. Raises a 404 ServiceError."""
    evaluated = model(project, label)
    if requested := service.state.evaluations.get(evaluated.id):
        return requested
    first = trained_model(service, evaluated.id).evaluation
    if first is None:
        raise not_found(NOT_EVALUATED)
    return ModelEvaluation(evaluated.trained, evaluated.options, first)


def trained_model(service: Service, model_id: str) -> engine.TrainedModel:
    """Raises a 404 ServiceError if the model cannot be read."""
    try:
        return service.state.models.get(model_id)
    except engine.OtherEmbedding as error:
        raise not_found(str(error)) from error
    except engine.BrokenModel as error:
        logger.exception("The model %s cannot be used", model_id)
        raise not_found("The model and its evaluation cannot be read: train it again.") from error
