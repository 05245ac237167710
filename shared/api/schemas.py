"""What callers send and get, as JSON Schema: what requests.py checks and views.py builds, with the limits of the code.

An answer may gain fields; those named here keep their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from msgspec.json import schema_components

from shared.api.bodies import Body
from shared.api.requests import KEY, MAX_PAGE, MOMENT, NAME, PAGE, whole
from shared.api.route import Query
from shared.api.views import Standing
from shared.domain.documents import DocumentState, Reason
from shared.domain.jobs import JobState
from shared.domain.operations import OperationKind, OperationState
from shared.labels.formats import Format
from shared.language.types import Kind, State
from shared.operations.export_formats import FORMATS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer", "minimum": 0}
RATIO: Schema = {"type": "number", "minimum": 0, "maximum": 1}
TIME: Schema = {"type": "string", "format": "date-time"}
NAMED: Schema = {"type": "string", "pattern": whole(NAME)}
KEYED: Schema = {"type": "string", "pattern": whole(KEY)}
OPEN = [state.value for state in DocumentState if not state.final]
FINAL = [state.value for state in DocumentState if state.final]


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def some(values: type[StrEnum] | list[str]) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values]}


def states(values: type[StrEnum]) -> Schema:
    """What a listing may be asked for."""
    return {**some(["all", "open", *values]), "default": "all"}


def listed(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def thing(needed: Mapping[str, Schema], more: Mapping[str, Schema] | None = None) -> Schema:
    """An object that has all of `needed`, and `more` where it is known."""
    required = {"required": list(needed)} if needed else {}
    return {"type": "object", **required, "properties": {**needed, **(more or {})}}


def page(item: str) -> Schema:
    return thing({"value": listed(ref(item))}, {"continue": TEXT})


TIMELINE = listed(thing({"at": TIME, "what": TEXT}))
CLASSES = listed(thing({"category": TEXT, "confidence": RATIO}))
MODEL_OF = {"project": TEXT, "deployment": TEXT, "model": TEXT, "modelId": TEXT}
CLASSIFIER = thing({}, {**MODEL_OF, "modelType": some(Kind)})
OUTCOMES = ("truePositives", "trueNegatives", "falsePositives", "falseNegatives")
SCORES = {"precision": RATIO, "recall": RATIO, "f1": RATIO, **dict.fromkeys(OUTCOMES, WHOLE)}
STEPS: Schema = {"type": "object", "additionalProperties": {"type": ["string", "integer"]}}
PERCENT: Schema = {"type": "integer", "minimum": 0, "maximum": 100}
FOUND = listed(thing({"where": TEXT, "what": TEXT, "do": TEXT}))
AVERAGES = {f"{kind}{part}": RATIO for kind in ("micro", "macro") for part in ("Precision", "Recall", "F1")}

ID: Schema = {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$"}  # a key, or the service's own name of a job

PARAMETERS: dict[str, Schema] = {"project": NAMED, "model": NAMED, "deployment": NAMED, "key": ID}


OMITTED = ("title", "default")


def _inline(part: Any, components: Mapping[str, Any]) -> Any:
    """A schema of msgspec's with what it refers to in its place, and without titles and null."""
    if isinstance(part, list):
        return [_inline(one, components) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return {**_inline(components[part["$ref"]], components), **_given_default(part)}
    if "anyOf" in part:
        [one] = [one for one in part["anyOf"] if one != {"type": "null"}]
        return _inline(one, components)
    kept = {
        name: _inline(one, components) for name, one in part.items() if name not in ("title", "default") and one != []
    }
    return {**kept, **({"type": "string"} if "enum" in part else {}), **_given_default(part)}


def _given_default(part: Schema) -> Schema:
    return {"default": part["default"]} if part.get("default") not in (None, "", []) else {}


def _sent(body: type[Body], shape: Schema) -> Schema:
    """The schema of a body; where one of several sets of fields is needed, an object for each."""
    if body.alternatives:
        return {"anyOf": [_only(names, shape) for names in body.alternatives]}
    return {**shape, **({"minProperties": body.min_fields} if body.min_fields else {})}


def _only(names: Sequence[str], shape: Schema) -> Schema:
    return {**shape, "required": list(names), "properties": {name: shape["properties"][name] for name in names}}


def sent(bodies: Sequence[type[Body]]) -> dict[str, Schema]:
    """The schemas of bodies, by their names."""
    shapes, components = schema_components(bodies, ref_template="{name}")
    inlined = (_inline(shape, components) for shape in shapes)
    return {body.__name__: _sent(body, shape) for body, shape in zip(bodies, inlined, strict=True)}


GIVEN: dict[str, Schema] = {
    "Error": thing(
        {"error": thing({"code": TEXT, "message": TEXT}, {"details": listed(thing({"field": TEXT, "message": TEXT}))})}
    ),
    "Document": thing(
        {
            "key": KEYED,
            "name": TEXT,
            "state": some(DocumentState),
            "etag": TEXT,
            "size": WHOLE,
            "landed": TIME,
            "timeline": TIMELINE,
        },
        {
            "language": TEXT,
            "lastModified": TIME,
            "ended": TIME,
            "job": KEYED,
            "attempts": WHOLE,
            "reason": some(Reason),
            "detail": TEXT,
            "waitingFor": TEXT,
            "classes": CLASSES,
            "classifier": CLASSIFIER,
        },
    ),
    "Documents": page("Document"),
    "Accepted": thing({"key": KEYED, "name": TEXT, "etag": TEXT}),
    "Result": thing(
        {
            "source": thing({"container": TEXT, "name": TEXT, "etag": TEXT, "size": WHOLE, "lastModified": TIME}),
            "classes": CLASSES,
            **MODEL_OF,
            "apiVersion": TEXT,
            "document": KEYED,
            "job": KEYED,
            **dict.fromkeys(("landed", "submitted", "classified"), TIME),
        }
    ),
    "InProgress": thing({"key": KEYED, "name": TEXT, "state": some(OPEN), "detail": TEXT}, {"waitingFor": TEXT}),
    "Counted": thing({"dryRun": FLAG, "count": WHOLE, "value": listed(thing({"key": KEYED}))}, {"continue": TEXT}),
    "Job": thing(
        {"key": KEYED, "state": some(JobState), "documents": listed(KEYED), "created": TIME, "timeline": TIMELINE},
        {
            "serviceIds": listed(TEXT),
            "apiVersion": TEXT,
            "classifier": CLASSIFIER,
            "expires": TIME,
            "ended": TIME,
            "polls": WHOLE,
            "nextLook": TIME,
            "detail": TEXT,
        },
    ),
    "Jobs": page("Job"),
    "Operation": thing(
        {
            "key": KEYED,
            "kind": some(OperationKind),
            "state": some(OperationState),
            "parameters": {"type": "object"},
            "created": TIME,
            "timeline": TIMELINE,
        },
        {
            "part": some(OperationKind),
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
    "Project": thing(
        {"name": TEXT, "modelType": some(Kind)},
        {
            "multiLingual": FLAG,
            "description": TEXT,
            "culture": TEXT,
            "storageInputContainerName": TEXT,
            **dict.fromkeys(("created", "modified", "trained", "deployed"), TIME),
        },
    ),
    "Projects": page("Project"),
    "Model": thing({"name": TEXT}, {"modelId": TEXT, "trained": TIME, "expires": TIME}),
    "Models": page("Model"),
    "Deleted": thing({"deleted": TEXT}),
    "Export": TEXT,
    "Deployment": thing({"name": TEXT, "model": TEXT}, {"deployed": TIME, "expires": TIME}),
    "Deployments": page("Deployment"),
    "ServiceJob": thing(
        {"job": TEXT, "state": some(State)},
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
    "LabelsProof": thing(
        {
            "ok": FLAG,
            "errorCount": WHOLE,
            "errors": FOUND,
            "warningCount": WHOLE,
            "warnings": FOUND,
            "documents": WHOLE,
        },
        {"classes": {"type": "object", "additionalProperties": WHOLE}, "format": {"type": ["string", "null"]}},
    ),
    "LabelsFile": thing({"container": TEXT, "labelsLocation": TEXT, "format": some(Format)}),
    "Languages": thing({"value": listed(thing({"name": TEXT, "code": TEXT}))}),
    "Prediction": thing({"name": TEXT, "expected": listed(TEXT), "predicted": listed(TEXT)}, {"language": TEXT}),
    "Predictions": page("Prediction"),
    "Evaluation": thing(
        {
            "modelType": some(Kind),
            **AVERAGES,
            "classes": {"type": "object", "additionalProperties": thing(SCORES)},
            "reading": listed(TEXT),
            "wrong": thing({"count": WHOLE, "of": WHOLE, "documents": listed(ref("Prediction"))}),
        },
        {"confusion": {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": WHOLE}}},
    ),
    "Classifier": thing({"from": some(["ledger", "setting"])}, {**CLASSIFIER["properties"], "since": TIME}),
    "Submission": thing({"paused": FLAG}, {"since": TIME}),
    "Sweep": thing({"running": FLAG, "found": WHOLE}, {"began": TIME, "ended": TIME, "wholeEnded": TIME}),
    "Health": thing(
        {
            "status": some(Standing),
            "checks": listed(thing({"name": TEXT, "ok": FLAG, "status": some(Standing)}, {"detail": TEXT})),
        }
    ),
    "Index": thing(
        {"name": TEXT, "version": TEXT, "description": TEXT, "links": {"type": "object", "additionalProperties": TEXT}}
    ),
    "OpenApi": thing({"openapi": TEXT, "info": {"type": "object"}, "paths": {"type": "object"}}),
}

IN_STATE = "Only those in this state, or those that are open; else all, first those that are open."
PAGED = (
    Query(
        "top",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": PAGE},
        "How many at most; a page may be shorter and go on all the same.",
    ),
    Query("continue", TEXT, "The `continue` of the answer before."),
)
OF_DOCUMENTS = (
    Query("name", {**TEXT, "minLength": 1}, "All versions of the file of exactly this name, the last one first."),
    Query("state", states(DocumentState), IN_STATE),
    Query("class", TEXT, "Only those that got this class; the state is then `succeeded`."),
    Query("prefix", TEXT, "Only those whose name begins so."),
    Query("since", TIME, f"Only those that ended (or, while open, landed) at or after this moment: {MOMENT}."),
    Query("until", TIME, "Only those that ended (or, while open, landed) before this moment."),
    *PAGED,
)
OF_JOBS = (Query("state", states(JobState), IN_STATE), *PAGED)
OF_OPERATIONS = (Query("state", states(OperationState), IN_STATE), *PAGED)
# Answers that are files and no JSON, by their shapes.
MEDIA_TYPES = {"Export": tuple(sorted({form.media_type for form in FORMATS.values()}, reverse=True))}
OF_FILES = (Query("Range", TEXT, "Which part of the file, such as bytes=0-7999999; without it, all of it."),)
OF_TEXT = (
    Query("name", TEXT, "For a body of plain text: the file's name; made up if it is not given."),
    Query("language", TEXT, "For a body of plain text: its language, such as es."),
    Query("overwrite", FLAG, "For a body of plain text: whether a file of that name may be replaced."),
)
