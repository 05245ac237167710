"""Other Language resources that a project can be deployed to: assigns and unassigns them, removes deployments.

They do not exist on one machine: assignments are stored and returned, but no resource is ever called.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import asdict, replace

from local.language.jobs.runner import Effect
from local.language.operations.deployments import begin_undeploy, require_assigned
from local.language.operations.service import Service
from local.language.protocol.service_errors import conflict
from local.language.state.records import Ending, Job, Project, Resource
from local.language.state.state import deployment

HERE = Resource(
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/local/providers/"
    "Microsoft.CognitiveServices/accounts/local",
    "eastus",
    "local",
)


def begin_assign(service: Service, name: str, resources: Sequence[Resource]) -> Job:
    project = service.state.project(name)
    return service.begin("assign", project.name, request={"resources": [asdict(resource) for resource in resources]})


def assigning(service: Service, job: Job) -> Effect:
    def assign(_at: datetime) -> Ending:
        project = service.state.project(job.project)
        added = {fields["id"]: Resource(**fields) for fields in job.request["resources"]}
        kept = {resource.id: resource for resource in project.resources}
        service.state.put(replace(project, resources=tuple((kept | added).values())))
        return Ending()

    return assign


def begin_unassign(service: Service, name: str, resources: Sequence[str]) -> Job:
    """Raises a 400 ServiceError for a resource that is not assigned, or a 409 for one that has a deployment."""
    project = service.state.project(name)
    require_assigned(project, resources)
    _require_unused(project, resources)
    return service.begin("unassign", project.name, request={"resources": list(resources)})


def unassigning(service: Service, job: Job) -> Effect:
    def unassign(_at: datetime) -> Ending:
        project = service.state.project(job.project)
        _require_unused(project, job.request["resources"])
        kept = tuple(resource for resource in project.resources if resource.id not in job.request["resources"])
        service.state.put(replace(project, resources=kept))
        return Ending()

    return unassign


def begin_withdraw(service: Service, name: str, deployment_name: str, resources: Sequence[str] | None) -> Job:
    """Removes a deployment from some of its resources. None: from all, including this service, which deletes it.

    Raises a 400 ServiceError for a resource that is not assigned.
    """
    if resources is None:
        return begin_undeploy(service, name, deployment_name)
    project = service.state.project(name)
    deployment(project, deployment_name)
    require_assigned(project, resources)
    return service.begin("withdraw", name, request={"deployment": deployment_name, "resources": list(resources)})


def withdrawing(service: Service, job: Job) -> Effect:
    def withdraw(_at: datetime) -> Ending:
        project = service.state.project(job.project)
        deployed = deployment(project, job.request["deployment"])
        kept = tuple(resource for resource in deployed.resources if resource.id not in job.request["resources"])
        changed = {deployed.name: replace(deployed, resources=kept)}
        service.state.put(replace(project, deployments={**project.deployments, **changed}))
        return Ending()

    return withdraw


def _require_unused(project: Project, resources: Sequence[str]) -> None:
    for deployed in project.deployments.values():
        used = next((resource.id for resource in deployed.resources if resource.id in resources), None)
        if used:
            raise conflict(f"The deployment {deployed.name!r} is on {used!r}: delete it from there first.")
