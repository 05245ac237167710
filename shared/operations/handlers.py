"""The handler of each kind of operation: how it begins, how it is polled, and what it changes when it has succeeded.

Steps must be idempotent: the process may die after the service accepted the request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from shared.domain.operations import Operation, OperationKind
from shared.domain.routing import ActiveClassifier
from shared.errors import AlreadyExists, NotSupported, ResourceNotFound
from shared.labels.formats import Format, is_labels_file, read_labels, write_labels
from shared.labels.merging import Split
from shared.labels.validation import load_valid_labels
from shared.language.types import Classifier, Kind, Progress, Project, State
from shared.operations.export import DocumentsExport
from shared.operations.handler import Effect, Handler, Result
from shared.operations.promotion import Baseline, rejection_reason
from shared.operations.review_labels import ReviewLabels
from shared.services import Services


def next_part(operation: Operation, result: Result) -> OperationKind | None:
    """The next phase after one with this `result`, if it was requested.

    A training follows new labels; a publishing follows the training of a model that is good enough.
    """
    if operation.phase is OperationKind.LABEL_REVIEWS:
        return OperationKind.TRAIN if "model" in operation.parameters and "trained" not in result else None
    wanted = operation.phase is OperationKind.TRAIN and "deployment" in operation.parameters
    return OperationKind.PUBLISH if wanted and result.get("published") is not False else None


def deployed(services: Services, project: str, deployment: str) -> Baseline:
    """The deployed model and its macro F1. If the service does not list deployments: the model last published here."""
    try:
        model = services.language.deployment(project, deployment).model
    except ResourceNotFound:
        return Baseline()
    except NotSupported:
        remembered = services.ledger.read(ActiveClassifier).classifier
        model = remembered.model if remembered and _answers_at(remembered, project, deployment) else ""
    return Baseline(model, _macro_f1(services, project, model)) if model else Baseline()


def _macro_f1(services: Services, project: str, model: str) -> float | None:
    """None if the model was not evaluated, or does not exist."""
    try:
        return services.language.evaluation(project, model).macro_f1
    except ResourceNotFound:
        return None


def models_at(services: Services, project: str) -> dict[str, str]:
    """The model of each deployment of the project, by the deployment's name."""
    return {deployment.name: deployment.model for deployment in services.language.deployments(project)}


class Creation(Handler):
    already_done = AlreadyExists

    def begin(self, services: Services, operation: Operation) -> str | None:
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
        return services.language.begin_create_project(project, labels) or None

    def look(self, services: Services, operation: Operation) -> Progress:
        return services.language.creation(operation.project, operation.service_id)


class Import(Handler):
    def begin(self, services: Services, operation: Operation) -> str | None:
        project = services.language.project(operation.project)
        labels = load_valid_labels(services, project.container, operation.parameters["labelsLocation"], project.kind)
        return services.language.begin_import(project, labels) or None

    def look(self, services: Services, operation: Operation) -> Progress:
        return services.language.creation(operation.project, operation.service_id)


class LabelsExport(Handler):
    def begin(self, services: Services, operation: Operation) -> str | None:
        return services.language.begin_export(operation.project) or None

    def look(self, services: Services, operation: Operation) -> Progress:
        return services.language.exporting(operation.project, operation.service_id)

    def effect(self, services: Services, operation: Operation, progress: Progress, now: datetime) -> Effect:
        """Write the labels file to the project's container, converted if the quickstart's format was requested."""
        del progress, now
        project = services.language.project(operation.project)
        content = services.language.exported(operation.project, operation.service_id)
        labels = read_labels(content, project.kind).labels
        if operation.parameters["format"] == Format.QUICKSTART:
            content = write_labels(project, labels, Format.QUICKSTART)
        location = operation.parameters["labelsLocation"]
        services.documents.write_any(project.container, location, content, is_labels_file)
        return [], {"container": project.container, "labelsLocation": location, "documents": len(labels.documents)}


