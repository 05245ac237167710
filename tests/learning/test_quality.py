"""Quality from audits: intervals that hold, too few to say, classes, reliability, and the mix of classes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.language.types import ClassScore
from shared.learning.quality import MIN_AUDITS, audits, distance, quality, wilson
from shared.learning.reviews import Decision, Review, ReviewReason
from tests.support.values import CLASSIFIER, NOW, document


def audit(
    predicted: Sequence[tuple[str, float]], true: Sequence[str], reason: ReviewReason = ReviewReason.AUDIT
) -> Review:
    scores = tuple(ClassScore(*score) for score in predicted)
    classified = replace(document().succeeded(scores, CLASSIFIER, NOW), key=f"{random.getrandbits(64):x}")
    return Review.of(classified, CLASSIFIER, reason, NOW).decided(Decision(tuple(true), "", "", NOW))


@pytest.mark.parametrize(("true", "draws"), [(0.5, 100), (0.8, 60), (0.9, 200), (0.7, 30)])
def test_the_interval_covers_the_truth_in_95_of_100_samples(true: float, draws: int) -> None:
    """1,000 samples: between 93 and 97 % of their intervals contain the true share."""
    source = random.Random(20_260_301)
    as_true, as_false = audit([("Drama", 0.9)], ["Drama"]), audit([("Drama", 0.9)], ["Comedy"])
    covered = 0
    for _ in range(1000):
        found = quality([as_true if source.random() < true else as_false for _ in range(draws)])
        assert found.exact.interval is not None
        low, high = found.exact.interval
        covered += low <= true <= high
    assert 930 <= covered <= 970


@given(st.integers(1, 500).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_an_interval_contains_the_share_of_its_sample(sample: tuple[int, int]) -> None:
    hits, of = sample
    low, high = wilson(hits, of)
    assert 0 <= low <= hits / of + 1e-12
    assert hits / of - 1e-12 <= high <= 1


def test_the_interval_of_a_published_example() -> None:
    """81 of 263, as in the table of R. G. Newcombe, Statistics in Medicine 17 (1998): 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)


def test_too_few_audits_say_nothing() -> None:
    few = quality([audit([("Drama", 0.9)], ["Drama"])] * (MIN_AUDITS - 1))
    assert (few.exact.value, few.exact.interval, few.exact.of) == (None, None, MIN_AUDITS - 1)
    enough = quality([audit([("Drama", 0.9)], ["Drama"])] * MIN_AUDITS)
    assert enough.exact.value == 1


def test_precision_and_recall_of_each_class() -> None:
    reviews = [
        *[audit([("Drama", 0.9)], ["Drama"])] * 6,
        *[audit([("Drama", 0.9)], ["Comedy"])] * 4,
        *[audit([], ["Drama"])] * 6,
    ]
    drama = quality(reviews).classes["Drama"]
    assert (drama.precision.hits, drama.precision.of, drama.precision.value) == (6, 10, 0.6)
    assert (drama.recall.hits, drama.recall.of, drama.recall.value) == (6, 12, 0.5)
    comedy = quality(reviews).classes["Comedy"]
    assert (comedy.precision.of, comedy.recall.of, comedy.recall.value) == (0, 4, None)


def test_reliability_by_tenths_of_confidence() -> None:
    reviews = [audit([("Drama", 0.95), ("Comedy", 0.35)], ["Drama"]), audit([("Drama", 0.91)], ["Comedy"])]
    bins = quality(reviews).reliability
    assert [(one.low, one.assigned, one.right) for one in bins if one.assigned] == [(0.3, 1, 0), (0.9, 2, 1)]
    assert bins[9].mean_confidence == pytest.approx(0.93)
    assert bins[0].mean_confidence is None


def test_only_decided_audits_count() -> None:
    decided, contested = audit([], []), audit([], [], ReviewReason.CONTESTED)
    assert audits([decided, contested, decided.undone(NOW)]) == [decided]


def test_the_distance_of_two_mixes() -> None:
    assert distance({"a": 50, "b": 50}, {"a": 500, "b": 500}) == 0
    assert distance({"a": 100}, {"b": 100}) == 1
    assert distance({"a": 60, "b": 40}, {"a": 40, "b": 60}) == pytest.approx(0.1702, abs=1e-3)
    assert distance({"a": 99}, {"a": 1000}) is None
