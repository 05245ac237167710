"""Trains models and deletes them. Independent of protocols."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, cast

from msgspec import structs

from local.language import engine
from local.language.jobs.runner import Effect
from local.language.operations.service import AUTHORING_LIFETIME, Service
from local.language.protocol.service_errors import ServiceError, WireError, bad_parameter, conflict, quota
from local.language.protocol.text_length import text_elements
from local.language.state.project_kinds import QUICKSTART
from local.language.state.records import Ending, EvaluationOptions, Job, Model, Project, Snapshot
from local.language.state.state import model

CONFIG = "2022-05-01"  # the only training configuration for classification
MODEL_LIFETIME = timedelta(days=365)
MAX_MODELS = 10
MAX_CHARACTERS = 128_000
TEXTS_AT_ONCE = 200
READING = 30  # percent of a training, about the time that it takes to read the texts
NOT_EVALUATED = "The model has no evaluation: it was trained with fewer than 10 documents, or none was held out."
MODEL_NAME = re.compile(r"(?!\.+$)[\w.\-]{1,50}")  # clients drop a path segment of dots only


def begin(
    service: Service, name: str, label: str, options: EvaluationOptions, lifetime: timedelta = AUTHORING_LIFETIME
) -> Job:
    """Begins a training. Raises a 409 ServiceError while the project is busy, or another ServiceError."""
    service.require_idle(name)
    project = service.state.project(name)
    if not MODEL_NAME.fullmatch(label):
        raise bad_parameter(f"{label!r} cannot name a model: use up to 50 letters, digits, _ . -", "modelLabel")
    if label not in project.models and len(project.models) >= MAX_MODELS:
        raise quota(f"The project has reached the limit of {MAX_MODELS} models: delete one first.")
    return service.begin("train", name, request={"model": label, "options": structs.asdict(options)}, lifetime=lifetime)


def training(service: Service, job: Job) -> Effect:
    """The work of a training: reads the labelled texts and trains. Skips unusable files with a warning."""
    with service.state.lock:
        project = service.state.project(job.project)
    examples, warnings = examples_of(service, job, project)
    trained = _train(service, job, project, examples)
    if trained.evaluation is None:
        warnings = (*warnings, WireError("Warning", NOT_EVALUATED))
    return lambda at: _keep(service, job, trained, Snapshot(at, project.labels), warnings)


def cancel(service: Service, job: Job) -> Job:
    """Cancels a training. A model that is already trained is kept, without an evaluation that is still running.

    A second call has no effect. Raises a 400 ServiceError if the job has ended.
    """
    if job.ending:
        raise bad_parameter(f"The training job {job.id} has already ended.")
    if job.cancellation:
        return job
    until = service.pace.moments("cancel", service.clock.now())[-1]
    trained = service.authoring.step(job) in ("evaluating", "evaluated")
    return service.authoring.cancel(job, until, finish=trained)


def delete_model(service: Service, project: Project, label: str) -> None:
    """Raises a 404 ServiceError, or a 409 if the model is deployed."""
    model_id = model(project, label).id
    used = next((name for name, deployed in project.deployments.items() if deployed.model.id == model_id), None)
    if used:
        raise conflict(f"The model is deployed as {used!r}: delete that deployment first.")
    kept = {name: trained for name, trained in project.models.items() if name != label}
    service.state.put(structs.replace(project, models=kept))
    service.collect()


def examples_of(service: Service, job: Job, project: Project) -> tuple[list[engine.Example], tuple[WireError, ...]]:
    """The labelled texts of the project, and a warning for each file that cannot be used.

    Raises a 400 ServiceError if none can be used; Stopped if the job is no longer needed.
    """
    labelled = [document for document in project.labels.documents if document.classes]
    texts = _texts(service, job, project.container, [document.location for document in labelled])
    examples = [
        engine.Example(
            document.location, text, document.classes, document.language or project.language, document.dataset
        )
        for document in labelled
        if (text := texts[document.location]) and not _unusable(text)
    ]
    warnings = _warnings(texts)
    if warnings and not examples:
        raise bad_parameter(
            f"None of the {len(texts)} labelled documents can be used for training. {warnings[0].message}"
        )
    return examples, warnings


def split_of(job: Job) -> engine.Split:
    options = EvaluationOptions(**job.request["options"])
    return engine.Split(cast("Literal['percentage', 'manual']", options.kind), options.training, options.testing)


def expires(moment: datetime) -> datetime:
    return moment + MODEL_LIFETIME


def _texts(service: Service, job: Job, container: str, names: Sequence[str]) -> Mapping[str, str | None]:
    """As `TextStorage.texts`. Stops when the job is cancelled or the process ends."""
    texts: dict[str, str | None] = {}
    for start in range(0, len(names), TEXTS_AT_ONCE):
        service.authoring.advance(job, READING * start // len(names))
        texts |= service.storage.texts(container, names[start : start + TEXTS_AT_ONCE])
    return texts


def _train(service: Service, job: Job, project: Project, examples: list[engine.Example]) -> engine.TrainedModel:
    """Raises a 400 ServiceError; Stopped, at once, if the job is no longer needed."""
    kind = cast("engine.Kind", project.kind)

    def report(percent: int) -> None:
        service.authoring.advance(job, READING + (100 - READING) * percent // 100)

    try:
        embedding = service.state.models.embedding
        return engine.train_apart(examples, project.labels.classes, kind, split_of(job), report, embedding=embedding)
    except engine.TrainingError as error:
        raise ServiceError(400, WireError("InvalidRequest", str(error))) from error


def _keep(
    service: Service, job: Job, trained: engine.TrainedModel, snapshot: Snapshot, warnings: tuple[WireError, ...]
) -> Ending:
    project, at, label = service.state.project(job.project), snapshot.created, job.request["model"]
    if _unevaluated(service, job):
        trained, warnings = replace(trained, evaluation=None), ()
    service.collect()  # an earlier attempt on a full disk may have left a model
    identity = uuid.uuid4()
    model = Model(
        label=label,
        id=f"{label}-{at:%Y%m%dT%H%M%S}-{identity.hex}",
        published_id=f"{identity}_{QUICKSTART[project.kind]}_latest",
        trained=at,
        seconds=round((at - job.created).total_seconds()),
        options=EvaluationOptions(**job.request["options"]),
        config=CONFIG,
    )
    service.state.models.put(model.id, trained)
    service.state.snapshots.put(model.id, snapshot)
    service.state.put(structs.replace(project, models={**project.models, label: model}))
    service.collect()
    return Ending(warnings=warnings)


def _unevaluated(service: Service, job: Job) -> bool:
    """Whether the job was cancelled during the evaluation."""
    stored = service.state.jobs.get(job.id)
    return bool(stored and stored.cancellation and stored.cancellation.step == "evaluating")


def _warnings(texts: Mapping[str, str | None]) -> tuple[WireError, ...]:
    reasons = {name: _unusable(text) for name, text in texts.items()}
    return tuple(
        WireError("Warning", f"{name} was skipped: it {reason}.") for name, reason in reasons.items() if reason
    )


def _unusable(text: str | None) -> str:
    """Why a training text cannot be used; "" if it can."""
    if text is None:
        return "does not exist, is too large or is not UTF-8 text"
    if len(text) > MAX_CHARACTERS and text_elements(text) > MAX_CHARACTERS:
        return f"has more than {MAX_CHARACTERS} characters"
    return "" if text else "is empty"
