"""Training and models, and how well they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.api import views
from shared.api.actions.deployments import wanted_publish
from shared.api.actions.evaluation_summary import sentences, wrong
from shared.api.actions.starting import LOOK_AGAIN, accepted, begin, find
from shared.api.bodies import TrainTask
from shared.api.call import Call
from shared.api.requests import Response, page_of
from shared.domain.operations import Operation, OperationKind, OperationState
from shared.errors import BadRequest, Conflict
from shared.operations.handlers import deployed
from shared.services import Services

MAX_WRONG = 100  # documents that an evaluation shows


def train_model(call: Call[TrainTask]) -> Response:
    """Train; with "publish" in the body, publish as well if the model is good enough."""
    [task], publish, name = call.body.tasks, call.body.publish, call.project
    model = task.training_model_name
    if publish is None:
        return begin(call, OperationKind.TRAIN, name, {"model": model})
    parameters = wanted_publish(call.services, name, model, publish.deployment, as_classifier=publish.as_classifier)
    parameters["ifMacroF1AtLeast"] = publish.if_macro_f1_at_least
    return begin(call, OperationKind.TRAIN, name, parameters, known=_to_beat(call.services, name, parameters))


def get_training(call: Call[None]) -> Response:
    """How a training stands: one that was begun here by its operation's key, any by the service's id of the job."""
    operation = find(call, OperationKind.TRAIN)
    if operation:
        return Response(200, views.operation(operation))
    progress = call.services.language.training(call.project, call.key)
    return Response(200, views.progress(call.key, progress))


def list_trainings(call: Call[None]) -> Response:
    return Response(200, {"value": [views.training(one) for one in call.services.language.trainings(call.project)]})


def cancel_training(call: Call[None]) -> Response:
    """Ask for a training's end. Its operation fails, saying so, when the service has ended it."""
    operation = find(call, OperationKind.TRAIN)
    if operation is None:
        call.services.language.cancel_training(call.project, call.key)
        progress = call.services.language.training(call.project, call.key)
        location = {"Location": f"/api/projects/{call.project}/train/jobs/{call.key}", **LOOK_AGAIN}
        return Response(202, views.progress(call.key, progress), location)
    call.services.language.cancel_training(call.project, _job_of(operation))
    return accepted(operation)


def list_models(call: Call[None]) -> Response:
    return Response(200, {"value": [views.model(one) for one in call.services.language.models(call.project)]})


def get_model(call: Call[None]) -> Response:
    return Response(200, views.model(call.services.language.model(call.project, call.model)))


def delete_model(call: Call[None]) -> Response:
    call.services.language.delete_model(call.project, call.model)
    return Response(200, {"deleted": call.model})


def get_evaluation(call: Call[None]) -> Response:
    """How the model did on the documents held out from its training: figures, sentences, mistakes."""
    names = call.project, call.model
    found, predictions = call.services.language.evaluation(*names), call.services.language.predictions(*names)
    mistakes = wrong(predictions)
    return Response(
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


def list_predictions(call: Call[None]) -> Response:
    """What the model made of each of those documents."""
    top, after = page_of(call.request.query)
    if not (after or "0").isdigit():
        raise BadRequest('"continue" must be what the page before gave.')
    first = int(after or "0")
    found = call.services.language.predictions(call.project, call.model)
    more = {"continue": str(first + top)} if len(found) > first + top else {}
    return Response(200, {"value": [views.prediction(one) for one in found[first : first + top]], **more})


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
