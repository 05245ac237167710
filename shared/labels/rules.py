"""The rules for labels and training texts: errors that the service refuses, and warnings of a poor classifier. Pure.

The limits are those of the service's documentation: see docs/decisions/0015.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from shared.domain.text import decode
from shared.errors import InvalidText
from shared.labels.formats import Finding
from shared.language.types import LabelledDocument, Labels

MAX_CLASSES, MAX_DOCUMENTS = 200, 100_000
MAX_CLASS_NAME = 50  # characters
REFUSED = frozenset(":$&%*()+~#/?")  # characters in the name of a class
MAX_TEXT = 128_000  # characters of a training text
MAX_TEXT_BYTES = 4 * MAX_TEXT  # the maximum of MAX_TEXT characters in UTF-8
FEW_EXAMPLES = 10  # of a class; with fewer documents in all, the service does not evaluate


@dataclass(frozen=True)
class Findings:
    """Labels with errors are not sent to the service; warnings do not block."""

    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        return Findings(self.errors + other.errors, self.warnings + other.warnings)


def of_labels(labels: Labels) -> Findings:
    """Findings in the labels alone: names, numbers, examples of each class."""
    counts = Counter(name for document in labels.documents for name in document.classes)
    errors = [*_too_many(labels), *(finding for name in labels.classes for finding in _name(name))]
    warnings = [*_examples(labels, counts), *(finding for document in labels.documents for finding in _place(document))]
    return Findings(tuple(errors), tuple(warnings))


def of_files(labels: Labels, sizes: Mapping[str, int], *, complete: bool) -> Findings:
    """Findings in the container's listing. `sizes`: bytes by file name. If not `complete`, other files may exist."""
    findings = Findings()
    for document in labels.documents:
        finding = _file(document.location, sizes.get(document.location))
        if finding and (complete or document.location in sizes):
            findings += _error_or_warning(document, finding)
    return findings


def of_text(document: LabelledDocument, raw: bytes) -> Findings:
    """Findings in a text."""
    try:
        text = decode(raw)
    except InvalidText as error:
        return _error_or_warning(document, Finding(document.location, "cannot be read", str(error)))
    if len(text) <= MAX_TEXT:
        return Findings()
    what = f"has {len(text):,} characters; the maximum of a training text is {MAX_TEXT:,}"
    return _error_or_warning(document, Finding(document.location, what, "Split it, and label the parts."))


def _error_or_warning(document: LabelledDocument, finding: Finding) -> Findings:
    """A warning for a document without classes, because it is not trained on."""
    return Findings(errors=(finding,)) if document.classes else Findings(warnings=(finding,))


def _file(name: str, size: int | None) -> Finding | None:
    if size is None:
        return Finding(name, "is not in the container", "Upload it, or remove it from the labels file; case counts.")
    if size == 0:
        return Finding(name, "is empty", "Upload it with its text, or remove it from the labels file.")
    if size > MAX_TEXT_BYTES:
        what = f"has {size:,} bytes; the maximum of a training text is {MAX_TEXT:,} characters"
        return Finding(name, what, "Split it, and label the parts.")
    return None


def _too_many(labels: Labels) -> Iterator[Finding]:
    limits = {"classes": (len(labels.classes), MAX_CLASSES), "documents": (len(labels.documents), MAX_DOCUMENTS)}
    for what, (number, most) in limits.items():
        if number > most:
            yield Finding(what, f"are {number:,}; the maximum is {most:,}", f"Remove {number - most:,}.")


# What the service refuses in the name of a class.
NAMES: Mapping[str, Callable[[str], bool]] = {
    f"has a name of more than {MAX_CLASS_NAME} characters": lambda name: len(name) > MAX_CLASS_NAME,
    f"has one of {' '.join(sorted(REFUSED))} in its name": lambda name: not REFUSED.isdisjoint(name),
}


def _name(name: str) -> Iterator[Finding]:
    for what, refused in NAMES.items():
        if refused(name):
            yield Finding(f"class {name!r}", f"{what}, which the service refuses", "Give it another name.")


def _examples(labels: Labels, counts: Mapping[str, int]) -> Iterator[Finding]:
    labelled = sum(bool(document.classes) for document in labels.documents)
    if labelled < FEW_EXAMPLES:
        what = f"has {labelled} labelled documents; with fewer than {FEW_EXAMPLES} a model gets no evaluation"
        yield Finding("the labels file", what, "Label more.")
    for name in labels.classes:
        if counts.get(name, 0) < FEW_EXAMPLES:
            what = f"has {counts.get(name, 0)} documents; fewer than {FEW_EXAMPLES} are too few to train well"
            yield Finding(f"class {name!r}", what, "Label more documents with it, or remove it.")


def _place(document: LabelledDocument) -> Iterator[Finding]:
    if "/" in document.location or not document.location.lower().endswith(".txt"):
        what = "is not a .txt file in the root of the container, as the service's documentation requires"
        yield Finding(document.location, what, "Upload it there, and correct its location.")
