"""Deployments: the names under which models answer, in no protocol's words."""

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
MOST_DEPLOYMENTS = 10
DEPLOYMENT_NAME = re.compile(r"(?!swap$|\.+$)[\w.\-]{1,50}")  # "swap" stands in addresses where a deployment could
PUBLISHED = "latest"  # the quickstart's protocol publishes to one place, which has no name there


def begin_deploy(service: Service, name: str, place: str, label: str, resources: Sequence[str] = ()) -> Job:
    """`resources` are the ids of those it goes to besides this one, which must be assigned to the project."""
    project = service.state.project(name)
    model(project, label)
    if not DEPLOYMENT_NAME.fullmatch(place):
        raise bad_parameter(f"{place!r} cannot name a deployment: use up to 50 letters, digits, _ . -")
    _require_room(project, place)
    require_assigned(project, resources)
    return service.begin("deploy", name, request={"deployment": place, "model": label, "resources": list(resources)})


def begin_publish(service: Service, name: str, label: str) -> Job:
    """The quickstart's way: one deployed model a project, and the next takes its place."""
    project = service.state.project(name)
    model(project, label)
    _require_room(project, PUBLISHED)
    return service.begin(
        "publish", name, request={"deployment": PUBLISHED, "model": label}, lifetime=QUICKSTART_LIFETIME
    )


def deploying(service: Service, job: Job) -> Effect:
    return lambda at: _deployed(service, job, at)


def begin_undeploy(service: Service, name: str, place: str) -> Job:
    deployment(service.state.project(name), place)
    return service.begin("undeploy", name, request={"deployment": place})


def undeploying(service: Service, job: Job) -> Effect:
    return lambda at: _undeployed(service, job, at)


def begin_swap(service: Service, name: str, first: str, second: str) -> Job:
    project = service.state.project(name)
    for place in (first, second):
        deployment(project, place)
    return service.begin("swap", name, request={"first": first, "second": second})


def swapping(service: Service, job: Job) -> Effect:
    return lambda at: _swapped(service, job, at)


def expires(moment: datetime) -> datetime:
    return moment + LIFETIME


def require_assigned(project: Project, resources: Sequence[str]) -> None:
    """Raises a 400 ServiceError for the id of a resource that is not assigned to the project."""
    assigned = {it.id for it in project.resources}
    unknown = next((it for it in resources if it not in assigned), None)
    if unknown is not None:
        raise bad_parameter(f"{unknown!r} is not assigned to the project: assign it first.", "assignedResourceIds")


def _require_room(project: Project, place: str) -> None:
    if place not in project.deployments and len(project.deployments) >= MOST_DEPLOYMENTS:
        raise quota(f"The project has {MOST_DEPLOYMENTS} deployments already: delete one first.")


def _deployed(service: Service, job: Job, at: datetime) -> Ending:
    project, place = service.state.project(job.project), job.request["deployment"]
    wanted = job.request.get("resources", ())
    resources = tuple(it for it in project.resources if it.id in wanted)
    made = Deployment(place, model(project, job.request["model"]), at, resources)
    service.state.put(replace(project, deployments={**project.deployments, place: made}, modified=at))
    service.collect()
    return Ending(result={"modelId": made.model.published_id})


def _undeployed(service: Service, job: Job, at: datetime) -> Ending:
    project, place = service.state.project(job.project), job.request["deployment"]
    kept = {name: it for name, it in project.deployments.items() if name != place}
    service.state.put(replace(project, deployments=kept, modified=at))
    service.collect()
    return Ending()


def _swapped(service: Service, job: Job, at: datetime) -> Ending:
    """Once, though a job is done again whose end was not written: to swap twice is not to swap."""
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
