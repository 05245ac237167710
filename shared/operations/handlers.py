"""How each kind of operation goes: how it begins, how it stands, and what changes when it has succeeded.

Each step may be taken twice, as nobody knows whether the first try arrived whose process died.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.domain.operations import Operation, OperationKind
from shared.domain.singletons import ActiveClassifier
from shared.errors import AlreadyExists, LanguageError, NotSupported, ResourceNotFound
from shared.labels.formats import Format, is_labels_file, read_labels, write_labels
from shared.labels.validation import load_valid_labels
from shared.language.types import Classifier, Kind, Progress, Project, State
from shared.operations import export
from shared.operations.promotion import Baseline, rejection_reason
from shared.services import Services

Result = Mapping[str, Any]
Effect = tuple[list[tuple[Any, Any]], Result]


@dataclass(frozen=True)
class Work:
    """How one kind of operation goes.

    `begin` gives the service's id ("": it is done already); `look` how it stands; `effect` what else changes in the
    ledger when it succeeds, as (before, after) pairs, and what it yielded. `arrived`: what a second try to begin meets
    if the first has done all there was to do.
    """

    begin: Callable[[Services, Operation], str]
    look: Callable[[Services, Operation], Progress]
    effect: Callable[[Services, Operation, Progress, datetime], Effect] = lambda *_: ([], {})
    arrived: type[LanguageError] | None = None


def next_part(operation: Operation, result: Result) -> OperationKind | None:
    """What follows the part that has just yielded `result`: a training that is to be published is, if good enough."""
    wanted = operation.phase is OperationKind.TRAIN and "deployment" in operation.parameters
    return OperationKind.PUBLISH if wanted and result.get("published") is not False else None


def deployed(services: Services, project: str, deployment: str) -> Baseline:
    """The model that answers there now, and its macro F1. Where deployments cannot be asked for, the last published."""
    try:
        model = services.language.deployment(project, deployment).model
    except ResourceNotFound:
        return Baseline()
    except NotSupported:
        remembered = services.ledger.read(ActiveClassifier).classifier
        model = remembered.model if remembered and _answers_at(remembered, project, deployment) else ""
    return Baseline(model, _macro_f1(services, project, model)) if model else Baseline()


def _macro_f1(services: Services, project: str, model: str) -> float | None:
    """None if the model was not evaluated, or is not there."""
    try:
        return services.language.evaluation(project, model).macro_f1
    except ResourceNotFound:
        return None


def _create(services: Services, operation: Operation) -> str:
    wanted = operation.parameters
    project = Project(
        name=operation.project,
        kind=Kind(wanted["modelType"]),
        container=wanted["storageInputContainerName"],
        language=wanted["culture"],
        multilingual=wanted["multiLingual"],
        description=wanted["description"],
        labels_location=wanted["labelsLocation"],
    )
    labels = load_valid_labels(services, project.container, project.labels_location, project.kind)
    return services.language.begin_create_project(project, labels)


def _import(services: Services, operation: Operation) -> str:
    project = services.language.project(operation.project)
    labels = load_valid_labels(services, project.container, operation.parameters["labelsLocation"], project.kind)
    return services.language.begin_import(project, labels)


def _exported(services: Services, operation: Operation, _: Progress, __: datetime) -> Effect:
    """The labels file lies in the project's container; the quickstart's format is made of today's."""
    project = services.language.project(operation.project)
    content = services.language.exported(operation.project, operation.service_id)
    labels = read_labels(content, project.kind).labels
    if operation.parameters["format"] == Format.QUICKSTART:
        content = write_labels(project, labels, Format.QUICKSTART)
    location = operation.parameters["labelsLocation"]
    services.documents.write_any(project.container, location, content, is_labels_file)
    return [], {"container": project.container, "labelsLocation": location, "documents": len(labels.documents)}


def _trained(services: Services, operation: Operation, _: Progress, __: datetime) -> Effect:
    """Where the model is to be published, it is first held against what was asked for and what is deployed."""
    model = operation.parameters["model"]
    if "deployment" not in operation.parameters:
        return [], {"model": model}
    found = _macro_f1(services, operation.project, model)
    deployed = Baseline(operation.result.get("deployedModel", ""), operation.result.get("deployedMacroF1"))
    why = rejection_reason(found, operation.parameters["ifMacroF1AtLeast"], deployed)
    result = {"model": model, **({} if found is None else {"macroF1": found})}
    return [], {**result, "published": False, "why": why} if why else result


