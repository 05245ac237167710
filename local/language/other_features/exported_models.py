"""Exports models for download. Independent of protocols. An exported model keeps its model until it is deleted."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from local.language.jobs.runner import Effect
from local.language.operations.service import Service
from local.language.protocol.service_errors import bad_parameter, not_found
from local.language.state.records import Ending, ExportedModel, Job, Project
from local.language.state.state import exported_model, model

EXPORTED_NAME = re.compile(r"[\w.\-]{1,50}")


def begin(service: Service, name: str, exported: str, label: str) -> Job:
    project = service.state.project(name)
    if not EXPORTED_NAME.fullmatch(exported):
        raise bad_parameter(f"{exported!r} cannot name an exported model: use up to 50 letters, digits, _ . -")
    model(project, label)
    return service.begin("export-model", name, request={"exported": exported, "model": label})


def exporting(service: Service, job: Job) -> Effect:
    def export(at: datetime) -> Ending:
        project = service.state.project(job.project)
        new = ExportedModel(job.request["exported"], model(project, job.request["model"]), at)
        service.state.put(replace(project, exported={**project.exported, new.name: new}))
        service.collect()
        return Ending()

    return export


def begin_delete(service: Service, name: str, exported: str) -> Job:
    exported_model(service.state.project(name), exported)
    return service.begin("delete-exported", name, request={"exported": exported})


def deleting(service: Service, job: Job) -> Effect:
    def delete(_at: datetime) -> Ending:
        project = service.state.project(job.project)
        kept = {name: other for name, other in project.exported.items() if name != job.request["exported"]}
        service.state.put(replace(project, exported=kept))
        service.collect()
        return Ending()

    return delete


def files(service: Service, project: Project, exported: str) -> list[Path]:
    """The files of the model. Raises a 404 ServiceError."""
    return service.state.models.files(exported_model(project, exported).model.id)


def content(service: Service, project: Project, exported: str, name: str) -> bytes:
    """The content of one file. Raises a 404 ServiceError."""
    file = next((file for file in files(service, project, exported) if file.name == name), None)
    if file is None:
        raise not_found(f"The exported model has no file {name!r}.")
    return file.read_bytes()
