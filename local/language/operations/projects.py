"""Creates, changes, imports, exports and deletes projects. Independent of protocols."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from msgspec import convert, to_builtins
from msgspec.structs import replace

from local.language.jobs.runner import Effect
from local.language.operations.service import Service
from local.language.protocol.service_errors import bad_parameter, conflict, quota
from local.language.state.labels_file import parse_file
from local.language.state.records import Ending, Job, Labels, Project
from local.language.state.state import model, snapshot

MAX_PROJECTS = 500
NO_LABELS = Labels()
PROJECT_NAME = re.compile(r"(?!global$|\.+$)[\w.\-]{1,100}")  # "global" is part of a URL where a project name could be


@dataclass(frozen=True)
class Draft:
    """The properties of a project that a caller sets. None: not set."""

    kind: str
    container: str
    language: str
    multilingual: bool | None = None
    description: str | None = None
    settings: Mapping[str, Any] | None = None


def create(service: Service, name: str, draft: Draft, at: datetime, labels: Labels = NO_LABELS) -> Project:
    """Raises a 400 ServiceError for a name that is not allowed, or too many projects."""
    require_name(name)
    if len(service.state.projects.values()) >= MAX_PROJECTS:
        raise quota(f"The limit of {MAX_PROJECTS} projects is reached: delete one first.")
    return service.state.put(Project(name=name, created=at, modified=at, labels=labels, **vars(draft)))


def update(service: Service, project: Project, changes: Mapping[str, Any]) -> Project:
    """Changes a project. Raises a 400 ServiceError for another kind or container."""
    for name in ("kind", "container"):
        if changes.get(name, getattr(project, name)) != getattr(project, name):
            raise bad_parameter(f"The {name} of a project cannot be changed.")
    return service.state.put(replace(project, **{**changes, "modified": service.clock.now()}))


def create_from_file(service: Service, name: str, draft: Draft, labels_location: str) -> Project:
    """Creates a project with a labels file of its container. Locks the state itself, but not while it reads."""
    location = _blob_name(labels_location, draft.container)
    labels = parse_file(service.storage.read(draft.container, location), location, draft.kind)
    with service.state.lock:
        service.require_idle(name)
        if service.state.projects.get(name):
            raise conflict(f"The project {name!r} exists: delete it first, or choose another name.")
        return create(service, name, draft, service.clock.now(), labels)


def begin_import(service: Service, name: str, draft: Draft, labels: Labels) -> Job:
    service.require_idle(name)
    require_name(name)
    return service.begin("import", name, request={}, work_input={"draft": vars(draft), "labels": to_builtins(labels)})


def importing(service: Service, job: Job) -> Effect:
    work_input = job.input or {}
    draft, labels = Draft(**work_input["draft"]), labels_of(work_input["labels"])
    service.storage.require(draft.container)
    return lambda at: put_contents(service, job.project, draft, labels, at)


def begin_export(service: Service, name: str, label: str = "") -> Job:
    """Exports the labels of the project or, with the `label` of a model, of its training. Raises a 404 ServiceError."""
    project = service.state.project(name)
    if label:
        snapshot(service.state, model(project, label))
    return service.begin("export", project.name, request={"model": label})


def exporting(service: Service, job: Job) -> Effect:
    """An export has no slow part: its effect copies the labels that the project has then."""
    return lambda _at: Ending(result=to_builtins(_labels(service, job)))


def begin_delete(service: Service, name: str) -> Job:
    return service.begin("delete", service.state.project(name).name, request={})


def deleting(service: Service, job: Job) -> Effect:
    def delete_if_there(_at: datetime) -> Ending:
        if service.state.projects.get(job.project):
            delete(service, job.project)
        return Ending()

    return delete_if_there


def delete(service: Service, name: str) -> None:
    """Deletes the project and everything that belongs to it at once. Raises a 404 ServiceError."""
    project = service.state.project(name)
    service.authoring.forget(
        job for job in service.authoring.values() if job.project == project.name and job.kind != "delete"
    )
    service.state.projects.remove(project.name)
    service.collect()


def require_name(name: str) -> None:
    if not PROJECT_NAME.fullmatch(name):
        raise bad_parameter(f"{name!r} cannot name a project: use up to 100 letters, digits, _ . -", "projectName")


def _labels(service: Service, job: Job) -> Labels:
    """The labels that the job exports: of the project, or of the training of the model that it names."""
    project = service.state.project(job.project)
    label = job.request["model"]
    return snapshot(service.state, model(project, label)).labels if label else project.labels


def put_contents(service: Service, name: str, draft: Draft, labels: Labels, at: datetime) -> Ending:
    """Creates the project, or replaces its properties and labels. Its models stay."""
    existing = service.state.projects.get(name)
    if existing is None:
        create(service, name, draft, at, labels)
    else:
        service.state.put(replace(existing, **vars(draft), labels=labels, modified=at))
    return Ending()


def labels_of(plain: Mapping[str, Any]) -> Labels:
    """Labels from the JSON of a job."""
    return convert(plain, Labels)


def _blob_name(location: str, container: str) -> str:
    """The name of a blob, from its name, its path with a leading slash, or its URL.

    The query of a URL is dropped: it may have a signature, which must not appear in messages.
    """
    name = location
    if "://" in location:
        path = re.split(r"[?#]", location)[0]
        name = unquote(path.partition(f"/{container}/")[2])
    if not name.strip("/"):
        raise bad_parameter(f"labelsLocation is not a file in the container {container!r}.", "labelsLocation")
    return name.lstrip("/")
