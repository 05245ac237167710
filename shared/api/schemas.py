"""JSON Schemas of the requests, which `bodies` declares, and of the responses, which `views` builds.

Responses may get further fields. The fields named here keep their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec.json import schema_components

from shared.api.bodies import Body
from shared.api.requests import EXAMPLE_TIME, KEY, MAX_PAGE, NAME, PAGE, full_match
from shared.api.route import Parameter
from shared.api.views import HealthStatus
from shared.domain.documents import DocumentState, Reason
from shared.domain.file_names import MAX_FILE_NAME
from shared.domain.jobs import JobState
from shared.domain.operations import OperationKind, OperationState
from shared.labels.formats import Format
from shared.language.types import Kind, State
from shared.learning.reviews import ReviewReason, ReviewState
from shared.operations.export_formats import FORMATS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
RATIO: Schema = {"type": "number", "minimum": 0, "maximum": 1}
TIME: Schema = {"type": "string", "format": "date-time"}
NAME_SCHEMA: Schema = {"type": "string", "pattern": full_match(NAME)}
KEY_SCHEMA: Schema = {"type": "string", "pattern": full_match(KEY)}
OPEN = [state.value for state in DocumentState if not state.final]
FINAL = [state.value for state in DocumentState if state.final]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def enum_of(values: type[StrEnum] | list[str]) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values]}


def state_filter(values: type[StrEnum]) -> Schema:
    """The values of a listing's `state` parameter."""
    return {**enum_of(["all", "open", *values]), "default": "all"}


