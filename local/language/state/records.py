"""What the service knows of: projects with their labels, models and deployments, and jobs. All frozen, changed by copy.

Times are aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from local.language.protocol.service_errors import WireError

SINGLE, MULTI = "single", "multi"


@dataclass(frozen=True)
class LabelledDocument:
    """One training text: the name of its blob, its classes, and the side of a manual split ("Train", "Test", "")."""

    location: str
    classes: tuple[str, ...] = ()
    language: str = ""
    dataset: str = ""


@dataclass(frozen=True)
class Labels:
    classes: tuple[str, ...] = ()
    documents: tuple[LabelledDocument, ...] = ()


@dataclass(frozen=True)
class EvaluationOptions:
    """How a training holds documents out. The two shares are in percent and count for kind "percentage" alone."""

    kind: str = "percentage"
    training: int = 80
    testing: int = 20


@dataclass(frozen=True)
class Model:
    """`id` names the trained thing for good; `label` is a name that the next training may take over.

    `published_id` is what the quickstart's analyze calls know it by.
    """

    label: str
    id: str
    published_id: str
    trained: datetime
    seconds: int
    options: EvaluationOptions
    config: str


@dataclass(frozen=True)
class Snapshot:
    """The labels that a model was trained with."""

    created: datetime
    labels: Labels


@dataclass(frozen=True)
class Resource:
    """A Language resource, as Azure has it: `id` is its whole path there, `domain` the first part of its endpoint."""

    id: str
    region: str
    domain: str = ""


@dataclass(frozen=True)
class Deployment:
    """A name under which a model answers. It keeps its model even after a new training took over the label.

    `resources` are the others that it was deployed to besides this one.
    """

    name: str
    model: Model
    deployed: datetime
    resources: tuple[Resource, ...] = ()


@dataclass(frozen=True)
class ExportedModel:
    """A model that was made ready to be taken away; it stays as it was when its label is trained again."""

    name: str
    model: Model
    exported: datetime


@dataclass(frozen=True)
class CopyGrant:
    """What the bearer of an access token may do: copy a project of this kind into the one that is named.

    `container` is where the copy's texts are; nothing if where the original's are.
    """

    created: datetime
    expires: datetime
    project: str
    kind: str
    container: str
    overwrite: bool


@dataclass(frozen=True)
class Project:
    """`kind` is "single" or "multi": how many classes a document may have. `resources`: what is assigned to it.

    `swapped_by` is the job of the last swap.
    """

    former: ClassVar = frozenset({"trained", "deployed"})
    name: str
    kind: str
    container: str
    language: str
    created: datetime
    modified: datetime
    multilingual: bool | None = None
    description: str | None = None
    settings: Mapping[str, Any] | None = None
    labels: Labels = Labels()
    models: Mapping[str, Model] = field(default_factory=dict)
    deployments: Mapping[str, Deployment] = field(default_factory=dict)
    swapped_by: str = ""
    resources: tuple[Resource, ...] = ()
    exported: Mapping[str, ExportedModel] = field(default_factory=dict)


@dataclass(frozen=True)
class Ending:
    """How a job ended: succeeded, partiallyCompleted, failed or cancelled; and what came of it, as JSON."""

    status: str = "succeeded"
    result: Mapping[str, Any] = field(default_factory=dict)
    errors: tuple[WireError, ...] = ()
    warnings: tuple[WireError, ...] = ()


@dataclass(frozen=True)
class InjectedOutcome:
    """What was asked to go wrong with a job: see `faults`. `documents` are the ids of those that are in error."""

    kind: str
    seconds: float = 0.0
    documents: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cancellation:
    """When a caller asked for it, and the step (see `paces.steps`) that the job was seen at."""

    at: datetime
    step: str


@dataclass(frozen=True)
class Job:
    """Something that takes time. `asked` is what was asked for, and `input` what only the work needs, both as JSON.

    `moments` says when each step after notStarted may be seen at the earliest (see `paces.steps`), and `cancels` when
    it is cancelled if it has not ended by then. With a `cancellation` it is seen as cancelling until it ends.
    """

    id: str
    kind: str
    project: str
    created: datetime
    expires: datetime
    moments: tuple[datetime, ...]
    asked: Mapping[str, Any] = field(default_factory=dict)
    input: Mapping[str, Any] | None = None
    ending: Ending | None = None
    ended: datetime | None = None
    fate: InjectedOutcome | None = None
    cancels: datetime | None = None
    cancellation: Cancellation | None = None
