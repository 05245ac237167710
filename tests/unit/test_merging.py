"""Labels from decisions: which decisions become labels, and what the labels file gains. Pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.labels.merging import (
    Skip,
    Split,
    expected,
    label_of,
    location_of,
    merged,
    reviewed_keys,
    skip_reason,
    split_of,
    without,
)
from shared.language.types import ClassScore, Kind, LabelledDocument, Labels
from shared.learning.reviews import Decision, Review, ReviewReason
from tests.support.values import CLASSIFIER, NOW, document

OLD = Labels(("Drama", "Comedy"), (LabelledDocument("a.txt", ("Drama",)), LabelledDocument("b.txt", ("Comedy",))))


def decided(*classes: str, key: str = "k", reason: ReviewReason = ReviewReason.LOW_CONFIDENCE) -> Review:
    classified = replace(document(), key=key, language="es").succeeded((ClassScore("Drama", 0.3),), CLASSIFIER, NOW)
    return Review.of(classified, CLASSIFIER, reason, NOW).decided(Decision(classes, "Ada", "", NOW))


@pytest.mark.parametrize("reason", list(ReviewReason))
def test_audits_are_for_testing_and_all_others_for_training(reason: ReviewReason) -> None:
    found = label_of(decided("Drama", "Comedy", reason=reason))
    dataset = "Test" if reason is ReviewReason.AUDIT else "Train"
    assert found == LabelledDocument("review-k.txt", ("Drama", "Comedy"), "es", dataset)


@pytest.mark.parametrize(
    ("classes", "kind", "why"),
    [
        (("Drama",), Kind.SINGLE, None),
        ((), Kind.SINGLE, Skip.NO_CLASS),
        (("Drama", "Comedy"), Kind.SINGLE, Skip.SEVERAL_CLASSES),
        ((), Kind.MULTI, None),
        (("Drama", "Western"), Kind.MULTI, None),
        (("Drama", "a/b"), Kind.MULTI, Skip.REFUSED_CLASS),
        (("n" * 51,), Kind.SINGLE, Skip.REFUSED_CLASS),
    ],
)
def test_a_decision_that_the_service_would_refuse_is_skipped(
    classes: tuple[str, ...], kind: Kind, why: Skip | None
) -> None:
    assert skip_reason(decided(*classes), kind) is why


def test_new_labels_are_appended_and_replace_those_of_the_same_text() -> None:
    first = merged(OLD, [label_of(decided("Drama")), label_of(decided("Comedy", key="l"))])
    assert [one.location for one in first.documents] == ["a.txt", "b.txt", "review-k.txt", "review-l.txt"]
    second = merged(first, [label_of(decided("Comedy"))])
    assert [one.location for one in second.documents] == ["a.txt", "b.txt", "review-k.txt", "review-l.txt"]
    assert second.documents[2].classes == ("Comedy",)
    assert merged(second, [label_of(decided("Comedy"))]) == second


def test_a_class_that_is_new_is_added_once() -> None:
    found = merged(OLD, [label_of(decided("Western", "Drama")), label_of(decided("Western", key="l"))])
    assert found.classes == ("Drama", "Comedy", "Western")


def test_labels_of_reviews_are_found_and_dropped_and_no_others() -> None:
    labels = merged(replace(OLD, documents=(*OLD.documents, LabelledDocument("review-.txt", ()))), [])
    labels = merged(labels, [label_of(decided("Drama")), label_of(decided("Drama", key="l"))])
    assert reviewed_keys(labels) == ["k", "l"]
    assert [one.location for one in without(labels, ["k"]).documents] == [
        *("a.txt", "b.txt", "review-.txt"),
        location_of("l"),
    ]


@pytest.mark.parametrize(
    ("datasets", "split"),
    [
        (("Train", "Test"), Split.MANUAL),
        (("", ""), Split.PERCENTAGE),
        (("Train", "Train"), Split.PERCENTAGE),
        (("Test", ""), Split.PERCENTAGE),
    ],
)
def test_a_split_is_manual_if_each_document_has_a_dataset(datasets: tuple[str, str], split: Split) -> None:
    documents = tuple(replace(one, dataset=name) for one, name in zip(OLD.documents, datasets, strict=True))
    assert split_of(Labels(OLD.classes, documents)) is split
    unlabelled = LabelledDocument("c.txt", ())
    assert split_of(Labels(OLD.classes, (*documents, unlabelled))) is split


def test_what_is_expected_is_counted_by_class_and_reason() -> None:
    found = expected([decided("Drama"), decided("Drama", "Comedy", reason=ReviewReason.AUDIT), decided("a/b")])
    assert found.labels == 2
    assert found.classes == {"Drama": 2, "Comedy": 1}
    assert found.reasons == {"low_confidence": 1, "audit": 1}
    assert found.skipped == {"refusedClass": 1}
