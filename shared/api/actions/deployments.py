"""Publishing, and the deployments that come of it."""

from __future__ import annotations

from typing import Any

from shared.api import views
from shared.api.actions.starting import answer, begin
from shared.api.bodies import PublishTask, Swap
from shared.api.call import Call
from shared.api.requests import Response
from shared.domain.operations import OperationKind
from shared.domain.singletons import ActiveClassifier
from shared.errors import BadRequest, Conflict, NotFound
from shared.operations.handlers import models_at
from shared.services import Services
from shared.settings import PREVIEW_API


def publish_model(call: Call[PublishTask]) -> Response:
    """What was published becomes the classifier of dropped files, unless "asClassifier" is false."""
    [task], name = call.body.tasks, call.project
    parameters = wanted_publish(
        call.services, name, task.training_model_name, task.deployment_name, as_classifier=call.body.as_classifier
    )
    return begin(call, OperationKind.PUBLISH, name, parameters)


def get_publishing(call: Call[None]) -> Response:
    return answer(call, OperationKind.PUBLISH)


def wanted_publish(
    services: Services, project: str, model: str, deployment: str, *, as_classifier: bool
) -> dict[str, Any]:
    """What a publishing needs. Raises Conflict if it would take the model away that dropped files go to."""
    chosen = services.ledger.read(ActiveClassifier).classifier
    only_one = services.settings.language_api == PREVIEW_API
    if only_one and not as_classifier and chosen and chosen.project == project:
        raise Conflict(
            "Dropped files go to the one model that this project can have published in the quickstart's protocol: "
            'publishing another takes its place, so "asClassifier" cannot be false.'
        )
    return {"model": model, "deployment": deployment, "asClassifier": as_classifier}


def list_deployments(call: Call[None]) -> Response:
    found = call.services.language.deployments(call.project)
    return Response(200, {"value": [views.deployment(one) for one in found]})


def get_deployment(call: Call[None]) -> Response:
    found = call.services.language.deployment(call.project, call.deployment)
    return Response(200, views.deployment(found))


def delete_deployment(call: Call[None]) -> Response:
    parameters = {"deployment": call.deployment}
    return begin(call, OperationKind.UNPUBLISH, call.project, parameters)


def swap_deployments(call: Call[Swap]) -> Response:
    """Two deployments change their models; asked for once more, they change back."""
    name = call.project
    first, second = call.body.first_deployment_name, call.body.second_deployment_name
    if first == second:
        raise BadRequest("A deployment cannot be swapped with itself: name two.")
    models = models_at(call.services, name)
    if missing := [one for one in (first, second) if one not in models]:
        raise NotFound(f"Project {name} has no deployment {missing[0]}.")
    afterwards = {first: models[second], second: models[first]}
    parameters = {"firstDeploymentName": first, "secondDeploymentName": second}
    return begin(call, OperationKind.SWAP, name, parameters, known={"deployments": afterwards})
