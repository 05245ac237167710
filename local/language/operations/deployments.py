"""Deployments: the names by which analyze calls use models. Independent of protocols."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from local.language.jobs.runner import Effect
from local.language.operations.service import QUICKSTART_LIFETIME, Service
from local.language.protocol.service_errors import bad_parameter, quota
from local.language.state.records import Deployment, Ending, Job, Project
from local.language.state.state import deployment, model

LIFETIME = timedelta(days=540)
MAX_DEPLOYMENTS = 10
DEPLOYMENT_NAME = re.compile(r"(?!swap$|\.+$)[\w.\-]{1,50}")  # "swap" is part of a URL where a deployment name could be
PUBLISHED = "latest"  # the quickstart publishes to one deployment, which has no name there


def begin_deploy(service: Service, name: str, deployment_name: str, label: str, resources: Sequence[str] = ()) -> Job:
    """`resources`: ids of other resources to deploy to, all assigned to the project. Raises a ServiceError."""
    project = service.state.project(name)
    model(project, label)
    if not DEPLOYMENT_NAME.fullmatch(deployment_name):
        raise bad_parameter(f"{deployment_name!r} cannot name a deployment: use up to 50 letters, digits, _ . -")
    _require_below_limit(project, deployment_name)
    require_assigned(project, resources)
    return service.begin(
        "deploy", name, request={"deployment": deployment_name, "model": label, "resources": list(resources)}
    )


def begin_publish(service: Service, name: str, label: str) -> Job:
    """Deploys to the only deployment of the quickstart, in place of its model. Raises a ServiceError."""
    project = service.state.project(name)
    model(project, label)
    _require_below_limit(project, PUBLISHED)
    return service.begin(
        "publish", name, request={"deployment": PUBLISHED, "model": label}, lifetime=QUICKSTART_LIFETIME
    )


def deploying(service: Service, job: Job) -> Effect:
    return lambda at: _deployed(service, job, at)


def begin_undeploy(service: Service, name: str, deployment_name: str) -> Job:
    deployment(service.state.project(name), deployment_name)
    return service.begin("undeploy", name, request={"deployment": deployment_name})


def undeploying(service: Service, job: Job) -> Effect:
    return lambda at: _undeployed(service, job, at)


def begin_swap(service: Service, name: str, first: str, second: str) -> Job:
    project = service.state.project(name)
    for deployment_name in (first, second):
        deployment(project, deployment_name)
    return service.begin("swap", name, request={"first": first, "second": second})


def swapping(service: Service, job: Job) -> Effect:
    return lambda at: _swapped(service, job, at)


def expires(moment: datetime) -> datetime:
    return moment + LIFETIME


def require_assigned(project: Project, resources: Sequence[str]) -> None:
    """Raises a 400 ServiceError if a resource is not assigned to the project."""
    assigned = {resource.id for resource in project.resources}
    unknown = next((resource for resource in resources if resource not in assigned), None)
    if unknown is not None:
        raise bad_parameter(f"{unknown!r} is not assigned to the project: assign it first.", "assignedResourceIds")


def _require_below_limit(project: Project, deployment_name: str) -> None:
    if deployment_name not in project.deployments and len(project.deployments) >= MAX_DEPLOYMENTS:
        raise quota(f"The project has reached the limit of {MAX_DEPLOYMENTS} deployments: delete one first.")


def _deployed(service: Service, job: Job, at: datetime) -> Ending:
    project, deployment_name = service.state.project(job.project), job.request["deployment"]
    requested = job.request.get("resources", ())
    resources = tuple(resource for resource in project.resources if resource.id in requested)
    deployed = Deployment(deployment_name, model(project, job.request["model"]), at, resources)
    service.state.put(replace(project, deployments={**project.deployments, deployment_name: deployed}, modified=at))
    service.collect()
    return Ending(result={"modelId": deployed.model.published_id})


def _undeployed(service: Service, job: Job, at: datetime) -> Ending:
    project, deployment_name = service.state.project(job.project), job.request["deployment"]
    kept = {name: deployed for name, deployed in project.deployments.items() if name != deployment_name}
    service.state.put(replace(project, deployments=kept, modified=at))
    service.collect()
    return Ending()


def _swapped(service: Service, job: Job, at: datetime) -> Ending:
    """Swaps once, even if the job is done again because its end was not stored: a second swap would revert it."""
    project = service.state.project(job.project)
    if project.swapped_by == job.id:
        return Ending()
    first, second = (deployment(project, job.request[which]) for which in ("first", "second"))
    swapped = {
        first.name: replace(first, model=second.model, deployed=at),
        second.name: replace(second, model=first.model, deployed=at),
    }
    service.state.put(replace(project, deployments={**project.deployments, **swapped}, modified=at, swapped_by=job.id))
    return Ending()
