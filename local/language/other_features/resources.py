"""Other Language resources that a project's deployments may go to: assigned, named, taken back.

There are none on one machine: what is assigned is remembered and shown, and nothing answers there.
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
    return service.begin("assign", project.name, request={"resources": [asdict(it) for it in resources]})


def assigning(service: Service, job: Job) -> Effect:
    def assign(_at: datetime) -> Ending:
        project = service.state.project(job.project)
        added = {it["id"]: Resource(**it) for it in job.request["resources"]}
        kept = {it.id: it for it in project.resources}
        service.state.put(replace(project, resources=tuple((kept | added).values())))
        return Ending()

    return assign


def begin_unassign(service: Service, name: str, resources: Sequence[str]) -> Job:
    """Raises a 400 ServiceError for what is not assigned, or a 409 for what is still deployed to."""
    project = service.state.project(name)
    require_assigned(project, resources)
    _require_unused(project, resources)
    return service.begin("unassign", project.name, request={"resources": list(resources)})


def unassigning(service: Service, job: Job) -> Effect:
    def unassign(_at: datetime) -> Ending:
        project = service.state.project(job.project)
        _require_unused(project, job.request["resources"])
        kept = tuple(it for it in project.resources if it.id not in job.request["resources"])
        service.state.put(replace(project, resources=kept))
        return Ending()

    return unassign


def begin_withdraw(service: Service, name: str, place: str, resources: Sequence[str] | None) -> Job:
    """Takes a deployment back from some of its resources. None: from all, this one too, so that it is deleted.

    Raises a 400 ServiceError for a resource that is not assigned.
    """
    if resources is None:
        return begin_undeploy(service, name, place)
    project = service.state.project(name)
    deployment(project, place)
    require_assigned(project, resources)
    return service.begin("withdraw", name, request={"deployment": place, "resources": list(resources)})


def withdrawing(service: Service, job: Job) -> Effect:
    def withdraw(_at: datetime) -> Ending:
        project = service.state.project(job.project)
        found = deployment(project, job.request["deployment"])
        kept = tuple(it for it in found.resources if it.id not in job.request["resources"])
        changed = {found.name: replace(found, resources=kept)}
        service.state.put(replace(project, deployments={**project.deployments, **changed}))
        return Ending()

    return withdraw


def _require_unused(project: Project, resources: Sequence[str]) -> None:
    for place in project.deployments.values():
        used = next((it.id for it in place.resources if it.id in resources), None)
        if used:
            raise conflict(f"The deployment {place.name!r} is on {used!r}: delete it from there first.")
