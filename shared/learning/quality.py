"""Quality: what decided audits say of a classifier, and how the mix of its classes changes. Pure.

Only audits count: they are a random sample. Other reviews were selected because the classifier seemed to be wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.learning.reviews import Review, ReviewReason
from shared.learning.statistics import CONFIDENCE_BINS, bin_of_confidence

Z95 = 1.959963984540054  # two-sided 95 % of the normal distribution
MIN_AUDITS, MIN_OF_CLASS, MIN_OF_MIX = 30, 10, 100  # below: too few to say


@dataclass(frozen=True)
class Share:
    """A share of a sample, with its 95 % Wilson interval."""

    hits: int
    of: int
    fewest: int  # below this size of the sample, nothing is said

    @property
    def value(self) -> float | None:
        """From 0 to 1; None if there are too few to say."""
        return self.hits / self.of if self.of >= self.fewest else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return wilson(self.hits, self.of) if self.of >= self.fewest else None


@dataclass(frozen=True)
class ClassQuality:
    precision: Share  # of the documents that the classifier gave the class
    recall: Share  # of the documents that have the class


@dataclass(frozen=True)
class Bin:
    """Classes that were assigned with a confidence in this tenth of the range from 0 to 1."""

    low: float
    assigned: int
    right: int
    mean_confidence: float | None


@dataclass(frozen=True)
class Quality:
    """What the audits of one model say."""

    exact: Share  # documents that got exactly the classes that they have
    classes: Mapping[str, ClassQuality]
    reliability: tuple[Bin, ...]


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % Wilson score interval of a share of `of` draws (E. B. Wilson, JASA 22, 1927)."""
    share, spread = hits / of, Z95**2 / of
    middle = (share + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / (4 * of))
    return max(0.0, middle - half), min(1.0, middle + half)


def audits(reviews: Iterable[Review]) -> list[Review]:
    """The decided audits among these reviews."""
    return [one for one in reviews if one.reason is ReviewReason.AUDIT and one.decision is not None]


def quality(reviews: Sequence[Review]) -> Quality:
    """What these decided audits of one model say."""
    pairs = [(_predicted(one), set(one.decision.classes)) for one in reviews if one.decision]
    names = sorted({name for predicted, true in pairs for name in predicted | true})
    return Quality(
        exact=Share(sum(predicted == true for predicted, true in pairs), len(pairs), MIN_AUDITS),
        classes={name: _of_class(name, pairs) for name in names},
        reliability=_reliability(reviews),
    )


def distance(one: Mapping[str, int], other: Mapping[str, int]) -> float | None:
    """The Jensen-Shannon distance (base 2) of two mixes of classes: 0 for the same, 1 for nothing in common.

    None if one of them has fewer than MIN_OF_MIX assignments: too few to say.
    """
    first, second = sum(one.values()), sum(other.values())
    if min(first, second) < MIN_OF_MIX:
        return None
    divergence = 0.0
    for name in {*one, *other}:
        left, right = one.get(name, 0) / first, other.get(name, 0) / second
        middle = (left + right) / 2
        divergence += sum(part / 2 * math.log2(part / middle) for part in (left, right) if part)
    return math.sqrt(max(0.0, divergence))


def _predicted(review: Review) -> set[str]:
    return {score.category for score in review.prediction}


def _of_class(name: str, pairs: Sequence[tuple[set[str], set[str]]]) -> ClassQuality:
    both = sum(name in predicted and name in true for predicted, true in pairs)
    predicted, true = (sum(name in pair[side] for pair in pairs) for side in (0, 1))
    return ClassQuality(Share(both, predicted, MIN_OF_CLASS), Share(both, true, MIN_OF_CLASS))


def _reliability(reviews: Sequence[Review]) -> tuple[Bin, ...]:
    scores: dict[int, list[tuple[float, bool]]] = {number: [] for number in range(CONFIDENCE_BINS)}
    for one in reviews:
        for score in one.prediction:
            right = one.decision is not None and score.category in one.decision.classes
            scores[bin_of_confidence(score.confidence)].append((score.confidence, right))
    return tuple(
        Bin(
            low=number / CONFIDENCE_BINS,
            assigned=len(found),
            right=sum(right for _, right in found),
            mean_confidence=sum(confidence for confidence, _ in found) / len(found) if found else None,
        )
        for number, found in scores.items()
    )
