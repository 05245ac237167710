"""Projects: made, changed, imported, exported and deleted, in no protocol's words."""

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

MOST_PROJECTS = 500
NO_LABELS = Labels()
PROJECT_NAME = re.compile(r"(?!global$|\.+$)[\w.\-]{1,100}")  # "global" stands in addresses where a project could


@dataclass(frozen=True)
class Draft:
    """What a caller says of a project. None: not said."""

    kind: str
    container: str
    language: str
    multilingual: bool | None = None
    description: str | None = None
    settings: Mapping[str, Any] | None = None


def create(service: Service, name: str, draft: Draft, at: datetime, labels: Labels = NO_LABELS) -> Project:
    """Raises a ServiceError for a name that cannot be one or too many projects."""
    require_name(name)
    if len(service.state.projects.values()) >= MOST_PROJECTS:
        raise quota(f"There are {MOST_PROJECTS} projects already: delete one first.")
    return service.state.put(Project(name=name, created=at, modified=at, labels=labels, **vars(draft)))


def update(service: Service, project: Project, changes: Mapping[str, Any]) -> Project:
    """Changes what may change; the kind and the container are for good."""
    for name in ("kind", "container"):
        if changes.get(name, getattr(project, name)) != getattr(project, name):
            raise bad_parameter(f"The {name} of a project cannot be changed.")
    return service.state.put(replace(project, **{**changes, "modified": service.clock.now()}))


def create_from_file(service: Service, name: str, draft: Draft, labels_location: str) -> Project:
    """The quickstart's way: the labels are read from the project's container. Locks for itself, not while reading."""
    location = _blob_name(labels_location, draft.container)
    labels = parse_file(service.storage.read(draft.container, location), location, draft.kind)
    with service.state.lock:
        service.require_idle(name)
        if service.state.projects.get(name):
            raise conflict(f"There is a project {name!r} already: delete it first, or choose another name.")
        return create(service, name, draft, service.clock.now(), labels)


def begin_import(service: Service, name: str, draft: Draft, labels: Labels) -> Job:
    service.require_idle(name)
    require_name(name)
    return service.begin("import", name, request={}, work_input={"draft": vars(draft), "labels": to_builtins(labels)})


def importing(service: Service, job: Job) -> Effect:
    given = job.input or {}
    draft, labels = Draft(**given["draft"]), labels_of(given["labels"])
    service.storage.require(draft.container)
    return lambda at: put_contents(service, job.project, draft, labels, at)


def begin_export(service: Service, name: str, label: str = "") -> Job:
    """With the `label` of a model, the labels that it was trained with. Raises a 404 ServiceError."""
    project = service.state.project(name)
    if label:
        snapshot(service.state, model(project, label))
    return service.begin("export", project.name, request={"model": label})


def exporting(service: Service, job: Job) -> Effect:
    """The work of an export is done when it is asked for: its result is made from what the project is then."""
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
    """Now, with everything that belongs to it. Raises a 404 ServiceError."""
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
    """Those of the project, or those that the model was trained with whose label the job has."""
    project = service.state.project(job.project)
    label = job.request["model"]
    return snapshot(service.state, model(project, label)).labels if label else project.labels


def put_contents(service: Service, name: str, draft: Draft, labels: Labels, at: datetime) -> Ending:
    """Makes the project, or replaces what it says of itself and its labels; its models stay."""
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
    """A file of the container, given by its name, with a slash in front, or as its whole address.

    What an address has behind its path, such as a signature, is not needed, and must not be told to anybody.
    """
    name = location
    if "://" in location:
        path = re.split(r"[?#]", location)[0]
        name = unquote(path.partition(f"/{container}/")[2])
    if not name.strip("/"):
        raise bad_parameter(f"labelsLocation is no file in the container {container!r}.", "labelsLocation")
    return name.lstrip("/")
