"""The request bodies, each declared once: `parsing` parses them, `schemas` describes them. Pure.

A field that may be null is optional.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, field
from msgspec.structs import fields

from shared.api.requests import (
    CONTINUATION,
    EXAMPLE_TIME,
    KEY,
    MAX_TEXT,
    NAME,
    NAME_RULE,
    file_name,
    full_match,
    time_of,
)
from shared.domain.documents import LANGUAGE, Reason
from shared.domain.file_names import MAX_FILE_NAME
from shared.domain.text import MAX_TEXT as MAX_CHARACTERS
from shared.errors import BadRequest
from shared.labels.formats import Format
from shared.language.types import Kind

MAX_KEYS = 500
MAX_CLASSES = 200
MAX_AGE_DAYS = 3650
PRODUCTION = "production"
ONE_TASK = 'be [{"trainingModelName": "…"}], with one task'


def json_file_name(name: str, what: str) -> str:
    """Requires a name that ends in .json, so that no training text is overwritten. Raises BadRequest."""
    if not file_name(name, what).endswith(".json"):
        raise BadRequest(f"The name of a labels file must end in .json. This one does not: {name}")
    return name


def _file_name_if_any(name: str, what: str) -> None:
    if name:
        file_name(name, what)


Text = Annotated[str, Meta(max_length=MAX_TEXT)]
RequiredText = Annotated[str, Meta(pattern=r"\S", max_length=MAX_TEXT, extra={"must": "be a string that is not empty"})]
Name = Annotated[str, Meta(pattern=full_match(NAME), extra={"must": NAME_RULE})]
JsonName = Annotated[RequiredText, Meta(extra={"check": json_file_name})]
Time = Annotated[
    str,
    Meta(
        max_length=MAX_TEXT,
        extra={"must": f"be a time such as {EXAMPLE_TIME}", "check": time_of},
        extra_json_schema={"format": "date-time"},
    ),
]
Key = Annotated[str, Meta(pattern=full_match(KEY))]
Ratio = Annotated[float, Meta(ge=0, le=1)]


class Body(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    min_fields: ClassVar[int] = 0  # the minimum number of fields, if all are optional
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = ()  # sets of fields, one of which is required

    @classmethod
    def is_optional(cls) -> bool:
        """Whether a request may have no body, because no field is required."""
        return not (cls.min_fields or cls.alternatives or any(field.required for field in fields(cls)))


class NewProject(Body, frozen=True, kw_only=True):
    name: Name
    model_type: Kind
    storage_input_container_name: RequiredText
    labels_location: RequiredText
    culture: Text = "en-us"
    description: Text = ""
    multi_lingual: bool = False


class ProjectChange(Body, frozen=True, kw_only=True):
    min_fields: ClassVar[int] = 1
    culture: RequiredText | None = None
    description: Text | None = None
    multi_lingual: bool | None = None


class LabelsImport(Body, frozen=True, kw_only=True):
    labels_location: RequiredText


class LabelsExport(Body, frozen=True, kw_only=True):
    labels_location: JsonName | None = None
    format: Format = Format.TODAY


class LabelsCheck(Body, frozen=True, kw_only=True):
    labels_location: RequiredText
    storage_input_container_name: RequiredText | None = None
    model_type: Kind | None = None


class LabelsConversion(LabelsCheck, frozen=True, kw_only=True):
    target: JsonName
    culture: Text = "en-us"
    format: Format = Format.TODAY


class Training(Body, frozen=True, kw_only=True):
    training_model_name: Name


class Promotion(Body, frozen=True, kw_only=True):
    deployment: Name = PRODUCTION
    if_macro_f1_at_least: Ratio | None = None
    as_classifier: bool = True


class TrainTask(Body, frozen=True, kw_only=True):
    tasks: Annotated[list[Training], Meta(min_length=1, max_length=1, extra={"must": ONE_TASK})]
    publish: Promotion | None = None


class ReviewLabels(Body, frozen=True, kw_only=True):
    train: Training | None = None
    publish: Promotion | None = None
    dry_run: bool = False


class Publishing(Body, frozen=True, kw_only=True):
    training_model_name: Name
    deployment_name: Name = PRODUCTION


class PublishTask(Body, frozen=True, kw_only=True):
    tasks: Annotated[list[Publishing], Meta(min_length=1, max_length=1, extra={"must": ONE_TASK})]
    as_classifier: bool = True


class Swap(Body, frozen=True, kw_only=True):
    first_deployment_name: Name
    second_deployment_name: Name


class NewClassifier(Body, frozen=True, kw_only=True):
    alternatives: ClassVar[tuple[tuple[str, ...], ...]] = (("project", "deployment"), ("modelId",))
    project: Name | None = None
    deployment: Name | None = None
    model_id: (
        Annotated[
            str,
            Meta(
                pattern=full_match("[A-Za-z0-9_.-]{1,200}"),
                extra={"must": "be the model id of a published model: letters, digits, hyphens, underscores, dots"},
            ),
        ]
        | None
    ) = None


class NewDocument(Body, frozen=True, kw_only=True):
    text: Annotated[
        str,
        Meta(pattern=r"\S", min_length=1, max_length=MAX_CHARACTERS, extra={"must": "be a string that is not empty"}),
    ]
    name: Annotated[str, Meta(extra={"check": _file_name_if_any}, extra_json_schema={"maxLength": MAX_FILE_NAME})] = ""
    language: Annotated[
        str, Meta(pattern=full_match(f"({LANGUAGE.pattern})?"), extra={"must": "be a language such as es or pt-BR"})
    ] = ""
    overwrite: bool = False


class DocumentsExport(Body, frozen=True, kw_only=True):
    format: Literal["jsonl", "csv"] = "jsonl"
    category: Text = field(default="", name="class")
    prefix: Text = ""
    since: Time = ""
    until: Time = ""


class EndedDocuments(Body, frozen=True, kw_only=True):
    """Which of the documents that have ended."""

    state: Literal["succeeded", "failed", "superseded", "gone", "ended"] | None = None  # "ended": all of these
    prefix: Text = ""
    reason: Reason | None = None
    keys: Annotated[
        list[Key], Meta(max_length=MAX_KEYS, extra={"must": f"be a list of at most {MAX_KEYS} document keys"})
    ] = []
    older_model: bool = False
    dry_run: bool = False
    after: Annotated[
        str, Meta(pattern=full_match(CONTINUATION), extra={"must": 'be the "continue" of the previous response'})
    ] = field(default="", name="continue")


class Replay(EndedDocuments, frozen=True, kw_only=True):
    category: Text = field(default="", name="class")
    since: Time = ""
    until: Time = ""


class Purge(EndedDocuments, frozen=True, kw_only=True):
    older_than_days: Annotated[int, Meta(ge=0, le=MAX_AGE_DAYS)]


class NewSubmission(Body, frozen=True, kw_only=True):
    paused: bool


class NewDecision(Body, frozen=True, kw_only=True):
    classes: Annotated[
        list[RequiredText],
        Meta(max_length=MAX_CLASSES, extra={"must": f"be a list of at most {MAX_CLASSES} class names; [] for none"}),
    ]
    reviewer: Annotated[str, Meta(max_length=200)] = ""
    comment: Text = ""
