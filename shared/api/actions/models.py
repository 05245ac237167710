"""Training and models, and how well they do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.api import views
from shared.api.actions.deployments import wanted_publish
from shared.api.actions.evaluation_summary import sentences, wrong
from shared.api.actions.starting import LOOK_AGAIN, accepted, begin, find
from shared.api.requests import Answer, Request, json_object, member, name_of, only_task, page_of, ratio, text
from shared.domain.operations import Operation, OperationKind, OperationState
from shared.errors import BadRequest, Conflict
from shared.operations.handlers import deployed
from shared.services import Services

MAX_WRONG = 100  # documents that an evaluation shows


def train_model(services: Services, request: Request, now: datetime, project: str) -> Answer:
    """Train; with "publish" in the body, publish as well if the model is good enough."""
    body = json_object(request)
    name, model = name_of(project, "project"), name_of(text(only_task(body), "trainingModelName"), "model")
    publishing = member(body, "publish")
    if publishing is None:
        return begin(services, OperationKind.TRAIN, name, {"model": model}, now)
    parameters = wanted_publish(services, publishing, name, model)
    parameters["ifMacroF1AtLeast"] = ratio(publishing, "ifMacroF1AtLeast")
    return begin(services, OperationKind.TRAIN, name, parameters, now, known=_to_beat(services, name, parameters))


def get_training(services: Services, request: Request, now: datetime, project: str, key: str) -> Answer:
    """How a training stands: one that was begun here by its operation's key, any by the service's id of the job."""
    del request, now
    operation = find(services, OperationKind.TRAIN, project, key)
    if operation:
        return Answer(200, views.operation(operation))
    progress = services.language.training(name_of(project, "project"), key)
    return Answer(200, views.progress(key, progress))


def list_trainings(services: Services, request: Request, now: datetime, project: str) -> Answer:
    del request, now
    return Answer(200, {"value": [views.training(one) for one in services.language.trainings(_name(project))]})


def cancel_training(services: Services, request: Request, now: datetime, project: str, key: str) -> Answer:
    """Ask for a training's end. Its operation fails, saying so, when the service has ended it."""
    del request, now
    operation = find(services, OperationKind.TRAIN, project, key)
    if operation is None:
        services.language.cancel_training(_name(project), key)
        progress = services.language.training(_name(project), key)
        location = {"Location": f"/api/projects/{project}/train/jobs/{key}", **LOOK_AGAIN}
        return Answer(202, views.progress(key, progress), location)
    services.language.cancel_training(_name(project), _job_of(operation))
    return accepted(operation)


def list_models(services: Services, request: Request, now: datetime, project: str) -> Answer:
    del request, now
    return Answer(200, {"value": [views.model(one) for one in services.language.models(_name(project))]})


def get_model(services: Services, request: Request, now: datetime, project: str, model: str) -> Answer:
    del request, now
    return Answer(200, views.model(services.language.model(_name(project), name_of(model, "model"))))


def delete_model(services: Services, request: Request, now: datetime, project: str, model: str) -> Answer:
    del request, now
    services.language.delete_model(_name(project), name_of(model, "model"))
    return Answer(200, {"deleted": model})


def get_evaluation(services: Services, request: Request, now: datetime, project: str, model: str) -> Answer:
    """How the model did on the documents held out from its training: figures, sentences, mistakes."""
    del request, now
    names = _name(project), name_of(model, "model")
    found, predictions = services.language.evaluation(*names), services.language.predictions(*names)
    mistakes = wrong(predictions)
    return Answer(
        200,
        {
            **views.evaluation(found),
            "reading": sentences(found, predictions),
            "wrong": {
                "count": len(mistakes),
                "of": len(predictions),
                "documents": [views.prediction(one) for one in mistakes[:MAX_WRONG]],
            },
        },
    )


def list_predictions(services: Services, request: Request, now: datetime, project: str, model: str) -> Answer:
    """What the model made of each of those documents."""
    del now
    top, after = page_of(request.query)
    if not (after or "0").isdigit():
        raise BadRequest('"continue" must be what the page before gave.')
    first = int(after or "0")
    found = services.language.predictions(_name(project), name_of(model, "model"))
    more = {"continue": str(first + top)} if len(found) > first + top else {}
    return Answer(200, {"value": [views.prediction(one) for one in found[first : first + top]], **more})


def _name(project: str) -> str:
    return name_of(project, "project")


def _to_beat(services: Services, project: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is deployed now, noted before the training: it may train over that very model."""
    found = deployed(services, project, parameters["deployment"])
    noted = {"deployedModel": found.model, "deployedMacroF1": found.macro_f1}
    return {name: value for name, value in noted.items() if value not in ("", None)}


def _job_of(operation: Operation) -> str:
    """The service's id of a training under way. Raises Conflict if there is none to cancel."""
    if operation.state.final or operation.phase is not OperationKind.TRAIN:
        raise Conflict("The training has ended: there is nothing to cancel.")
    if operation.state is OperationState.STARTING:
        raise Conflict("The training has not begun at the service yet: cancel it once its state is running.")
    return operation.service_id