class Training(Handler):
    def begin(self, services: Services, operation: Operation) -> str | None:
        manual = operation.result.get("split") == Split.MANUAL
        model = operation.parameters["model"]
        return services.language.begin_train(operation.project, model, manual_split=manual) or None

    def look(self, services: Services, operation: Operation) -> Progress:
        return services.language.training(operation.project, operation.service_id)

    def effect(self, services: Services, operation: Operation, progress: Progress, now: datetime) -> Effect:
        """The trained model. If it is to be published, it is compared with the requested minimum and the baseline."""
        del progress, now
        model = operation.parameters["model"]
        if "deployment" not in operation.parameters:
            return [], {"model": model}
        macro_f1 = _macro_f1(services, operation.project, model)
        baseline = Baseline(operation.result.get("deployedModel", ""), operation.result.get("deployedMacroF1"))
        why = rejection_reason(macro_f1, operation.parameters["ifMacroF1AtLeast"], baseline)
        result = {"model": model, **({} if macro_f1 is None else {"macroF1": macro_f1})}
        return [], {**result, "published": False, "why": why} if why else result


class Publishing(Handler):
    def begin(self, services: Services, operation: Operation) -> str | None:
        model, deployment = operation.parameters["model"], operation.parameters["deployment"]
        return services.language.begin_publish(operation.project, model, deployment) or None

    def look(self, services: Services, operation: Operation) -> Progress:
        return services.language.publishing(operation.project, operation.parameters["deployment"], operation.service_id)

    def effect(self, services: Services, operation: Operation, progress: Progress, now: datetime) -> Effect:
        """Make the deployment the active classifier in the same transaction, unless `asClassifier` is false.

        Folders whose classifier it is keep it, with the new model.
        """
        deployment, model = operation.parameters["deployment"], operation.parameters["model"]
        result = {"model": model, "deployment": deployment, "published": True}
        result |= {"modelId": progress.model_id} if progress.model_id else {}
        before = services.ledger.read(ActiveClassifier)
        if before.classifier and _answers_at(before.classifier, operation.project, deployment):
            result["replaced"] = before.classifier.model
        published = partial(replace, model=model, model_id=progress.model_id)
        after = before.changed(_deployed_at(before, operation.project, deployment), published, now)
        result |= _folders_of(before, after)
        if not operation.parameters.get("asClassifier", True):
            return _changes(before, after), {**result, "classifier": "left as it was"}
        classifier = services.language.classifier(operation.project, deployment, progress.model_id)
        classifier = replace(classifier, project=operation.project, deployment=deployment, model=model)
        return _changes(before, replace(after, classifier=classifier, since=now, looked=now)), result


class Unpublishing(Handler):
    already_done = ResourceNotFound

    def begin(self, services: Services, operation: Operation) -> str | None:
        return services.language.begin_delete_deployment(operation.project, operation.parameters["deployment"]) or None

    def look(self, services: Services, operation: Operation) -> Progress:
        return services.language.publishing(operation.project, operation.parameters["deployment"], operation.service_id)

    def effect(self, services: Services, operation: Operation, progress: Progress, now: datetime) -> Effect:
        """Clear the active classifier if it is the deleted deployment, and remove the prefixes that go to it."""
        del progress
        before = services.ledger.read(ActiveClassifier)
        deleted = _deployed_at(before, operation.project, operation.parameters["deployment"])
        return _without(before, deleted, "it was this deployment", now)


