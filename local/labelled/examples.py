"""Texts with their classes, checked one by one and merged into labels. Pure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from shared.api.requests import file_name
from shared.errors import BadRequest
from shared.labels import rules
from shared.labels.formats import Finding
from shared.labels.rules import Findings
from shared.language.types import Kind, LabelledDocument, Labels


@dataclass(frozen=True)
class Example:
    """One text with classes. The same text may be in several examples."""

    location: str  # its name in the container
    where: str  # where it was found, for people: a file, or a line of a CSV file
    classes: tuple[str, ...]
    digest: bytes  # of its content
    errors: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, location: str, where: str, classes: Sequence[str], raw: bytes) -> Example:
        """With the errors of its name and of its text."""
        errors = (*name_errors(location, where), *_text_errors(where, raw))
        return cls(location, where, tuple(dict.fromkeys(classes)), hashlib.sha256(raw).digest(), errors)


@dataclass(frozen=True)
class Merged:
    """`skipped`: examples with errors that were left out. `repeated`: examples whose text another one has."""

    labels: Labels
    findings: Findings
    skipped: int = 0
    repeated: int = 0


def merge(examples: Iterable[Example], kind: Kind, language: str, *, skip_invalid: bool = False) -> Merged:
    """One document for each text, with the classes of all its examples. Classes are in alphabetical order."""
    everything = list(examples)
    valid = [example for example in everything if not example.errors]
    invalid = [finding for example in everything for finding in example.errors]
    groups: dict[bytes, list[Example]] = defaultdict(list)
    for example in valid:
        groups[example.digest].append(example)
    errors = [] if skip_invalid else invalid
    errors += _shared_locations(groups.values())
    errors += [error for group in groups.values() for error in _several_classes(group, kind)]
    documents = tuple(LabelledDocument(group[0].location, _classes(group), language) for group in groups.values())
    classes = sorted({name for document in documents for name in document.classes})
    labels = Labels(tuple(classes), documents)
    findings = Findings(tuple(errors)) + rules.of_labels(labels)
    return Merged(labels, findings, len(everything) - len(valid), len(valid) - len(groups))


def name_errors(location: str, where: str) -> list[Finding]:
    """Why storage cannot keep a file under this name; `where` names it for people."""
    try:
        location.encode()
    except UnicodeEncodeError:
        printable = where.encode("utf-8", "backslashreplace").decode()
        return [Finding(printable, "has a name that is not UTF-8", "Rename it.")]
    try:
        file_name(location, "name")
    except BadRequest as error:
        return [Finding(where, f"has a name that storage cannot keep: {error}", "Rename it.")]
    return []


def _classes(group: Sequence[Example]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for example in group for name in example.classes))


def _several_classes(group: Sequence[Example], kind: Kind) -> list[Finding]:
    classes = _classes(group)
    if kind is Kind.MULTI or len(classes) <= 1:
        return []
    where = " and ".join(dict.fromkeys(example.where for example in group))
    verb = "have the same text with" if len(group) > 1 else "has"
    what = f"{verb} the classes {', '.join(classes)}, but a single-label project allows one for each text"
    return [Finding(where, what, "Keep one of them, or use --type multi.")]


def _shared_locations(groups: Iterable[Sequence[Example]]) -> list[Finding]:
    firsts: dict[str, Example] = {}
    found = []
    for group in groups:
        other = firsts.setdefault(group[0].location, group[0])
        if other is not group[0]:
            what = f"is another text with the name of {other.where}, {other.location}"
            found.append(Finding(group[0].where, what, "Give it another name."))
    return found


def _text_errors(where: str, raw: bytes) -> list[Finding]:
    """By the rules of the app, which know the text by its location only."""
    document = LabelledDocument(where, ("any",))
    found = rules.of_text(document, raw)
    return [replace(finding, where=where) for finding in found.errors]
