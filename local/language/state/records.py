"""What the service stores about projects, with their labels, models and deployments, and about jobs.

All records are frozen and changed by copy. They are stored as JSON, under the names of their fields or, where one is
given, another `name`. A stored name never changes, so the state folder of an earlier version can be read. Times are
aware datetimes in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar

from msgspec import Meta, Struct, field

from local.language.protocol.service_errors import WireError

SINGLE, MULTI = "single", "multi"

Moment = Annotated[datetime, Meta(tz=True)]


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """`former`: names that earlier versions stored and that are no longer read."""

    former: ClassVar[frozenset[str]] = frozenset()


class LabelledDocument(Record, frozen=True):
    """One training text."""

    location: str  # the name of its blob
    classes: tuple[str, ...] = ()
    language: str = ""
    dataset: str = ""  # the side of a manual split: "Train", "Test" or ""


class Labels(Record, frozen=True):
    classes: tuple[str, ...] = ()
    documents: tuple[LabelledDocument, ...] = ()


class EvaluationOptions(Record, frozen=True):
    """How a training holds out documents. Both percentages count only for the kind "percentage"."""

    kind: str = "percentage"  # or "manual"
    training: int = 80  # percent
    testing: int = 20  # percent


class Model(Record, frozen=True):
    """A trained model of a project. The next training with the same label replaces it."""

    label: str
    id: str  # of the trained model, for good
    published_id: str  # the id by which analyze calls of the quickstart name it
    trained: Moment
    seconds: int  # how long the training took
    options: EvaluationOptions
    config: str  # the version of the training configuration


class Snapshot(Record, frozen=True):
    """The labels that a model was trained with."""

    created: Moment
    labels: Labels


class Resource(Record, frozen=True):
    """An Azure Language resource."""

    id: str  # its whole path in Azure
    region: str
    domain: str = ""  # the first part of its endpoint


class Deployment(Record, frozen=True):
    """A name that analyze calls use for a model. It keeps its model when the model's label is trained again."""

    name: str
    model: Model
    deployed: Moment
    resources: tuple[Resource, ...] = ()  # where it is deployed besides this service


class ExportedModel(Record, frozen=True):
    """A model that callers can download. It stays the same when the model's label is trained again."""

    name: str
    model: Model
    exported: Moment


class CopyGrant(Record, frozen=True):
    """What the holder of an access token may do: copy a project of this kind to a project of this name."""

    created: Moment
    expires: Moment
    project: str
    kind: str
    container: str  # of the copy's texts; "" for the container of the original
    overwrite: bool


class Project(Record, frozen=True):
    """A project of kind "single" (one class for each document) or "multi" (any number of classes)."""

    former: ClassVar[frozenset[str]] = frozenset({"trained", "deployed"})

    name: str
    kind: str
    container: str
    language: str
    created: Moment
    modified: Moment
    multilingual: bool | None = None
    description: str | None = None
    settings: Mapping[str, Any] | None = None
    labels: Labels = Labels()
    models: Mapping[str, Model] = field(default_factory=dict)  # by label
    deployments: Mapping[str, Deployment] = field(default_factory=dict)  # by name
    swapped_by: str = ""  # the id of the job that last swapped two deployments
    resources: tuple[Resource, ...] = ()  # those assigned to the project
    exported: Mapping[str, ExportedModel] = field(default_factory=dict)  # by name


class Ending(Record, frozen=True):
    """How a job ended."""

    status: str = "succeeded"  # or partiallyCompleted, failed, cancelled
    result: Mapping[str, Any] = field(default_factory=dict)  # JSON
    errors: tuple[WireError, ...] = ()
    warnings: tuple[WireError, ...] = ()


class InjectedOutcome(Record, frozen=True):
    """What an injected fault does to a job, by its kind (see `fault_injection`)."""

    kind: str
    seconds: float = 0.0
    documents: tuple[str, ...] = ()  # the ids of those that end in an error


class Cancellation(Record, frozen=True):
    """When a caller cancelled a job, and the step (see `pacing.steps`) that its status showed then."""

    at: Moment
    step: str


class Job(Record, frozen=True):
    """Work that takes time. With a `cancellation` its status is cancelling until it ends."""

    id: str
    kind: str
    project: str
    created: Moment
    expires: Moment
    moments: tuple[Moment, ...]  # the earliest time of each step after notStarted (see `pacing.steps`)
    request: Mapping[str, Any] = field(default_factory=dict, name="asked")  # what the caller asked for, as JSON
    input: Mapping[str, Any] | None = None  # JSON that only the work needs; dropped when the job ends
    ending: Ending | None = None
    ended: Moment | None = None
    injected: InjectedOutcome | None = field(default=None, name="fate")
    cancel_at: Moment | None = field(default=None, name="cancels")  # cancelled then unless it has ended
    cancellation: Cancellation | None = None