def array_of(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def object_of(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with the properties `required`, and those of `optional` whose values are known."""
    names = {"required": list(required)} if required else {}
    return {"type": "object", **names, "properties": {**required, **(optional or {})}}


def page(item: str) -> Schema:
    return object_of({"value": array_of(ref(item))}, {"continue": TEXT})


TIMELINE = array_of(object_of({"at": TIME, "what": TEXT}))
CLASSES = array_of(object_of({"category": TEXT, "confidence": RATIO}))
CLASSIFIER_FIELDS = {"project": TEXT, "deployment": TEXT, "model": TEXT, "modelId": TEXT}
CLASSIFIER = object_of({}, {**CLASSIFIER_FIELDS, "modelType": enum_of(Kind)})
OUTCOME_COUNTS = ("truePositives", "trueNegatives", "falsePositives", "falseNegatives")
SCORES = {"precision": RATIO, "recall": RATIO, "f1": RATIO, **dict.fromkeys(OUTCOME_COUNTS, COUNT)}
STEPS: Schema = {"type": "object", "additionalProperties": {"type": ["string", "integer"]}}
PERCENT: Schema = {"type": "integer", "minimum": 0, "maximum": 100}
FINDINGS = array_of(object_of({"where": TEXT, "what": TEXT, "do": TEXT}))
AVERAGES = {f"{kind}{part}": RATIO for kind in ("micro", "macro") for part in ("Precision", "Recall", "F1")}

ID: Schema = {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$"}  # a key, or the service's id of a job

COUNTS: Schema = {"type": "object", "additionalProperties": COUNT}
SECONDS: Schema = {"type": "number", "minimum": 0}
SHARE = object_of({"of": COUNT}, {"hits": COUNT, "value": RATIO, "low": RATIO, "high": RATIO, "tooFew": FLAG})
DISTANCE = object_of({}, {"distance": RATIO, "tooFew": FLAG})
REVIEW = {
    "key": KEY_SCHEMA,
    "name": TEXT,
    "state": enum_of(ReviewState),
    "reason": enum_of(ReviewReason),
    "etag": TEXT,
    "created": TIME,
    "classifier": CLASSIFIER,
    "prediction": CLASSES,
}
DECISION = object_of({"classes": array_of(TEXT), "at": TIME}, {"reviewer": TEXT, "comment": TEXT})
REVIEW_IF_KNOWN = {"language": TEXT, "decision": DECISION, "usedBy": TEXT}

PATH_PARAMETERS: dict[str, Schema] = {
    "project": NAME_SCHEMA,
    "model": NAME_SCHEMA,
    "deployment": NAME_SCHEMA,
    "key": ID,
    "prefix": {"type": "string", "minLength": 1, "maxLength": MAX_FILE_NAME},
}


OMITTED = ("title", "default")


def _inline(part: Any, components: Mapping[str, Any]) -> Any:
    """A schema of msgspec with its references replaced by the schemas, and without titles and null."""
    if isinstance(part, list):
        return [_inline(item, components) for item in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return {**_inline(components[part["$ref"]], components), **_explicit_default(part)}
    if "anyOf" in part:
        [schema] = [schema for schema in part["anyOf"] if schema != {"type": "null"}]
        return _inline(schema, components)
    kept = {name: _inline(value, components) for name, value in part.items() if name not in OMITTED and value != []}
    return {**kept, **({"type": "string"} if "enum" in part else {}), **_explicit_default(part)}


def _explicit_default(part: Schema) -> Schema:
    return {"default": part["default"]} if part.get("default") not in (None, "", []) else {}


def _request_schema(body: type[Body], schema: Schema) -> Schema:
    """The schema of a body. If it needs one of several sets of fields, there is an object for each set."""
    if body.alternatives:
        return {"anyOf": [_requiring(names, schema) for names in body.alternatives]}
    return {**schema, **({"minProperties": body.min_fields} if body.min_fields else {})}


def _requiring(names: Sequence[str], schema: Schema) -> Schema:
    return {**schema, "required": list(names), "properties": {name: schema["properties"][name] for name in names}}


def request_schemas(bodies: Sequence[type[Body]]) -> dict[str, Schema]:
    """The schemas of bodies, by their names."""
    schemas, components = schema_components(bodies, ref_template="{name}")
    inlined = (_inline(schema, components) for schema in schemas)
    return {body.__name__: _request_schema(body, schema) for body, schema in zip(bodies, inlined, strict=True)}


RESPONSE_SCHEMAS: dict[str, Schema] = {
    "Error": object_of(
        {
            "error": object_of(
                {"code": TEXT, "message": TEXT}, {"details": array_of(object_of({"field": TEXT, "message": TEXT}))}
            )
        }
    ),
    "Document": object_of(
        {
            "key": KEY_SCHEMA,
            "name": TEXT,
            "state": enum_of(DocumentState),
            "etag": TEXT,
            "size": COUNT,
            "landed": TIME,
            "timeline": TIMELINE,
        },
        {
            "language": TEXT,
            "lastModified": TIME,
            "ended": TIME,
            "job": KEY_SCHEMA,
            "attempts": COUNT,
            "reason": enum_of(Reason),
            "detail": TEXT,
            "waitingFor": TEXT,
            "classes": CLASSES,
            "classifier": CLASSIFIER,
        },
    ),
    "Documents": page("Document"),
    "DocumentText": object_of({"key": KEY_SCHEMA, "name": TEXT, "text": TEXT}),
    "Review": object_of(REVIEW, REVIEW_IF_KNOWN),
    "ReviewWithText": object_of(
        {**REVIEW, "choices": array_of(TEXT)}, {**REVIEW_IF_KNOWN, "text": TEXT, "textGone": TEXT}
    ),
    "Reviews": page("Review"),
    "Statistics": object_of(
        {
            "value": array_of(
                object_of(
                    {
                        "start": TIME,
                        **dict.fromkeys(("documents", "withoutClass", "requests", "textRecords"), COUNT),
                        **dict.fromkeys(("states", "reasons", "classes"), COUNTS),
                        "confidences": array_of(COUNT),
                    },
                    {
                        **dict.fromkeys(("project", "deployment", "modelId"), TEXT),
                        **dict.fromkeys(("p50Seconds", "p95Seconds"), SECONDS),
                    },
                )
            ),
            "backlog": object_of({"open": COUNT, "more": FLAG}, {"oldestSeconds": {"type": "number"}}),
        },
        {"continue": TEXT},
    ),
    "Quality": object_of(
        {
            "since": TIME,
            "complete": FLAG,
            "value": array_of(
                object_of(
                    {
                        "audits": COUNT,
                        "exactMatch": SHARE,
                        "classes": {
                            "type": "object",
                            "additionalProperties": object_of({"precision": SHARE, "recall": SHARE}),
                        },
                        "reliability": array_of(
                            object_of({"from": RATIO, "assigned": COUNT, "right": COUNT}, {"meanConfidence": RATIO})
                        ),
                        "classMix": object_of(
                            {"classes": COUNTS, "toPeriodBefore": DISTANCE, "toTestLabels": DISTANCE}
                        ),
                    },
                    {**CLASSIFIER["properties"]},
                )
            ),
        }
    ),
    "Accepted": object_of({"key": KEY_SCHEMA, "name": TEXT, "etag": TEXT}),
    "Result": object_of(
        {
            "source": object_of({"container": TEXT, "name": TEXT, "etag": TEXT, "size": COUNT, "lastModified": TIME}),
            "classes": CLASSES,
            **CLASSIFIER_FIELDS,
            "apiVersion": TEXT,
            "document": KEY_SCHEMA,
            "job": KEY_SCHEMA,
            **dict.fromkeys(("landed", "submitted", "classified"), TIME),
        }
    ),
    "InProgress": object_of(
        {"key": KEY_SCHEMA, "name": TEXT, "state": enum_of(OPEN), "detail": TEXT}, {"waitingFor": TEXT}
    ),
    "Counted": object_of(
        {"dryRun": FLAG, "count": COUNT, "value": array_of(object_of({"key": KEY_SCHEMA}))}, {"continue": TEXT}
    ),
    "Job": object_of(
        {
            "key": KEY_SCHEMA,
            "state": enum_of(JobState),
            "documents": array_of(KEY_SCHEMA),
            "created": TIME,
            "timeline": TIMELINE,
        },
        {
            "serviceIds": array_of(TEXT),
            "apiVersion": TEXT,
            "classifier": CLASSIFIER,
            "expires": TIME,
            "ended": TIME,
            "polls": COUNT,
            "nextLook": TIME,
            "detail": TEXT,
        },
    ),
    "Jobs": page("Job"),
    "Operation": object_of(
        {
            "key": KEY_SCHEMA,
            "kind": enum_of(OperationKind),
            "state": enum_of(OperationState),
            "parameters": {"type": "object"},
            "created": TIME,
            "timeline": TIMELINE,
        },
        {
            "part": enum_of(OperationKind),
            "project": TEXT,
            "percent": PERCENT,
            "steps": STEPS,
            "result": {"type": "object"},
            "detail": TEXT,
            "ended": TIME,
            "nextLook": TIME,
        },
    ),
    "Operations": page("Operation"),
    "Project": object_of(
        {"name": TEXT, "modelType": enum_of(Kind)},
        {
            "multiLingual": FLAG,
            "description": TEXT,
            "culture": TEXT,
            "storageInputContainerName": TEXT,
            **dict.fromkeys(("created", "modified", "trained", "deployed"), TIME),
        },
    ),
    "Projects": page("Project"),
    "Model": object_of({"name": TEXT}, {"modelId": TEXT, "trained": TIME, "expires": TIME}),
    "Models": page("Model"),
    "Deleted": object_of({"deleted": TEXT}),
    "Export": TEXT,
    "Deployment": object_of({"name": TEXT, "model": TEXT}, {"deployed": TIME, "expires": TIME}),
    "Deployments": page("Deployment"),
    "ServiceJob": object_of(
        {"job": TEXT, "state": enum_of(State)},
        {
            "model": TEXT,
            "created": TIME,
            "percent": PERCENT,
            "steps": STEPS,
            "detail": TEXT,
            "expires": TIME,
        },
    ),
    "Training": {"anyOf": [ref("Operation"), ref("ServiceJob")]},
    "Trainings": page("ServiceJob"),
    "LabelsProof": object_of(
        {
            "ok": FLAG,
            "errorCount": COUNT,
            "errors": FINDINGS,
            "warningCount": COUNT,
            "warnings": FINDINGS,
            "documents": COUNT,
        },
        {"classes": {"type": "object", "additionalProperties": COUNT}, "format": {"type": ["string", "null"]}},
    ),
    "LabelsFile": object_of({"container": TEXT, "labelsLocation": TEXT, "format": enum_of(Format)}),
    "LabelsCount": object_of(
        {"dryRun": FLAG, "count": COUNT, **dict.fromkeys(("classes", "reasons", "skipped"), COUNTS), "complete": FLAG}
    ),
    "Languages": object_of({"value": array_of(object_of({"name": TEXT, "code": TEXT}))}),
    "Prediction": object_of(
        {"name": TEXT, "expected": array_of(TEXT), "predicted": array_of(TEXT)}, {"language": TEXT}
    ),
    "Predictions": page("Prediction"),
    "Evaluation": object_of(
        {
            "modelType": enum_of(Kind),
            **AVERAGES,
            "classes": {"type": "object", "additionalProperties": object_of(SCORES)},
            "reading": array_of(TEXT),
            "wrong": object_of({"count": COUNT, "of": COUNT, "documents": array_of(ref("Prediction"))}),
        },
        {"confusion": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": COUNT}}},
    ),
    "Classifier": object_of({"from": enum_of(["ledger", "setting"])}, {**CLASSIFIER["properties"], "since": TIME}),
    "FolderClassifier": object_of({"prefix": TEXT}, {**CLASSIFIER["properties"], "since": TIME}),
    "Classifiers": object_of({"value": array_of(ref("FolderClassifier"))}, {"default": ref("Classifier")}),
    "Submission": object_of({"paused": FLAG}, {"since": TIME}),
    "Sweep": object_of(
        {"running": FLAG, "whole": FLAG, "files": COUNT, "filesBefore": COUNT, "found": COUNT},
        {"began": TIME, "lastPage": TIME, "ended": TIME, "wholeEnded": TIME},
    ),
    "Health": object_of(
        {
            "status": enum_of(HealthStatus),
            "checks": array_of(
                object_of({"name": TEXT, "ok": FLAG, "status": enum_of(HealthStatus)}, {"detail": TEXT})
            ),
        }
    ),
    "Index": object_of(
        {"name": TEXT, "version": TEXT, "description": TEXT, "links": {"type": "object", "additionalProperties": TEXT}}
    ),
    "OpenApi": object_of({"openapi": TEXT, "info": {"type": "object"}, "paths": {"type": "object"}}),
}

STATE_DESCRIPTION = "One state, or `open` for all that have not ended. Open ones are listed first."
PAGE_PARAMETERS = (
    Parameter(
        "top",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": PAGE},
        "The maximum number of items. A shorter page may still have a `continue`.",
    ),
    Parameter("continue", TEXT, "The `continue` of the previous response."),
)
DOCUMENT_FILTERS = (
    Parameter("name", {**TEXT, "minLength": 1}, "All versions of the file with exactly this name, newest first."),
    Parameter("state", state_filter(DocumentState), STATE_DESCRIPTION),
    Parameter("class", TEXT, "Only documents with this class, in state `succeeded`."),
    Parameter("prefix", TEXT, "Only documents whose names start with this."),
    Parameter(
        "since",
        TIME,
        f"Only documents that ended (or, while open, landed) at or after this time, such as {EXAMPLE_TIME}.",
    ),
    Parameter("until", TIME, "Only documents that ended (or, while open, landed) before this time."),
    *PAGE_PARAMETERS,
)
REVIEW_FILTERS = (
    Parameter("state", {**enum_of(ReviewState), "default": "open"}, "Open ones are in the order of the queue."),
    Parameter("reason", enum_of(ReviewReason), "Only reviews for this reason."),
    Parameter("project", TEXT, "Only reviews of documents that this project's models classified."),
    *PAGE_PARAMETERS,
)
_SINCE = Parameter("since", TIME, f"From the hour of this time, such as {EXAMPLE_TIME}.")
STATISTICS_RANGE = (
    Parameter("by", {**enum_of(["hour", "day"]), "default": "hour"}, "The length of a period; days are those of UTC."),
    _SINCE,
    Parameter("until", TIME, "Until the hour of this time, which is not included."),
    *PAGE_PARAMETERS,
)
QUALITY_RANGE = (Parameter("project", TEXT, "Only models of this project."), _SINCE)
JOB_FILTERS = (Parameter("state", state_filter(JobState), STATE_DESCRIPTION), *PAGE_PARAMETERS)
OPERATION_FILTERS = (
    Parameter("state", state_filter(OperationState), STATE_DESCRIPTION),
    Parameter("project", TEXT, "Only operations on this project."),
    *PAGE_PARAMETERS,
)
# The media types of responses that are files, by the names of their schemas.
MEDIA_TYPES = {"Export": tuple(sorted({file_format.media_type for file_format in FORMATS.values()}, reverse=True))}
RANGE_HEADER = (Parameter("Range", TEXT, "The part of the file, such as bytes=0-7999999. Without it, the whole file."),)
TEXT_PARAMETERS = (
    Parameter("name", TEXT, "For a plain text body: the file's name. Without it, one is generated."),
    Parameter("language", TEXT, "For a plain text body: its language, such as es."),
    Parameter("overwrite", FLAG, "For a plain text body: whether an existing file of that name may be replaced."),
)
