"""All that the service remembers: the projects and the jobs, behind one lock, and the trained models on disk."""

from __future__ import annotations

import threading
from collections.abc import Set
from pathlib import Path

from local.language.protocol.service_errors import not_found, project_not_found
from local.language.state.evaluated import ModelEvaluation
from local.language.state.json_table import JsonTable
from local.language.state.model_store import ModelStore
from local.language.state.records import CopyGrant, Deployment, ExportedModel, Job, Model, Project, Snapshot


class State:
    """Kept in `folder`; a new State on the same folder goes on where the last one ended."""

    def __init__(self, folder: Path) -> None:
        self.lock = threading.RLock()
        self.projects = JsonTable(folder / "projects", Project)
        self.jobs = JsonTable(folder / "jobs", Job)
        self.analyses = JsonTable(folder / "analyses", Job, durable=False)  # gone in a day, and there are many
        self.models = ModelStore(folder / "models")
        self.snapshots = JsonTable(folder / "snapshots", Snapshot)
        self.grants = JsonTable(folder / "grants", CopyGrant)  # by the digest of the token, which is kept nowhere
        self.evaluations = JsonTable(
            folder / "evaluations", ModelEvaluation
        )  # those made anew; the first is with the model

    def project(self, name: str) -> Project:
        """Raises a 404 ServiceError."""
        found = self.projects.get(name)
        if found is None:
            raise project_not_found()
        return found

    def put(self, project: Project) -> Project:
        self.projects.put(project.name, project)
        return project

    def keep_only(self, models: Set[str]) -> None:
        """Removes every other trained model, its snapshot and its evaluation."""
        self.models.keep_only(models)
        for table in (self.snapshots, self.evaluations):
            for name in {name for name, _ in table.items()} - models:
                table.remove(name)


def model(project: Project, label: str) -> Model:
    """Raises a 404 ServiceError."""
    if label not in project.models:
        raise not_found(f"The project has no model {label!r}.")
    return project.models[label]


def snapshot(state: State, made: Model) -> Snapshot:
    """Raises a 404 ServiceError."""
    found = state.snapshots.get(made.id)
    if found is None:
        raise not_found(f"The model {made.label!r} has no snapshot: it was trained before there were any.")
    return found


def deployment(project: Project, name: str) -> Deployment:
    """Raises a 404 ServiceError."""
    if name not in project.deployments:
        raise not_found(f"The project has no deployment {name!r}.")
    return project.deployments[name]


def exported_model(project: Project, name: str) -> ExportedModel:
    """Raises a 404 ServiceError."""
    if name not in project.exported:
        raise not_found(f"The project has no exported model {name!r}.")
    return project.exported[name]
