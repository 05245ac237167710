"""Everything that the service stores, behind one lock: projects, jobs, trained models and their snapshots."""

from __future__ import annotations

import threading
from collections.abc import Set
from pathlib import Path

from local.language.engine import Embedding
from local.language.protocol.service_errors import not_found, project_not_found
from local.language.state.json_table import JsonTable
from local.language.state.model_evaluation import ModelEvaluation
from local.language.state.model_store import ModelStore
from local.language.state.records import CopyGrant, Deployment, ExportedModel, Job, Model, Project, Snapshot


class State:
    """Stored in `folder`. A new State on the same folder has everything that the last one stored."""

    def __init__(self, folder: Path, embedding: Embedding | None = None) -> None:
        self.lock = threading.RLock()
        self.projects = JsonTable(folder / "projects", Project)
        self.jobs = JsonTable(folder / "jobs", Job)
        self.analyses = JsonTable(folder / "analyses", Job, durable=False)  # many, and deleted after a day
        self.models = ModelStore(folder / "models", embedding)
        self.snapshots = JsonTable(folder / "snapshots", Snapshot)
        self.grants = JsonTable(folder / "grants", CopyGrant)  # by the digest of the token, which is not stored
        # By model id: evaluations on request. That of the training is stored with the model.
        self.evaluations = JsonTable(folder / "evaluations", ModelEvaluation)

    def project(self, name: str) -> Project:
        """Raises a 404 ServiceError."""
        project = self.projects.get(name)
        if project is None:
            raise project_not_found()
        return project

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


def snapshot(state: State, trained: Model) -> Snapshot:
    """Raises a 404 ServiceError."""
    labels = state.snapshots.get(trained.id)
    if labels is None:
        raise not_found(f"The model {trained.label!r} has no snapshot: an earlier version trained it.")
    return labels


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
