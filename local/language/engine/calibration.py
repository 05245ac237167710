"""From scores to confidences that mean what they say, and to the thresholds from which a class applies.

Everything here is learned from scores that the training documents got while they were held out from the fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize  # type: ignore[import-untyped]
from scipy.special import expit, logit, softmax  # type: ignore[import-untyped]

from local.language.engine.examples import Kind
from local.language.engine.features import Floats
from local.language.engine.splitting import Labels

_USUAL_SLOPE = 6.0  # between texts that are hard to tell apart (4) and easy ones (10 and more)
_SLOPES = (0.1, 50.0)
_WEAK, _STRONG = 0.02, 1.0  # how certain a prior slope is: a few documents, or some thirty, outweigh it
_EVEN = 0.5
_ALONE = 0.25


@dataclass(frozen=True)
class Calibration:
    """One value a class: confidences come from `slopes * scores + offsets`, and decide against `thresholds`."""

    slopes: Floats
    offsets: Floats
    thresholds: Floats


def confidences(scores: Floats, kind: Kind) -> Floats:
    """Calibrated scores as probabilities: of each class on its own, or summing to 1 over the classes."""
    found: Floats = softmax(scores, axis=1) if kind == "single" else expit(scores)
    return found


def calibrate(scores: Floats | None, labels: Labels, kind: Kind) -> Calibration:
    """`scores`: a row for each document, from models that did not see it; None: too few documents to tell."""
    return _single(scores, labels) if kind == "single" else _multi(scores, labels)


def _single(scores: Floats | None, labels: Labels) -> Calibration:
    """One slope for all classes: the best class stays the best."""
    slope = _USUAL_SLOPE if scores is None else _softmax_slope(scores, labels)
    classes = labels.shape[1]
    return Calibration(np.full(classes, slope), np.zeros(classes), np.zeros(classes))


def _multi(scores: Floats | None, labels: Labels) -> Calibration:
    rates = (labels.sum(axis=0) + _EVEN) / (len(labels) + 1)
    spreads, base = np.sqrt(rates * (1 - rates)), logit(rates)
    if scores is None:
        slopes, shifts = np.full(len(rates), _USUAL_SLOPE), np.zeros(len(rates))
        thresholds = np.full(len(rates), _EVEN)
    else:
        standard = (scores - rates) / spreads
        slopes, shifts = _sigmoids(standard, labels, base)
        thresholds = _thresholds(expit(slopes * standard + base + shifts))
    return Calibration(slopes / spreads, base + shifts - slopes * rates / spreads, thresholds)


def _thresholds(found: Floats) -> Floats:
    """The highest F1 to expect is reached with a threshold of half of it (Lipton, Elkan, Naryanaswamy, 2014).

    For a class alone that serves macro F1, for all classes together micro F1. What a class shows alone rests on few
    documents, so it moves its threshold only some way from the common one.
    """
    alone = np.array([_best_expected_f1(column) for column in found.T])
    return (_ALONE * alone + (1 - _ALONE) * _best_expected_f1(found.ravel())) / 2


def _best_expected_f1(found: Floats) -> float:
    falling = np.sort(found)[::-1]
    given = np.arange(1, len(falling) + 1)
    return float((2 * np.cumsum(falling) / (given + falling.sum())).max())


def _sigmoids(standard: Floats, labels: Labels, base: Floats) -> tuple[Floats, Floats]:
    """Slope and shift of each class. A class of few documents leans on the slope that all classes have together."""
    bases = np.broadcast_to(base, standard.shape)
    common, _ = _sigmoid(standard.ravel(), labels.ravel(), bases.ravel(), (_USUAL_SLOPE, _WEAK))
    lines = [
        _sigmoid(scores, expected, bias, (common, _STRONG))
        for scores, expected, bias in zip(standard.T, labels.T, bases.T, strict=True)
    ]
    slopes, shifts = np.array(lines).T
    return slopes, shifts


def _sigmoid(scores: Floats, expected: Labels, base: Floats, prior: tuple[float, float]) -> tuple[float, float]:
    """The slope and shift that make `expected` most likely, given a prior slope and how certain that is."""
    usual, certainty = prior

    def loss(line: Floats) -> tuple[float, Floats]:
        slope, shift = line
        logits = slope * scores + base + shift
        missed = expit(logits) - expected
        value = (np.logaddexp(0, logits) - expected * logits).sum()
        value += (certainty * (slope - usual) ** 2 + _WEAK * shift**2) / 2
        return value, np.array([missed @ scores + certainty * (slope - usual), missed.sum() + _WEAK * shift])

    best = minimize(loss, [usual, 0.0], jac=True, method="L-BFGS-B", bounds=[_SLOPES, (None, None)])
    return float(best.x[0]), float(best.x[1])


def _softmax_slope(scores: Floats, labels: Labels) -> float:
    def loss(slope: Floats) -> float:
        likely = softmax(slope[0] * scores, axis=1)[labels]
        return float(-np.log(likely).sum() + _WEAK * (slope[0] - _USUAL_SLOPE) ** 2 / 2)

    return float(minimize(loss, [_USUAL_SLOPE], method="L-BFGS-B", bounds=[_SLOPES]).x[0])
