"""What callers send and get, as JSON Schema: what requests.py checks and views.py builds, with the limits of the code.

An answer may gain fields; those named here keep their meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from shared.api.known import closed
from shared.api.requests import KEY, MAX_PAGE, MOMENT, NAME, PAGE
from shared.api.route import Query
from shared.api.views import Standing
from shared.domain.documents import DocumentState, Reason
from shared.domain.file_names import MAX_FILE_NAME
from shared.domain.jobs import JobState
from shared.domain.operations import OperationKind, OperationState
from shared.domain.text import MAX_TEXT
from shared.labels.formats import Format
from shared.language.types import Kind, State
from shared.operations.export_formats import FORMATS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
WHOLE: Schema = {"type": "integer", "minimum": 0}
RATIO: Schema = {"type": "number", "minimum": 0, "maximum": 1}
TIME: Schema = {"type": "string", "format": "date-time"}
NAMED: Schema = {"type": "string", "pattern": f"^(?:{NAME.pattern})$"}
KEYED: Schema = {"type": "string", "pattern": f"^(?:{KEY.pattern})$"}
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
SELECTION = {
    "state": some(FINAL),
    "prefix": TEXT,
    "reason": some(Reason),
    "keys": listed(KEYED),
    "olderModel": FLAG,
    "dryRun": FLAG,
    "continue": TEXT,
}
TASK = {"trainingModelName": NAMED}
IN_CONTAINER = {"storageInputContainerName": TEXT, "modelType": some(Kind)}
OUTCOMES = ("truePositives", "trueNegatives", "falsePositives", "falseNegatives")
SCORES = {"precision": RATIO, "recall": RATIO, "f1": RATIO, **dict.fromkeys(OUTCOMES, WHOLE)}
STEPS: Schema = {"type": "object", "additionalProperties": {"type": ["string", "integer"]}}
PERCENT: Schema = {"type": "integer", "minimum": 0, "maximum": 100}
FOUND = listed(thing({"where": TEXT, "what": TEXT, "do": TEXT}))
AVERAGES = {f"{kind}{part}": RATIO for kind in ("micro", "macro") for part in ("Precision", "Recall", "F1")}

ID: Schema = {"type": "string", "pattern": "^[0-9A-Za-z-]{1,64}$"}  # a key, or the service's own name of a job

PARAMETERS: dict[str, Schema] = {"project": NAMED, "model": NAMED, "deployment": NAMED, "key": ID}

_SENT: dict[str, Schema] = {
    "NewProject": thing(
        {"name": NAMED, "modelType": some(Kind), "storageInputContainerName": TEXT, "labelsLocation": TEXT},
        {"culture": TEXT, "description": TEXT, "multiLingual": FLAG},
    ),
    "ProjectChange": {**thing({}, {"culture": TEXT, "description": TEXT, "multiLingual": FLAG}), "minProperties": 1},
    "LabelsImport": thing({"labelsLocation": TEXT}),
    "LabelsExport": thing({}, {"labelsLocation": TEXT, "format": some(Format)}),
    "LabelsCheck": thing({"labelsLocation": TEXT}, IN_CONTAINER),
    "LabelsConversion": thing(
        {"labelsLocation": TEXT, "target": TEXT}, {**IN_CONTAINER, "culture": TEXT, "format": some(Format)}
    ),
    "TrainTask": thing(
        {"tasks": {**listed(thing(TASK)), "minItems": 1, "maxItems": 1}},
        {"publish": thing({}, {"deployment": NAMED, "ifMacroF1AtLeast": RATIO, "asClassifier": FLAG})},
    ),
    "PublishTask": thing(
        {"tasks": {**listed(thing(TASK, {"deploymentName": NAMED})), "minItems": 1, "maxItems": 1}},
        {"asClassifier": FLAG},
    ),
    "Swap": thing({"firstDeploymentName": NAMED, "secondDeploymentName": NAMED}),
    "NewClassifier": {
        "anyOf": [thing({"project": NAMED, "deployment": NAMED}), thing({"modelId": {**TEXT, "minLength": 1}})]
    },
    "NewDocument": thing(
        {"text": {**TEXT, "minLength": 1, "maxLength": MAX_TEXT}},
        {"name": {**TEXT, "maxLength": MAX_FILE_NAME}, "language": TEXT, "overwrite": FLAG},
    ),
    "DocumentsExport": thing(
        {}, {"format": some(list(FORMATS)), "class": TEXT, "prefix": TEXT, "since": TIME, "until": TIME}
    ),
    "Replay": thing({}, SELECTION),
    "Purge": thing({"olderThanDays": WHOLE}, SELECTION),
    "NewSubmission": thing({"paused": FLAG}),
}
SENT: dict[str, Schema] = {name: closed(shape) for name, shape in _SENT.items()}
# Bodies that may be left out, as all of their fields may be.
OPTIONAL = {name for name, shape in SENT.items() if not {"required", "minProperties", "anyOf"} & shape.keys()}

GIVEN: dict[str, Schema] = {
    "Error": thing({"error": thing({"code": TEXT, "message": TEXT})}),
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

SCHEMAS: dict[str, Schema] = {**SENT, **GIVEN}

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
