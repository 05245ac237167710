"""The types of all dialects of the Language service.

All values are frozen; times are aware UTC datetimes; confidences are 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Kind(StrEnum):
    """How many classes one document may have."""

    SINGLE = "SingleClassification"
    MULTI = "MultiClassification"


class State(StrEnum):
    """The state of long-running work at the service, the same for all dialects."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self is not State.RUNNING


@dataclass(frozen=True)
class Project:
    """A classification project. `container` holds its training texts and, at `labels_location`, its labels file."""

    name: str
    kind: Kind
    container: str
    language: str = "en-us"
    multilingual: bool = False
    description: str = ""
    labels_location: str = ""
    created: datetime | None = None
    modified: datetime | None = None
    trained: datetime | None = None
    deployed: datetime | None = None


@dataclass(frozen=True)
class LabelledDocument:
    """One training text: a blob's name, its classes, and its dataset ("Train", "Test" or "")."""

    location: str
    classes: tuple[str, ...]
    language: str = ""
    dataset: str = ""


@dataclass(frozen=True)
class Labels:
    """The contents of a labels file, independent of its format."""

    classes: tuple[str, ...]
    documents: tuple[LabelledDocument, ...]


@dataclass(frozen=True)
class Classifier:
    """What documents are sent to: project and deployment (today's protocol), or a model id (the quickstart's).

    `dialect` is `Language.dialect` of the client it belongs to.
    """

    dialect: str
    project: str = ""
    deployment: str = ""
    model_id: str = ""
    kind: Kind = Kind.MULTI
    model: str = ""

    @property
    def name(self) -> str:
        """The model id if it has one, or else `project/deployment`."""
        return self.model_id or f"{self.project}/{self.deployment}"


@dataclass(frozen=True)
class Progress:
    """The status of an import, a training, a publishing or a deletion.

    `percent` is 0 to 100 where the service tells it. `steps` names the parts the service reports on and where
    each stands, such as {"training": "succeeded", "evaluation": "running"}. `model_id` is what a publishing in the
    quickstart's protocol yields. `error` is the reason for a failure. `job`: the id to ask about from now on, if
    another than before.
    """

    state: State
    percent: int | None = None
    steps: Mapping[str, str | int] = field(default_factory=dict)
    model_id: str = ""
    error: str = ""
    job: str = ""
    expires: datetime | None = None
    retry_after: float | None = None


@dataclass(frozen=True)
class Score:
    """The figures of one class on the held-out documents. Ratios are from 0 to 1."""

    precision: float
    recall: float
    f1: float
    true_positives: int
    true_negatives: int
    false_positives: int
    false_negatives: int


@dataclass(frozen=True)
class Evaluation:
    """The figures of a model on the documents that were held out from its training."""

    kind: Kind
    classes: Mapping[str, Score]
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    confusion: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Prediction:
    """The classes of one held-out document: expected and predicted. Both may be empty."""

    location: str
    expected: tuple[str, ...]
    predicted: tuple[str, ...]
    language: str = ""


@dataclass(frozen=True)
class Training:
    """A training as the service lists it; `job` is the service's id."""

    job: str
    model: str
    progress: Progress
    created: datetime | None = None


@dataclass(frozen=True)
class SpokenLanguage:
    """A language that texts may be in."""

    name: str
    code: str


@dataclass(frozen=True)
class Model:
    """A trained model of a project."""

    name: str
    model_id: str = ""
    trained: datetime | None = None
    expires: datetime | None = None


@dataclass(frozen=True)
class Deployment:
    """A named place in a project that serves a model."""

    name: str
    model: str
    deployed: datetime | None = None
    expires: datetime | None = None


@dataclass(frozen=True)
class Text:
    """One document of an analyze job. `id` is returned with its classes. `language`: "" if the service chooses."""

    id: str
    text: str
    language: str = ""


@dataclass(frozen=True)
class ClassScore:
    """One class of a document and its confidence, from 0 to 1."""

    category: str
    confidence: float


@dataclass(frozen=True)
class Analysis:
    """The status of an analyze job. `classes` and `errors` are keyed by document id and may both be partial.

    A job can succeed although some documents have errors. `errors`: the service's reason for each.
    `error` is the reason for the job as a whole. `status`: the service's own status, for messages.
    """

    state: State
    status: str = ""
    classes: Mapping[str, tuple[ClassScore, ...]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    expires: datetime | None = None
    retry_after: float | None = None


class Language(Protocol):
    """One dialect of the service. Every method is one or a few HTTP calls and never waits for a job to end.

    Each may raise a LanguageError; what a dialect does not have raises NotSupported. A `begin_…` gives the id of
    the job at the service to ask about later, or "" if the thing is done already.
    """

    dialect: str
    api: str

    def begin_create_project(self, project: Project, labels: Labels) -> str: ...
    def creation(self, project: str, job: str) -> Progress:
        """The status of a creation or an import."""
        ...

    def begin_import(self, project: Project, labels: Labels) -> str: ...
    def change_project(self, project: Project) -> Project: ...
    def begin_export(self, project: str) -> str: ...
    def exporting(self, project: str, job: str) -> Progress: ...
    def exported(self, project: str, job: str) -> bytes:
        """The labels file of an export that has succeeded, in today's format."""
        ...

    def projects(self) -> Sequence[Project]: ...
    def project(self, name: str) -> Project: ...
    def begin_delete_project(self, name: str) -> str: ...
    def deletion(self, name: str, job: str) -> Progress: ...
    def begin_train(self, project: str, model: str, *, manual_split: bool = False) -> str:
        """Start a training. `manual_split`: test with the documents of dataset "Test" instead of a random share."""
        ...

    def training(self, project: str, job: str) -> Progress: ...
    def trainings(self, project: str) -> Sequence[Training]: ...
    def cancel_training(self, project: str, job: str) -> None: ...
    def begin_publish(self, project: str, model: str, deployment: str) -> str: ...
    def publishing(self, project: str, deployment: str, job: str) -> Progress: ...
    def classifier(self, project: str, deployment: str, model_id: str) -> Classifier:
        """The classifier of a publishing or a setting. May request the project's kind from the service."""
        ...

    def models(self, project: str) -> Sequence[Model]: ...
    def model(self, project: str, model: str) -> Model: ...
    def delete_model(self, project: str, model: str) -> None: ...
    def deployments(self, project: str) -> Sequence[Deployment]: ...
    def deployment(self, project: str, deployment: str) -> Deployment: ...
    def begin_delete_deployment(self, project: str, deployment: str) -> str: ...
    def begin_swap(self, project: str, first: str, second: str) -> str: ...
    def swapping(self, project: str, job: str) -> Progress: ...
    def evaluation(self, project: str, model: str) -> Evaluation: ...
    def predictions(self, project: str, model: str) -> Sequence[Prediction]: ...
    def languages(self) -> Sequence[SpokenLanguage]: ...
    def begin_analyze(self, texts: Sequence[Text], classifier: Classifier, name: str) -> str: ...
    def analysis(self, job: str) -> Analysis: ...
