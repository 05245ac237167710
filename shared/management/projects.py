"""Project, labels, training, publishing, models, evaluation: what is asked of the Language service's authoring side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from shared.errors import NotFound
from shared.language.types import Kind
from shared.management import views
from shared.management.requests import Answer, Request, choice, flag, json_object, name_of, only_task, text
from shared.operation import Operation, OperationKind
from shared.operations import GRACE, start
from shared.services import Services

PRODUCTION = "production"
LOOK_AGAIN = {"Retry-After": "2"}


def list_projects(services: Services, request: Request, now: datetime) -> Answer:
    del request, now
    return Answer(200, {"value": [views.project(one) for one in services.language.projects()]})


def get_project(services: Services, request: Request, now: datetime, project: str) -> Answer:
    del request, now
    return Answer(200, views.project(services.language.project(name_of(project, "project"))))


def create_project(services: Services, request: Request, now: datetime) -> Answer:
    """The quickstart's create call: the project and its labels file, a blob of the container it names."""
    body = json_object(request)
    kind = choice(text(body, "modelType"), "modelType", Kind, [one.value for one in Kind])
    parameters = {
        "modelType": kind.value,
        "storageInputContainerName": text(body, "storageInputContainerName"),
        "labelsLocation": text(body, "labelsLocation"),
        "culture": text(body, "culture", "en-us"),
        "description": text(body, "description", ""),
        "multiLingual": flag(body, "multiLingual"),
    }
    return _begin(services, OperationKind.CREATE, name_of(text(body, "name"), "project"), parameters, now)


def delete_project(services: Services, request: Request, now: datetime, project: str) -> Answer:
    del request
    return _begin(services, OperationKind.DELETE, name_of(project, "project"), {}, now)


def train(services: Services, request: Request, now: datetime, project: str) -> Answer:
    model = name_of(text(only_task(json_object(request)), "trainingModelName"), "model")
    return _begin(services, OperationKind.TRAIN, name_of(project, "project"), {"model": model}, now)


def publish(services: Services, request: Request, now: datetime, project: str) -> Answer:
    """What was published becomes the classifier of dropped files."""
    task = only_task(json_object(request))
    model = name_of(text(task, "trainingModelName"), "model")
    deployment = name_of(text(task, "deploymentName", PRODUCTION), "deployment")
    parameters = {"model": model, "deployment": deployment}
    return _begin(services, OperationKind.PUBLISH, name_of(project, "project"), parameters, now)


def training(services: Services, request: Request, now: datetime, project: str, key: str) -> Answer:
    del request, now
    return _operation(services, OperationKind.TRAIN, project, key)


def publishing(services: Services, request: Request, now: datetime, project: str, key: str) -> Answer:
    del request, now
    return _operation(services, OperationKind.PUBLISH, project, key)


def list_models(services: Services, request: Request, now: datetime, project: str) -> Answer:
    del request, now
    return Answer(200, {"value": [views.model(one) for one in services.language.models(name_of(project, "project"))]})


def get_model(services: Services, request: Request, now: datetime, project: str, model: str) -> Answer:
    del request, now
    for one in services.language.models(name_of(project, "project")):
        if one.name == model:
            return Answer(200, views.model(one))
    raise NotFound(f"Project {project} has no model {model}.")


def delete_model(services: Services, request: Request, now: datetime, project: str, model: str) -> Answer:
    del request, now
    services.language.delete_model(name_of(project, "project"), name_of(model, "model"))
    return Answer(200, {"deleted": model})


def evaluation(services: Services, request: Request, now: datetime, project: str, model: str) -> Answer:
    """How the model did on the documents held out from its training."""
    del request, now
    found = services.language.evaluation(name_of(project, "project"), name_of(model, "model"))
    return Answer(200, views.evaluation(found))


def list_deployments(services: Services, request: Request, now: datetime, project: str) -> Answer:
    del request, now
    found = services.language.deployments(name_of(project, "project"))
    return Answer(200, {"value": [views.deployment(one) for one in found]})


def _begin(
    services: Services, kind: OperationKind, project: str, parameters: Mapping[str, Any], now: datetime
) -> Answer:
    wanted = Operation(key=uuid4().hex, kind=kind, project=project, parameters=parameters, created=now, due=now + GRACE)
    operation = start(services, wanted, now)
    return Answer(202, views.operation(operation), {"Location": _location(operation), **LOOK_AGAIN})


# Where a caller asks about each kind, as the quickstart's steps have it.
LOCATIONS = {
    OperationKind.TRAIN: "projects/{project}/train/jobs/{key}",
    OperationKind.PUBLISH: "projects/{project}/publish/jobs/{key}",
}


def _location(operation: Operation) -> str:
    template = LOCATIONS.get(operation.kind, "operations/{key}")
    return "/api/" + template.format(project=operation.project, key=operation.key)


def _operation(services: Services, kind: OperationKind, project: str, key: str) -> Answer:
    operation = services.ledger.find(Operation, key)
    if operation is None or operation.kind is not kind or operation.project != project:
        raise NotFound(f"Project {project} has no {kind} operation {key}.")
    return Answer(200, views.operation(operation))
