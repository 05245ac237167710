"""Publishing models, and their deployments."""

from __future__ import annotations

from typing import Any

from shared.api import views
from shared.api.actions.starting import operation_response, start_operation
from shared.api.bodies import PublishTask, Swap
from shared.api.call import Call
from shared.api.requests import Response
from shared.domain.operations import OperationKind
from shared.domain.routing import ActiveClassifier
from shared.errors import BadRequest, Conflict, NotFound
from shared.operations.handlers import models_at
from shared.services import Services
from shared.settings import PREVIEW_API


def publish_model(call: Call[PublishTask]) -> Response:
    """Publish a model. Its deployment becomes the active classifier, unless "asClassifier" is false."""
    [task], project = call.body.tasks, call.project
    parameters = publish_parameters(
        call.services, project, task.training_model_name, task.deployment_name, as_classifier=call.body.as_classifier
    )
    return start_operation(call, OperationKind.PUBLISH, project, parameters)


def get_publishing(call: Call[None]) -> Response:
    return operation_response(call, OperationKind.PUBLISH)


def publish_parameters(
    services: Services, project: str, model: str, deployment: str, *, as_classifier: bool
) -> dict[str, Any]:
    """The parameters of a publish operation. Raises Conflict if it would replace the active classifier unasked."""
    active = services.ledger.read(ActiveClassifier).classifier
    one_deployment = services.settings.language_api == PREVIEW_API
    if one_deployment and not as_classifier and active and active.project == project:
        raise Conflict(
            "In the quickstart's protocol a project has one published model, and dropped files go to that of this "
            'project. Publishing another model replaces it, so "asClassifier" cannot be false.'
        )
    return {"model": model, "deployment": deployment, "asClassifier": as_classifier}


def list_deployments(call: Call[None]) -> Response:
    deployments = call.services.language.deployments(call.project)
    return Response(200, {"value": [views.deployment(deployment) for deployment in deployments]})


def get_deployment(call: Call[None]) -> Response:
    deployment = call.services.language.deployment(call.project, call.deployment)
    return Response(200, views.deployment(deployment))


def delete_deployment(call: Call[None]) -> Response:
    parameters = {"deployment": call.deployment}
    return start_operation(call, OperationKind.UNPUBLISH, call.project, parameters)


def swap_deployments(call: Call[Swap]) -> Response:
    """Swap the models of two deployments. A second swap reverts the first."""
    project = call.project
    first, second = call.body.first_deployment_name, call.body.second_deployment_name
    if first == second:
        raise BadRequest("A deployment cannot be swapped with itself: name two.")
    models = models_at(call.services, project)
    if missing := [deployment for deployment in (first, second) if deployment not in models]:
        raise NotFound(f"Project {project} has no deployment {missing[0]}.")
    afterwards = {first: models[second], second: models[first]}
    parameters = {"firstDeploymentName": first, "secondDeploymentName": second}
    return start_operation(call, OperationKind.SWAP, project, parameters, initial_result={"deployments": afterwards})