class Swap(Handler):
    def begin(self, services: Services, operation: Operation) -> str | None:
        """Request the swap, unless it has already taken place: a second swap would revert it."""
        wanted: Mapping[str, str] = operation.result["deployments"]
        if wanted.items() <= models_at(services, operation.project).items():
            return None
        first, second = wanted
        return services.language.begin_swap(operation.project, first, second) or None

    def look(self, services: Services, operation: Operation) -> Progress:
        """Poll the swap. If the service received two requests, the second has reverted the first: swap again."""
        progress = services.language.swapping(operation.project, operation.service_id)
        first, second = operation.result["deployments"].items()
        undone = {first[0]: second[1], second[0]: first[1]}
        if progress.state is not State.SUCCEEDED or first[1] == second[1]:
            return progress
        if undone.items() <= models_at(services, operation.project).items():
            return Progress(State.RUNNING, job=self.begin(services, operation) or "")
        return progress

    def effect(self, services: Services, operation: Operation, progress: Progress, now: datetime) -> Effect:
        """Update the models of the classifiers that are one of the two deployments."""
        del progress
        before = services.ledger.read(ActiveClassifier)
        models: Mapping[str, str] = operation.result["deployments"]
        after = before.changed(
            lambda classifier: classifier.project == operation.project and classifier.deployment in models,
            lambda classifier: replace(classifier, model=models[classifier.deployment]),
            now,
        )
        result = _folders_of(before, after)
        if before.classifier and before.classifier != after.classifier and after.classifier:
            result["classifier"] = f"dropped files go to {after.classifier.model} now"
        return _changes(before, after), result


class Deletion(Handler):
    already_done = ResourceNotFound

    def begin(self, services: Services, operation: Operation) -> str | None:
        return services.language.begin_delete_project(operation.project) or None

    def look(self, services: Services, operation: Operation) -> Progress:
        return services.language.deletion(operation.project, operation.service_id)

    def effect(self, services: Services, operation: Operation, progress: Progress, now: datetime) -> Effect:
        """Clear the active classifier if it belongs to the deleted project, and remove the prefixes that go to it."""
        del progress
        before = services.ledger.read(ActiveClassifier)
        return _without(before, _deployed_at(before, operation.project), "it belonged to this project", now)


def _answers_at(classifier: Classifier, project: str, deployment: str = "") -> bool:
    """Whether it is this deployment, or any one of the project."""
    return classifier.project == project and deployment in ("", classifier.deployment)


def _deployed_at(before: ActiveClassifier, project: str, deployment: str = "") -> Callable[[Classifier], bool]:
    """Whether a classifier is this deployment, or any one of the project.

    In the quickstart's protocol, the classifier of a folder is only a model id. It is this deployment if another
    classifier is known to be this deployment with this model id.
    """
    known = [before.classifier, *(folder.classifier for folder in before.folders)]
    ids = {found.model_id for found in known if found and found.model_id and _answers_at(found, project, deployment)}
    return lambda classifier: _answers_at(classifier, project, deployment) or classifier.model_id in ids


def _without(before: ActiveClassifier, deleted: Callable[[Classifier], bool], why: str, now: datetime) -> Effect:
    after = before.changed(deleted, lambda _: None, now)
    cleared = {"classifier": f"cleared: {why}"} if before.classifier and not after.classifier else {}
    return _changes(before, after), {**cleared, **_folders_of(before, after)}


def _folders_of(before: ActiveClassifier, after: ActiveClassifier) -> dict[str, Any]:
    """The prefixes whose classifiers have changed, and those that were removed."""
    kept = {folder.prefix for folder in after.folders}
    removed = [folder.prefix for folder in before.folders if folder.prefix not in kept]
    changed = [folder.prefix for folder in after.folders if folder not in before.folders]
    return {**({"changedPrefixes": changed} if changed else {}), **({"removedPrefixes": removed} if removed else {})}


def _changes(before: ActiveClassifier, after: ActiveClassifier) -> list[tuple[Any, Any]]:
    return [(before if before.version else None, after)] if after != before else []


HANDLERS: dict[OperationKind, Handler] = {
    OperationKind.CREATE: Creation(),
    OperationKind.IMPORT: Import(),
    OperationKind.EXPORT: LabelsExport(),
    OperationKind.TRAIN: Training(),
    OperationKind.PUBLISH: Publishing(),
    OperationKind.UNPUBLISH: Unpublishing(),
    OperationKind.SWAP: Swap(),
    OperationKind.DELETE: Deletion(),
    OperationKind.EXPORT_DOCUMENTS: DocumentsExport(),
    OperationKind.LABEL_REVIEWS: ReviewLabels(),
}
