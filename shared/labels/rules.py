"""What the service refuses in labels and their texts, and what will make a poor classifier. Pure.

The limits are the service's own, as documented; see docs/decisions/0015.
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
MAX_CLASS_NAME = 50  # characters of its name
REFUSED = frozenset(":$&%*()+~#/?")  # in the name of a class
MAX_TEXT = 128_000  # characters of a text to learn from
MAX_TEXT_BYTES = 4 * MAX_TEXT  # bytes that can hold as many in UTF-8
FEW_EXAMPLES = 10  # of a class; fewer documents than that in all, and there is no evaluation


@dataclass(frozen=True)
class Findings:
    """Errors keep the labels from being sent; warnings do not."""

    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    def __add__(self, other: Findings) -> Findings:
        return Findings(self.errors + other.errors, self.warnings + other.warnings)


def of_labels(labels: Labels) -> Findings:
    """What the labels alone show: names, numbers, examples a class."""
    counts = Counter(name for document in labels.documents for name in document.classes)
    errors = [*_too_many(labels), *(found for name in labels.classes for found in _name(name))]
    warnings = [*_examples(labels, counts), *(found for one in labels.documents for found in _place(one))]
    return Findings(tuple(errors), tuple(warnings))


def of_files(labels: Labels, sizes: Mapping[str, int], *, complete: bool) -> Findings:
    """What the container's listing shows: bytes by file name. What an incomplete one lacks may be there."""
    found = Findings()
    for document in labels.documents:
        trouble = _file(document.location, sizes.get(document.location))
        if trouble and (complete or document.location in sizes):
            found += _weighed(document, trouble)
    return found


def of_text(document: LabelledDocument, raw: bytes) -> Findings:
    """What the text itself shows."""
    try:
        text = decode(raw)
    except InvalidText as error:
        return _weighed(document, Finding(document.location, "cannot be read", str(error)))
    if len(text) <= MAX_TEXT:
        return Findings()
    what = f"has {len(text):,} characters; at most {MAX_TEXT:,} can be learned from"
    return _weighed(document, Finding(document.location, what, "Cut it, and label the parts."))


def _weighed(document: LabelledDocument, trouble: Finding) -> Findings:
    """Nothing is learned from a document without classes, so its troubles are none of the training's."""
    return Findings(errors=(trouble,)) if document.classes else Findings(warnings=(trouble,))


def _file(name: str, size: int | None) -> Finding | None:
    if size is None:
        return Finding(name, "is not in the container", "Upload it, or take it out of the labels file. Case counts.")
    if size == 0:
        return Finding(name, "is empty", "Upload it with its text, or take it out of the labels file.")
    if size > MAX_TEXT_BYTES:
        what = f"has {size:,} bytes; {MAX_TEXT:,} characters can be learned from"
        return Finding(name, what, "Cut it, and label the parts.")
    return None


def _too_many(labels: Labels) -> Iterator[Finding]:
    limits = {"classes": (len(labels.classes), MAX_CLASSES), "documents": (len(labels.documents), MAX_DOCUMENTS)}
    for what, (number, most) in limits.items():
        if number > most:
            yield Finding(what, f"are {number:,}; at most {most:,} are taken", f"Leave {number - most:,} out.")


# What the service refuses in a class's name, and how that reads.
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
            what = f"has {counts.get(name, 0)} documents; fewer than {FEW_EXAMPLES} teach little"
            yield Finding(f"class {name!r}", what, "Label more documents of it, or leave it out.")


def _place(document: LabelledDocument) -> Iterator[Finding]:
    if "/" in document.location or not document.location.lower().endswith(".txt"):
        what = "is not a .txt file in the root of the container, which is all that the service documents"
        yield Finding(document.location, what, "Upload it there, and correct its location.")
