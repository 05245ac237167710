"""Labels files: which document has which classes, in each of the formats the service has had. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from shared.errors import BadRequest
from shared.language.types import Kind, LabelledDocument, Labels

CLASS_LISTS = ("classes", "classifiers")
CLASS_NAMES = ("category", "name")
DOCUMENT_CLASSES = ("classes", "class", "classifiers")
DOCUMENT_CLASS_NAMES = ("category", "classifierName")
DATASETS = {"": "", "train": "Train", "test": "Test"}
KINDS = {"customsinglelabelclassification": Kind.SINGLE, "custommultilabelclassification": Kind.MULTI}


def parse_labels(raw: bytes, kind: Kind | None = None) -> Labels:
    """The labels in a file as UTF-8 or UTF-16 JSON, with or without a byte order mark.

    Takes the quickstart's format (`classifiers`, `classifierName`) and today's and its previews' (`assets`, `category`;
    a single label also as one `class`). `kind` is the project's; None: as the file says, if it does. Raises
    BadRequest, which names what is wrong and where.
    """
    body = _mapping(_parsed(raw), "the file")
    assets = _mapping(body.get("assets", body), "assets")
    classes = _class_names(assets)
    documents = _listing(_first(assets, ("documents",)), "documents")
    if not documents:
        raise _wrong("it has no documents")
    labelled = [_document(entry, f"documents[{index}]", classes) for index, entry in enumerate(documents)]
    _check_locations(labelled)
    if (kind or _kind(body, assets)) is Kind.SINGLE:
        _check_single(labelled)
    return Labels(classes, tuple(labelled))


def _parsed(raw: bytes) -> object:
    try:
        return json.loads(raw.decode(json.detect_encoding(raw)))
    except UnicodeDecodeError as error:
        raise _wrong("it is neither UTF-8 nor UTF-16 text") from error
    except json.JSONDecodeError as error:
        raise _wrong(f"it is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise _wrong("it is not JSON that can be read") from error


def _class_names(assets: dict[str, object]) -> tuple[str, ...]:
    found = _listing(_first(assets, CLASS_LISTS), "classes")
    names = [_name(entry, CLASS_NAMES, f"classes[{index}]") for index, entry in enumerate(found)]
    if not names:
        raise _wrong("it has no classes")
    if twice := _repeated(names):
        raise _wrong(f"class {twice!r} is listed twice")
    return tuple(names)


def _document(entry: object, where: str, classes: Sequence[str]) -> LabelledDocument:
    document = _mapping(entry, where)
    location = _name(document, ("location",), where)
    labels = _document_classes(document, f"{where} ({location})")
    unknown = [label for label in labels if label not in classes]
    if unknown:
        raise _wrong(f"{where} ({location}) has class {unknown[0]!r}, which is not among the file's classes")
    language = _text(document, "language", where)
    dataset = DATASETS.get(_text(document, "dataset", where).casefold())
    if dataset is None:
        raise _wrong(f'{where} ({location}) has a dataset other than "Train" and "Test"')
    return LabelledDocument(location, labels, language, dataset)


def _document_classes(document: dict[str, object], where: str) -> tuple[str, ...]:
    """In order, each once; none for a document without labels."""
    found = _first(document, DOCUMENT_CLASSES)
    listed = [found] if isinstance(found, dict) else _listing(found, f"{where}.classes")
    names = [_name(entry, DOCUMENT_CLASS_NAMES, f"{where}.classes[{index}]") for index, entry in enumerate(listed)]
    return tuple(dict.fromkeys(names))


def _kind(body: dict[str, object], assets: dict[str, object]) -> Kind | None:
    metadata = _mapping(body.get("metadata") or {}, "metadata")
    words = (_text(metadata, "projectKind", "metadata"), _text(assets, "projectKind", "assets"))
    return next((KINDS[word.casefold()] for word in words if word.casefold() in KINDS), None)


def _check_locations(documents: Sequence[LabelledDocument]) -> None:
    if twice := _repeated([document.location for document in documents]):
        raise _wrong(f"document {twice!r} is listed twice")


def _check_single(documents: Sequence[LabelledDocument]) -> None:
    for index, document in enumerate(documents):
        if len(document.classes) > 1:
            raise _wrong(
                f"documents[{index}] ({document.location}) has {len(document.classes)} classes, "
                "but a single-label project allows one a document"
            )


def _repeated(names: Sequence[str]) -> str | None:
    return next((name for name, times in Counter(names).items() if times > 1), None)


def _first(source: dict[str, object], names: tuple[str, ...]) -> object:
    return next((source[name] for name in names if source.get(name) is not None), None)


def _name(entry: object, names: tuple[str, ...], where: str) -> str:
    value = _first(_mapping(entry, where), names)
    if not isinstance(value, str) or not value.strip():
        raise _wrong(f"{where} has no {names[0]}")
    return _written(value, where)


def _text(source: dict[str, object], name: str, where: str) -> str:
    value = source.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(f"{where}.{name} is not a text")
    return _written(value, where)


def _written(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _wrong(f"{where} holds half a character (a lone surrogate)") from error
    return text


def _mapping(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _wrong(f"{where} is not an object in curly brackets")
    return value


def _listing(value: object, where: str) -> list[object]:
    if value is not None and not isinstance(value, list):
        raise _wrong(f"{where} is not a list")
    return value or []


def _wrong(what: str) -> BadRequest:
    return BadRequest(f"The labels file cannot be used: {what}.")
