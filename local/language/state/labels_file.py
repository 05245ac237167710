"""Labels files: reads both formats, writes the current one. Pure.

Quickstart format: {"classifiers": [{"name"}], "documents": [{"location", "language",
"classifiers": [{"classifierName"}]}]}
Current format: {"metadata": {...}, "assets": {"classes": [{"category"}], "documents": [{"location", "language",
"dataset", "classes": [{"category"}] | "class": {"category"}}]}}
"""

from __future__ import annotations

import re
from typing import Any

from local.language.protocol.json_body import JsonBody
from local.language.protocol.service_errors import ServiceError, bad_parameter
from local.language.state.records import SINGLE, LabelledDocument, Labels
from local.language.state.text_storage import decoded

MAX_CLASSES = 200
MAX_DOCUMENTS = 100_000
CLASS_NAME = re.compile(r"[^:$&%*()+~#/?]{1,50}")
DATASETS = {"train": "Train", "test": "Test"}


def parse_file(content: bytes, location: str, kind: str) -> Labels:
    """The labels of a file in either format. Raises a 400 ServiceError that names the file and the reason."""
    try:
        return parse(JsonBody.parse(decoded(content)), kind)
    except UnicodeDecodeError as error:
        raise bad_parameter(f"The labels file {location!r} is not UTF-8 text.") from error
    except ServiceError as error:
        reason = (error.fault.inner or error.fault).message
        raise bad_parameter(f"The labels file {location!r} cannot be used: {reason}") from error


def parse(body: JsonBody, kind: str) -> Labels:
    """The labels of a JSON body in either format. Raises a 400 ServiceError."""
    labels = _current(body.body("assets")) if body.has("assets") else _quickstart(body)
    _check(labels, kind)
    return labels


def exported(labels: Labels, kind: str) -> dict[str, Any]:
    """The `assets` of the current format, without `projectKind`."""
    documents = [_document(document, kind) for document in labels.documents]
    return {"classes": [{"category": name} for name in labels.classes], "documents": documents}


def _current(assets: JsonBody) -> Labels:
    classes = tuple(item.text("category") for item in assets.bodies("classes"))
    return Labels(classes, tuple(_current_document(item) for item in assets.bodies("documents", [])))


def _current_document(item: JsonBody) -> LabelledDocument:
    classes = [item.body("class")] if item.has("class") else item.bodies("classes", [])
    dataset = item.text("dataset", "")
    if dataset and dataset.lower() not in DATASETS:
        raise bad_parameter(f"The dataset {dataset!r} is not supported: use Train or Test.", item.name("dataset"))
    return LabelledDocument(
        item.text("location"),
        tuple(item_class.text("category") for item_class in classes),
        item.text("language", ""),
        DATASETS.get(dataset.lower(), ""),
    )


def _quickstart(body: JsonBody) -> Labels:
    classes = tuple(item.text("name") for item in body.bodies("classifiers"))
    return Labels(classes, tuple(_quickstart_document(item) for item in body.bodies("documents", [])))


def _quickstart_document(item: JsonBody) -> LabelledDocument:
    names = tuple(classifier.text("classifierName") for classifier in item.bodies("classifiers", []))
    return LabelledDocument(item.text("location"), names, item.text("language", ""))


def _check(labels: Labels, kind: str) -> None:
    if len(set(labels.classes)) < len(labels.classes):
        raise bad_parameter("A class is named twice.")
    if not 1 <= len(labels.classes) <= MAX_CLASSES:
        raise bad_parameter(f"It has {len(labels.classes)} classes: 1 to {MAX_CLASSES} are allowed.")
    for name in labels.classes:
        if not CLASS_NAME.fullmatch(name):
            raise bad_parameter(
                f"{name!r} cannot name a class: use up to 50 characters, but none of : $ & % * ( ) + ~ # / ?"
            )
    if len(labels.documents) > MAX_DOCUMENTS:
        raise bad_parameter(f"It has {len(labels.documents)} documents: up to {MAX_DOCUMENTS} are allowed.")
    known, seen = set(labels.classes), set[str]()
    for document in labels.documents:
        _check_document(document, known, kind)
        if document.location in seen:
            raise bad_parameter(f"{document.location!r} is labelled twice.")
        seen.add(document.location)


def _check_document(document: LabelledDocument, known: set[str], kind: str) -> None:
    unknown = next((name for name in document.classes if name not in known), None)
    if unknown is not None:
        raise bad_parameter(f"{document.location!r} has the class {unknown!r}, which is not among the classes.")
    if kind == SINGLE and len(document.classes) > 1:
        raise bad_parameter(f"{document.location!r} has {len(document.classes)} classes; this project allows one each.")


def _document(document: LabelledDocument, kind: str) -> dict[str, Any]:
    body: dict[str, Any] = {"location": document.location}
    body |= {"language": document.language} if document.language else {}
    body |= {"dataset": document.dataset} if document.dataset else {}
    names = [{"category": name} for name in document.classes]
    if kind != SINGLE:
        return body | {"classes": names}
    return body | ({"class": names[0]} if names else {})