def _published(services: Services, operation: Operation, progress: Progress, now: datetime) -> Effect:
    """What was published is the classifier of dropped files from now on, in the same transaction, unless told not."""
    deployment, model = operation.parameters["deployment"], operation.parameters["model"]
    result = {"model": model, "deployment": deployment, "published": True}
    result |= {"modelId": progress.model_id} if progress.model_id else {}
    before = services.ledger.read(ActiveClassifier)
    answers_here = before.classifier and _answers_at(before.classifier, operation.project, deployment)
    if before.classifier and answers_here:
        result["replaced"] = before.classifier.model
    if not operation.parameters.get("asClassifier", True):
        result["classifier"] = "left as it was"
        if before.classifier is None or not answers_here:
            return [], result
        same = replace(before.classifier, model=model, model_id=progress.model_id)
        return _choose(before, same, now), result
    classifier = services.language.classifier(operation.project, deployment, progress.model_id)
    classifier = replace(classifier, project=operation.project, deployment=deployment, model=model)
    return _choose(before, classifier, now), result


def _unpublished(services: Services, operation: Operation, _: Progress, now: datetime) -> Effect:
    """Deleting the deployment that dropped files go to leaves them without a classifier."""
    before = services.ledger.read(ActiveClassifier)
    if not before.classifier or not _answers_at(
        before.classifier, operation.project, operation.parameters["deployment"]
    ):
        return [], {}
    return _choose(before, None, now), {"classifier": "cleared: it was this deployment"}


def _deleted(services: Services, operation: Operation, _: Progress, now: datetime) -> Effect:
    """Deleting the project that dropped files go to leaves them without a classifier."""
    before = services.ledger.read(ActiveClassifier)
    if before.classifier is None or before.classifier.project != operation.project:
        return [], {}
    return _choose(before, None, now), {"classifier": "cleared: it belonged to this project"}


def models_at(services: Services, project: str) -> dict[str, str]:
    """The model that each deployment of the project answers with."""
    return {one.name: one.model for one in services.language.deployments(project)}


def _swap(services: Services, operation: Operation) -> str:
    """A swap that has taken place is not asked for again: it would undo it."""
    wanted: Mapping[str, str] = operation.result["deployments"]
    if wanted.items() <= models_at(services, operation.project).items():
        return ""
    first, second = wanted
    return services.language.begin_swap(operation.project, first, second)


def _swapping(services: Services, operation: Operation) -> Progress:
    """Two requests may have arrived, where the answer to the first was lost: the second has undone it."""
    progress = services.language.swapping(operation.project, operation.service_id)
    first, second = operation.result["deployments"].items()
    undone = {first[0]: second[1], second[0]: first[1]}
    if progress.state is not State.SUCCEEDED or first[1] == second[1]:
        return progress
    if undone.items() <= models_at(services, operation.project).items():
        return Progress(State.RUNNING, job=_swap(services, operation))
    return progress


def _swapped(services: Services, operation: Operation, _: Progress, now: datetime) -> Effect:
    """The classifier stays where it is; its model is another."""
    before = services.ledger.read(ActiveClassifier)
    for deployment, model in operation.result["deployments"].items():
        if before.classifier and _answers_at(before.classifier, operation.project, deployment):
            result = {"classifier": f"dropped files go to {model} now"}
            return _choose(before, replace(before.classifier, model=model), now), result
    return [], {}


def _answers_at(classifier: Classifier, project: str, deployment: str) -> bool:
    return (classifier.project, classifier.deployment) == (project, deployment)


def _choose(before: ActiveClassifier, classifier: Classifier | None, now: datetime) -> list[tuple[Any, Any]]:
    return [(before if before.version else None, ActiveClassifier(classifier, now, looked=now, version=before.version))]


WORK: dict[OperationKind, Work] = {
    OperationKind.CREATE: Work(
        _create, lambda services, one: services.language.creation(one.project, one.service_id), arrived=AlreadyExists
    ),
    OperationKind.IMPORT: Work(_import, lambda services, one: services.language.creation(one.project, one.service_id)),
    OperationKind.EXPORT: Work(
        lambda services, one: services.language.begin_export(one.project),
        lambda services, one: services.language.exporting(one.project, one.service_id),
        _exported,
    ),
    OperationKind.TRAIN: Work(
        lambda services, one: services.language.begin_train(one.project, one.parameters["model"]),
        lambda services, one: services.language.training(one.project, one.service_id),
        _trained,
    ),
    OperationKind.PUBLISH: Work(
        lambda services, one: services.language.begin_publish(
            one.project, one.parameters["model"], one.parameters["deployment"]
        ),
        lambda services, one: services.language.publishing(one.project, one.parameters["deployment"], one.service_id),
        _published,
    ),
    OperationKind.UNPUBLISH: Work(
        lambda services, one: services.language.begin_delete_deployment(one.project, one.parameters["deployment"]),
        lambda services, one: services.language.publishing(one.project, one.parameters["deployment"], one.service_id),
        _unpublished,
        ResourceNotFound,
    ),
    OperationKind.SWAP: Work(_swap, _swapping, _swapped),
    OperationKind.DELETE: Work(
        lambda services, one: services.language.begin_delete_project(one.project),
        lambda services, one: services.language.deletion(one.project, one.service_id),
        _deleted,
        ResourceNotFound,
    ),
    OperationKind.EXPORT_DOCUMENTS: Work(export.begin, export.step, export.effect),
}
