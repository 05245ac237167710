"""Reads and writes labels files, in both formats of the service. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from shared.errors import BadRequest
from shared.language import bounded_json
from shared.language.project_file import project_file
from shared.language.types import Kind, LabelledDocument, Labels, Project

CLASS_LISTS = ("classes", "classifiers")
CLASS_NAMES = ("category", "name")
DOCUMENT_CLASSES = ("classes", "class", "classifiers")
DOCUMENT_CLASS_NAMES = ("category", "classifierName")
DATASETS = {"": "", "train": "Train", "test": "Test"}
KINDS = {"customsinglelabelclassification": Kind.SINGLE, "custommultilabelclassification": Kind.MULTI}
FILE = "it"

Entry = TypeVar("Entry")


class Format(StrEnum):
    QUICKSTART = "quickstart"  # classifiers, classifierName
    TODAY = "today"  # assets, category; also in the previews of today's API


@dataclass(frozen=True)
class Finding:
    """A problem and its fix. `where` and `what` form one sentence."""

    where: str
    what: str
    do: str = "Correct the labels file."

    @property
    def sentences(self) -> str:
        """For people, with a capital letter at the beginning, unless the name of a file stands there."""
        own = self.where.partition(" ")[0] in ("class", "classes", "documents", "the", "this")
        where = self.where[0].upper() + self.where[1:] if own else self.where
        return f"{where} {self.what}. {self.do}"


@dataclass(frozen=True)
class Read:
    """A parsed labels file. `labels` omits invalid entries."""

    labels: Labels = field(default_factory=lambda: Labels((), ()))
    faults: tuple[Finding, ...] = ()
    format: Format | None = None


class _Unusable(Exception):
    def __init__(self, where: str, what: str, do: str = Finding.do) -> None:
        super().__init__(what)
        self.finding = Finding(where, what, do)


def parse_labels(raw: bytes, kind: Kind | None = None) -> Labels:
    """The labels of a valid file. Raises BadRequest with the first fault and its place."""
    found = read_labels(raw, kind)
    if found.faults:
        fault = found.faults[0]
        raise BadRequest(f"The labels file cannot be used: {fault.where} {fault.what}.")
    return found.labels


def read_labels(raw: bytes, kind: Kind | None = None) -> Read:
    """The labels in a file as UTF-8 or UTF-16 JSON, with or without a byte order mark, and all its faults.

    Takes the quickstart's format (`classifiers`, `classifierName`) and today's and its previews' (`assets`, `category`;
    a single label also as one `class`). `kind` is the project's; None: as the file says, if it does.
    """
    try:
        body = _mapping(_parsed(raw), "the file")
        assets = _mapping(body.get("assets", body), "assets")
        classes, wrong = _classes(assets)
        documents, unusable = _documents(assets, classes)
        of = kind or _kind(body, assets)
    except _Unusable as error:
        return Read(faults=(error.finding,))
    faults = [*wrong, *unusable, *_twice("document", [one.location for one in documents])]
    faults += _several(documents) if of is Kind.SINGLE else []
    return Read(Labels(tuple(classes), tuple(documents)), tuple(faults), _format(assets))


def is_labels_file(raw: bytes) -> bool:
    """Whether this is a labels file, in any format and with any faults. Only labels files may be overwritten."""
    return read_labels(raw).format is not None


def write_labels(project: Project, labels: Labels, written: Format) -> bytes:
    """The labels file of a project. The quickstart's format has no dataset and no project.

    Raises BadRequest for a document with several classes in a single-label project.
    """
    body = project_file(project, labels) if written is Format.TODAY else _quickstart(labels)
    return json.dumps(body, ensure_ascii=False, indent=2).encode()


def _quickstart(labels: Labels) -> dict[str, object]:
    return {
        "classifiers": [{"name": name} for name in labels.classes],
        "documents": [
            {
                "location": one.location,
                **({"language": one.language} if one.language else {}),
                "classifiers": [{"classifierName": name} for name in one.classes],
            }
            for one in labels.documents
        ],
    }


def _format(assets: dict[str, object]) -> Format:
    return Format.QUICKSTART if assets.get("classifiers") is not None else Format.TODAY


def _parsed(raw: bytes) -> object:
    try:
        return bounded_json.decode(raw, bounded_json.MAX_FILE_TOKENS)
    except bounded_json.TooManyValues as error:
        raise _Unusable(FILE, f"has {error}", "Split the project: it has room for 100,000 documents.") from error
    except UnicodeDecodeError as error:
        raise _Unusable(FILE, "is neither UTF-8 nor UTF-16 text", "Save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        raise _Unusable(FILE, f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise _Unusable(FILE, "is not JSON that can be read") from error


def _classes(assets: dict[str, object]) -> tuple[list[str], list[Finding]]:
    listed = _listing(_first(assets, CLASS_LISTS), "classes")
    if not listed:
        raise _Unusable(FILE, "has no classes", "List the classes, even those that no document has yet.")
    names, faults = _each(listed, "classes", lambda entry, where: _name(entry, CLASS_NAMES, where))
    return list(dict.fromkeys(names)), [*faults, *_twice("class", names)]


def _documents(assets: dict[str, object], classes: Sequence[str]) -> tuple[list[LabelledDocument], list[Finding]]:
    listed = _listing(_first(assets, ("documents",)), "documents")
    if not listed:
        raise _Unusable(FILE, "has no documents", "Label some documents.")
    return _each(listed, "documents", lambda entry, where: _document(entry, where, set(classes)))


def _each(entries: list[object], name: str, read: Callable[[object, str], Entry]) -> tuple[list[Entry], list[Finding]]:
    good: list[Entry] = []
    faults: list[Finding] = []
    for index, entry in enumerate(entries):
        try:
            good.append(read(entry, f"{name}[{index}]"))
        except _Unusable as error:
            faults.append(error.finding)
    return good, faults


def _document(entry: object, where: str, classes: set[str]) -> LabelledDocument:
    document = _mapping(entry, where)
    location = _name(document, ("location",), where)
    named = f"{where} ({location})"
    labels = _document_classes(document, named)
    if unknown := [label for label in labels if label not in classes]:
        do = "Add it to the file's classes, or correct its spelling: case counts."
        raise _Unusable(named, f"has class {unknown[0]!r}, which is not among the file's classes", do)
    language = _text(document, "language", where)
    dataset = DATASETS.get(_text(document, "dataset", where).casefold())
    if dataset is None:
        raise _Unusable(named, 'has a dataset other than "Train" and "Test"')
    return LabelledDocument(location, labels, language, dataset)


def _document_classes(document: dict[str, object], where: str) -> tuple[str, ...]:
    """The class names of a document in their order, without duplicates."""
    found = _first(document, DOCUMENT_CLASSES)
    listed = [found] if isinstance(found, dict) else _listing(found, f"{where}.classes")
    names = [_name(entry, DOCUMENT_CLASS_NAMES, f"{where}.classes[{index}]") for index, entry in enumerate(listed)]
    return tuple(dict.fromkeys(names))


def _kind(body: dict[str, object], assets: dict[str, object]) -> Kind | None:
    metadata = _mapping(body.get("metadata") or {}, "metadata")
    words = (_text(metadata, "projectKind", "metadata"), _text(assets, "projectKind", "assets"))
    return next((KINDS[word.casefold()] for word in words if word.casefold() in KINDS), None)


def _several(documents: Sequence[LabelledDocument]) -> list[Finding]:
    return [
        Finding(
            f"documents[{index}] ({document.location})",
            f"has {len(document.classes)} classes, but a single-label project allows one a document",
            "Leave the one that fits best, or make it a MultiClassification project.",
        )
        for index, document in enumerate(documents)
        if len(document.classes) > 1
    ]


def _twice(what: str, names: Sequence[str]) -> list[Finding]:
    do = "Leave one of the entries."
    return [Finding(f"{what} {name!r}", "is listed twice", do) for name, times in Counter(names).items() if times > 1]


def _first(source: dict[str, object], names: tuple[str, ...]) -> object:
    return next((source[name] for name in names if source.get(name) is not None), None)


def _name(entry: object, names: tuple[str, ...], where: str) -> str:
    value = _first(_mapping(entry, where), names)
    if not isinstance(value, str) or not value.strip():
        raise _Unusable(where, f"has no {names[0]}")
    return _written(value, where)


def _text(source: dict[str, object], name: str, where: str) -> str:
    value = source.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _Unusable(f"{where}.{name}", "is not a text")
    return _written(value, where)


def _written(text: str, where: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise _Unusable(where, "contains half a character (a lone surrogate)") from error
    return text


def _mapping(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise _Unusable(where, "is not an object in curly brackets")
    return value


def _listing(value: object, where: str) -> list[object]:
    if value is not None and not isinstance(value, list):
        raise _Unusable(where, "is not a list")
    return value or []
