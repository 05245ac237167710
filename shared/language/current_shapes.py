"""The contents of today's protocol's responses."""

from __future__ import annotations

from collections.abc import Mapping

from shared.language import parsing
from shared.language.parsing import moment, optional, required
from shared.language.project_file import KINDS
from shared.language.types import Deployment, Kind, Model, Prediction, Progress, Project, SpokenLanguage, Training

KINDS_READ = {word.casefold(): kind for kind, word in KINDS.items()}
PREDICTIONS: Mapping[str, tuple[str, str]] = {
    "customMultiLabelClassificationResult": ("expectedClasses", "predictedClasses"),
    "customSingleLabelClassificationResult": ("expectedClass", "predictedClass"),
}
TRAINING_STEPS = {"training": "trainingStatus", "evaluation": "evaluationStatus"}


def kind(item: object) -> Kind | None:
    """A project's kind; None for a project of another feature."""
    return KINDS_READ.get(required(item, str, "projectKind").casefold())


def project(item: object) -> Project:
    return Project(
        name=required(item, str, "projectName"),
        kind=kind(item) or Kind.MULTI,
        container=required(item, str, "storageInputContainerName"),
        language=optional(item, str, "language", default=""),
        multilingual=optional(item, bool, "multilingual", default=False),
        description=optional(item, str, "description", default=""),
        created=moment(item, "createdDateTime"),
        modified=moment(item, "lastModifiedDateTime"),
        trained=moment(item, "lastTrainedDateTime"),
        deployed=moment(item, "lastDeployedDateTime"),
    )


def training_progress(body: object) -> Progress:
    """The status of a training. Of its percent, training and evaluation are half each."""
    result = optional(body, dict, "result", default={})
    parts = {step: optional(result, dict, field, default={}) for step, field in TRAINING_STEPS.items()}
    steps = {step: required(part, str, *parsing.STATUS) for step, part in parts.items() if part}
    done = sum(parsing.number(part, "percentComplete") for part in parts.values() if part)
    return parsing.standing(body, steps=steps, percent=int(done / len(parts)) if steps else None)


def training(item: object) -> Training:
    return Training(
        job=required(item, str, "jobId"),
        model=optional(optional(item, dict, "result", default={}), str, "modelLabel", default=""),
        progress=training_progress(item),
        created=moment(item, "createdDateTime"),
    )


def model(item: object) -> Model:
    return Model(
        name=required(item, str, "label"),
        model_id=optional(item, str, "modelId", default=""),
        trained=moment(item, "lastTrainedDateTime"),
        expires=moment(item, "modelExpirationDate"),
    )


def deployment(item: object, names: Mapping[str, str]) -> Deployment:
    """`names`: the names of the project's models, by model id."""
    model_id = required(item, str, "modelId")
    return Deployment(
        name=required(item, str, "deploymentName"),
        model=names.get(model_id, model_id),
        deployed=moment(item, "lastDeployedDateTime"),
        expires=moment(item, "deploymentExpirationDate"),
    )


def prediction(item: object) -> Prediction:
    """The prediction for one held-out document."""
    name = next((name for name in PREDICTIONS if optional(item, dict, name, default=None) is not None), "")
    result: object = required(item, dict, name or next(iter(PREDICTIONS)))
    expected, predicted = PREDICTIONS[name]
    return Prediction(
        location=required(item, str, "location"),
        expected=parsing.names(result, expected),
        predicted=parsing.names(result, predicted),
        language=optional(item, str, "language", default=""),
    )


def spoken_language(item: object) -> SpokenLanguage:
    return SpokenLanguage(required(item, str, "languageName"), required(item, str, "languageCode"))


def tasks(body: object) -> list[object]:
    return optional(optional(body, dict, "tasks", default={}), list, "items", default=[])
