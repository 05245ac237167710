"""Copies projects: an access token allows a copy of the settings and labels, as in the service.

The service copies from one resource to another. Here both are this service: it calls no other address.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.language.jobs.runner import Effect
from local.language.operations.projects import Draft, put_contents, require_name
from local.language.operations.service import Service
from local.language.other_features.resources import HERE
from local.language.protocol.service_errors import ServiceError, WireError, bad_parameter, conflict
from local.language.state.records import CopyGrant, Ending, Job, Project

TOKEN_LIFETIME = timedelta(hours=24)  # not documented


@dataclass(frozen=True)
class Target:
    """The target of a copy, from its authorization."""

    project: str
    kind: str
    resource: str
    region: str


def authorize(service: Service, name: str, kind: str, container: str, *, overwrite: bool) -> tuple[CopyGrant, str]:
    """The grant, and the token for it. Raises a 409 ServiceError if the project must not be replaced."""
    require_name(name)
    now = service.clock.now()
    grant = CopyGrant(now, now + TOKEN_LIFETIME, name, kind, container, overwrite)
    _require_free(service.state.projects.get(name), grant.kind, overwrite=overwrite)
    _forget_expired(service)
    token = secrets.token_urlsafe(32)
    service.state.grants.put(_digest(token), grant)
    return grant, token


def begin(service: Service, name: str, token: str, target: Target) -> Job:
    """Begins a copy of the project. Raises a 403 ServiceError unless the token allows exactly this copy."""
    source = service.state.project(name)
    if (target.resource, target.region) != (HERE.id, HERE.region):
        raise bad_parameter(
            "The target is another resource: this service copies only within itself.", "targetResourceId"
        )
    grant = service.state.grants.get(_digest(token))
    if grant is None or grant.expires <= service.clock.now():
        raise _forbidden("is unknown or has expired")
    if (grant.project, grant.kind) != (target.project, target.kind):
        raise _forbidden("was issued for another project or another kind")
    if source.kind != grant.kind:
        raise bad_parameter("The project does not have the kind that the copy was authorized for.", "projectKind")
    _require_free(service.state.projects.get(grant.project), grant.kind, overwrite=grant.overwrite)
    service.require_idle(grant.project)
    request = {"target": grant.project, "container": grant.container, "overwrite": grant.overwrite}
    return service.begin("copy", name, request=request)


def copying(service: Service, job: Job) -> Effect:
    return lambda at: _copied(service, job, at)


def _copied(service: Service, job: Job, at: datetime) -> Ending:
    source, name = service.state.project(job.project), job.request["target"]
    existing = service.state.projects.get(name)
    if existing and existing.created >= job.created and existing.labels == source.labels:
        return Ending()  # an earlier process copied it, but ended before it stored the end of the job
    _require_free(existing, source.kind, overwrite=job.request["overwrite"])
    container = job.request["container"] or source.container
    properties = (source.multilingual, source.description, source.settings)
    return put_contents(service, name, Draft(source.kind, container, source.language, *properties), source.labels, at)


def _require_free(existing: Project | None, kind: str, *, overwrite: bool) -> None:
    if existing and not overwrite:
        raise conflict(f"The project {existing.name!r} exists: set allowOverwrite, or choose another name.")
    if existing and existing.kind != kind:
        raise conflict(f"The project {existing.name!r} has another kind: choose another name.")


def _forget_expired(service: Service) -> None:
    now = service.clock.now()
    for digest, grant in service.state.grants.items():
        if grant.expires <= now:
            service.state.grants.remove(digest)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _forbidden(reason: str) -> ServiceError:
    return ServiceError(403, WireError("Forbidden", f"The access token {reason}: authorize the copy again."))
