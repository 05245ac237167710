"""Scores become confidences that are right as often as they say, and thresholds that serve F1."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logit  # type: ignore[import-untyped]  # it has no types
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]  # it has no types

from local.language.engine import Example, Kind, Split, train
from local.language.engine.calibration import Calibration, calibrate, confidences, limited
from local.language.engine.splitting import Labels
from tests.emulator.engine.engine_texts import CLASSES, corpus

Floats = NDArray[np.float64]
Z = 3.29  # for 99.9 %
SIZE = 2000
RATES = np.array([0.6, 0.3, 0.15])


def drawn(seed: int, size: int = 4000) -> tuple[Floats, Labels]:
    """Labels of several classes a document, and scores that tell something of them."""
    chance = np.random.default_rng(seed)
    labels = chance.random((size, len(RATES))) < RATES
    return RATES + 0.1 * (labels - RATES) + chance.normal(0, 0.08, labels.shape), labels


def found(it: Calibration, scores: Floats) -> Floats:
    return confidences(scores * it.slope + it.offsets, "multi", len(scores))


def f1(labels: Labels, given: Labels) -> Floats:
    scores: Floats = 2 * (labels & given).sum(axis=0) / (labels.sum(axis=0) + given.sum(axis=0))
    return scores


def test_confidences_are_right_as_often_as_they_say() -> None:
    scores, labels = drawn(1)
    given = found(calibrate(*drawn(2), "multi"), scores)
    for low in np.arange(0, 1, 0.2):
        inside = (given >= low) & (given < low + 0.2)
        assert inside.sum() > 100
        assert given[inside].mean() == pytest.approx(labels[inside].mean(), abs=0.05)


def test_thresholds_nearly_reach_the_best_f1() -> None:
    scores, labels = drawn(1)
    it = calibrate(*drawn(2), "multi")
    given = found(it, scores)
    reached = f1(labels, given >= it.thresholds)
    best = np.max([f1(labels, given >= threshold) for threshold in np.arange(0.02, 0.98, 0.02)], axis=0)
    assert (reached > best - 0.03).all()
    assert reached.mean() > f1(labels, given >= 0.5).mean() + 0.02


def test_a_rarer_class_has_a_lower_threshold_but_no_tiny_one() -> None:
    thresholds = calibrate(*drawn(2), "multi").thresholds
    assert thresholds.tolist() == sorted(thresholds, reverse=True)
    assert np.min(thresholds) > 0.15


def test_single_label_confidences_sum_to_one_and_are_right_as_often_as_they_say() -> None:
    chance = np.random.default_rng(3)
    labels = np.eye(3, dtype=bool)[chance.integers(0, 3, 4000)]
    scores = 0.3 * labels + chance.normal(0, 0.25, labels.shape)
    it = calibrate(scores[:2000], labels[:2000], "single")
    given = confidences(scores[2000:] * it.slope + it.offsets, "single", 2000)
    assert given.sum(axis=1) == pytest.approx(1)
    assert (given.argmax(axis=1) == scores[2000:].argmax(axis=1)).all()
    right = labels[2000:][np.arange(2000), given.argmax(axis=1)]
    assert given.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.03)


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_scores_that_mislead_do_not_turn_the_order_of_classes_round(kind: Kind) -> None:
    labels = np.eye(3, dtype=bool)[np.arange(30) % 3]
    it = calibrate(0.4 - 0.1 * labels, labels, kind)
    assert 0 < it.slope < 1


def test_a_label_that_every_document_has_is_learned() -> None:
    labels = np.ones((20, 2), dtype=bool)
    given = found(calibrate(np.ones((20, 2)), labels, "multi"), np.ones((20, 2)))
    assert (given > 0.9).all()
    assert (given < 1).all()


def lapsing(seed: int) -> tuple[Floats, Labels]:
    """Scores of three classes, weak or strong. One in seven is wrong, however strong it is."""
    chance = np.random.default_rng(seed)
    truth = np.eye(3, dtype=bool)[chance.integers(0, 3, SIZE)]
    scores = truth * chance.exponential(1.0, (SIZE, 1)) + chance.normal(0, 0.3, truth.shape)
    moved = chance.random(SIZE) < 1 / 7
    return scores, np.where(moved[:, None], np.roll(truth, 1, axis=1), truth)


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_the_highest_confidence_is_one_that_held_out_documents_support(kind: Kind) -> None:
    it, (scores, labels) = calibrate(*lapsing(1), kind), lapsing(2)
    certain = confidences(scores * it.slope + it.offsets, kind, SIZE)
    shown = limited(certain, kind, it.ceiling)
    highest = shown.max(axis=1) == it.ceiling
    share = labels[np.arange(SIZE), certain.argmax(axis=1)][highest].mean()
    assert highest.sum() > 100
    assert it.ceiling == pytest.approx(share, abs=0.07)
    assert it.ceiling < certain[highest].max(axis=1).mean() - 0.04
    if kind == "single":
        assert shown.sum(axis=1) == pytest.approx(1)
        assert (shown.argmax(axis=1) == certain.argmax(axis=1)).all()


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_a_ceiling_changes_neither_classes_nor_their_order(kind: Kind) -> None:
    model = replace(train(corpus(kind, 60), CLASSES, kind), ceiling=1.0)
    low = replace(model, ceiling=0.6)
    texts = [example.text for example in corpus(kind, 60, seed=7)]
    pairs = list(zip(model.classify(texts), low.classify(texts), strict=True))
    assert any(before[0][1] > 0.6 for before, _ in pairs)
    for before, after in pairs:
        assert after == [(name, min(confidence, 0.6)) for name, confidence in before]


@pytest.mark.parametrize(("kind", "most"), [("single", 10.25 / 11), ("multi", 10.5 / 11)])
def test_ten_documents_allow_no_certainty(kind: Kind, most: float) -> None:
    assert np.max(confidences(np.array([[99.0, -99.0, -99.0, -99.0]]), kind, 10)) == pytest.approx(most)


def test_scores_that_tell_nothing_give_the_rate_of_the_class() -> None:
    chance = np.random.default_rng(4)
    labels = chance.random((2000, 3)) < RATES
    scores = chance.normal(0.3, 0.1, labels.shape)
    given = found(calibrate(scores, labels, "multi"), scores)
    assert given == pytest.approx(np.broadcast_to(RATES, given.shape), abs=0.1)


def reliable(confidence: Floats, right: Labels) -> None:
    """Fails if the mean confidence of a bin is not in the 99.9 % interval (Wilson) of the share that is right."""
    for low in np.arange(0, 1, 0.1):
        inside = (confidence >= low) & (confidence < low + 0.1)
        count, share = inside.sum(), right[inside].mean() if inside.any() else 0
        if count < 20:
            continue
        middle, width = share + Z**2 / (2 * count), Z * np.sqrt(share * (1 - share) / count + Z**2 / (4 * count**2))
        assert (
            (middle - width) / (1 + Z**2 / count) <= confidence[inside].mean() <= (middle + width) / (1 + Z**2 / count)
        )


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_no_confidence_exceeds_what_its_bin_supports(kind: Kind) -> None:
    model = train(corpus(kind, 120), CLASSES, kind, Split("manual"))
    unseen = corpus(kind, 400, seed=6)
    right = np.array([[name in example.classes for name in CLASSES] for example in unseen])
    reliable(model.confidences([example.text for example in unseen]), right)


def test_a_vocabulary_that_grows_with_the_texts_is_calibrated_without_bias() -> None:
    """Each text has words that no other has: features that knew the held-out texts would spread their scores less."""
    chance = random.Random(5)

    def grown(seed: int, size: int) -> list[Example]:
        return [
            replace(it, text=" ".join([it.text, *(f"{chance.getrandbits(60):x}" for _ in range(40))]))
            for it in corpus("multi", size, seed=seed)
        ]

    model = train(grown(1, 200), CLASSES, "multi", Split("manual"))
    unseen = grown(2, 600)
    found = model.confidences([example.text for example in unseen])
    right = np.array([[name in example.classes for name in CLASSES] for example in unseen])
    assert found.mean() == pytest.approx(right.mean(), abs=0.03)
    margin = logit(found)
    slope = LogisticRegression(C=np.inf).fit(margin.reshape(-1, 1), right.ravel()).coef_[0, 0]
    assert 0.8 < slope < 1.25  # 1: the confidences are neither too bold nor too timid
