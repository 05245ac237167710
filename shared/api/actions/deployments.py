"""Publishing, and the deployments that come of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.api import views
from shared.api.actions.starting import answer, begin
from shared.api.call import Call
from shared.api.requests import Response, flag, json_object, name_of, only_task, text
from shared.domain.operations import OperationKind
from shared.domain.singletons import ActiveClassifier
from shared.errors import BadRequest, Conflict, NotFound
from shared.operations.handlers import models_at
from shared.services import Services
from shared.settings import PREVIEW_API

PRODUCTION = "production"


def publish_model(call: Call) -> Response:
    """What was published becomes the classifier of dropped files, unless "asClassifier" is false."""
    body = json_object(call.request)
    task, name = only_task(body), call.project
    model = name_of(text(task, "trainingModelName"), "model")
    wanted = {"deployment": text(task, "deploymentName", PRODUCTION), "asClassifier": body.get("asClassifier", True)}
    return begin(call, OperationKind.PUBLISH, name, wanted_publish(call.services, wanted, name, model))


def get_publishing(call: Call) -> Response:
    return answer(call, OperationKind.PUBLISH)


def wanted_publish(services: Services, body: Mapping[str, Any], project: str, model: str) -> dict[str, Any]:
    """What a publishing needs. Raises Conflict if it would take the model away that dropped files go to."""
    as_classifier = flag(body, "asClassifier", default=True)
    chosen = services.ledger.read(ActiveClassifier).classifier
    only_one = services.settings.language_api == PREVIEW_API
    if only_one and not as_classifier and chosen and chosen.project == project:
        raise Conflict(
            "Dropped files go to the one model that this project can have published in the quickstart's protocol: "
            'publishing another takes its place, so "asClassifier" cannot be false.'
        )
    deployment = name_of(text(body, "deployment", PRODUCTION), "deployment")
    return {"model": model, "deployment": deployment, "asClassifier": as_classifier}


def list_deployments(call: Call) -> Response:
    found = call.services.language.deployments(call.project)
    return Response(200, {"value": [views.deployment(one) for one in found]})


def get_deployment(call: Call) -> Response:
    found = call.services.language.deployment(call.project, call.deployment)
    return Response(200, views.deployment(found))


def delete_deployment(call: Call) -> Response:
    parameters = {"deployment": call.deployment}
    return begin(call, OperationKind.UNPUBLISH, call.project, parameters)


def swap_deployments(call: Call) -> Response:
    """Two deployments change their models; asked for once more, they change back."""
    body, name = json_object(call.request), call.project
    pair = [name_of(text(body, field), "deployment") for field in ("firstDeploymentName", "secondDeploymentName")]
    if pair[0] == pair[1]:
        raise BadRequest("A deployment cannot be swapped with itself: name two.")
    models = models_at(call.services, name)
    if missing := [one for one in pair if one not in models]:
        raise NotFound(f"Project {name} has no deployment {missing[0]}.")
    first, second = pair
    afterwards = {first: models[second], second: models[first]}
    parameters = {"firstDeploymentName": first, "secondDeploymentName": second}
    return begin(call, OperationKind.SWAP, name, parameters, known={"deployments": afterwards})
