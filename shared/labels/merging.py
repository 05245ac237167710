"""Decisions of reviews become labels of a project. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.labels.rules import NAMES
from shared.language.types import Kind, LabelledDocument, Labels
from shared.learning.reviews import Review, ReviewReason

TRAIN, TEST = "Train", "Test"
_LOCATION = re.compile(r"review-([0-9A-Za-z]{1,64})\.txt", re.ASCII)


class Skip(StrEnum):
    """Why a decision does not become a label."""

    NO_CLASS = "noClass"  # a document of a single-label project has exactly one class
    SEVERAL_CLASSES = "severalClasses"  # the project is single-label, the one that decided the document was not
    REFUSED_CLASS = "refusedClass"  # the service refuses the name of a class
    TEXT_GONE = "textGone"  # this version of the file no longer exists, or cannot be read
    TEXT_TOO_LONG = "textTooLong"  # for a training text


class Split(StrEnum):
    """How a project's documents are divided for training and testing."""

    MANUAL = "manual"  # by their datasets
    PERCENTAGE = "percentage"  # at random


@dataclass(frozen=True)
class Expected:
    """What decisions would become, as far as it can be known without their texts."""

    labels: int
    classes: Counter[str]  # a document of several classes counts in each
    reasons: Counter[str]
    skipped: Counter[str]


def location_of(key: str) -> str:
    """The name of the training text of the review with this key, in the root of the project's container."""
    return f"review-{key}.txt"


def reviewed_keys(labels: Labels) -> list[str]:
    """The keys of the reviews that these labels were made from."""
    return [found[1] for document in labels.documents if (found := _LOCATION.fullmatch(document.location))]


def skip_reason(review: Review, kind: Kind) -> Skip | None:
    """Why this decision cannot become a label in a project of this kind, for any text; None: it can."""
    classes = review.decision.classes if review.decision else ()
    if kind is Kind.SINGLE and len(classes) != 1:
        return Skip.SEVERAL_CLASSES if classes else Skip.NO_CLASS
    if any(refused(name) for name in classes for refused in NAMES.values()):
        return Skip.REFUSED_CLASS
    return None


def label_of(review: Review) -> LabelledDocument:
    """The label that the decision becomes. Audits are for testing, because only they are a random sample."""
    classes = review.decision.classes if review.decision else ()
    dataset = TEST if review.reason is ReviewReason.AUDIT else TRAIN
    return LabelledDocument(location_of(review.key), classes, review.language, dataset)


def merged(labels: Labels, added: Sequence[LabelledDocument]) -> Labels:
    """Labels with these documents, which replace those of the same location. Classes that are new are appended."""
    new = {document.location: document for document in added}
    kept = [new.pop(document.location, document) for document in labels.documents]
    classes = [*labels.classes, *(name for document in added for name in document.classes)]
    return Labels(tuple(dict.fromkeys(classes)), (*kept, *new.values()))


def without(labels: Labels, keys: Collection[str]) -> Labels:
    """Labels without the documents of the reviews with these keys."""
    locations = {location_of(key) for key in keys}
    return replace(labels, documents=tuple(one for one in labels.documents if one.location not in locations))


def split_of(labels: Labels) -> Split:
    """Manual, if each document with a class has a dataset, and both datasets have documents."""
    datasets = {document.dataset for document in labels.documents if document.classes}
    return Split.MANUAL if datasets == {TRAIN, TEST} else Split.PERCENTAGE


def expected(reviews: Iterable[Review]) -> Expected:
    """What the decisions of these reviews would become in the projects that their documents were classified with."""
    counted = Expected(0, Counter(), Counter(), Counter())
    for review in reviews:
        if why := skip_reason(review, review.classifier.kind):
            counted.skipped[why] += 1
        else:
            counted = replace(counted, labels=counted.labels + 1)
            counted.classes.update(label_of(review).classes)
            counted.reasons[review.reason] += 1
    return counted
