"""Loads the labels that a model was trained with back into its project. Independent of protocols."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from local.language.jobs.runner import Effect
from local.language.operations.service import Service
from local.language.state.records import Ending, Job
from local.language.state.state import model, snapshot


def begin_load(service: Service, name: str, label: str) -> Job:
    """Raises a 404 ServiceError, or a 409 while the project is busy."""
    service.require_idle(name)
    snapshot(service.state, model(service.state.project(name), label))
    return service.begin("load", name, request={"model": label})


def loading(service: Service, job: Job) -> Effect:
    def load(at: datetime) -> Ending:
        project = service.state.project(job.project)
        labels = snapshot(service.state, model(project, job.request["model"])).labels
        service.state.put(replace(project, labels=labels, modified=at))
        return Ending()

    return load
