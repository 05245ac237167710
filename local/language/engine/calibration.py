"""Calibration: turns scores into confidences that are probabilities, and finds the threshold of each class.

It is fitted to the scores of training documents that were held out from the fit of the features and of the weights. Not
from scikit-learn, whose calibrators take one class for each document and fit each class alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from scipy.special import expit, logit, softmax  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from local.language.engine.examples import Kind
from local.language.engine.features import Floats
from local.language.engine.splitting import Labels

_DEFAULT_SLOPE, _DEFAULT_THRESHOLD = 15.0, 0.35
_MIN_SLOPE = 0.5  # uninformative scores can look like inverted ones
_MIN_CEILING = 0.5  # of the best of several classes: below it another class would become the best
_INVERSE_PENALTY = 100.0
_SLOPE_SCALE = 10.0  # the slope is fitted in tens, so that the penalty hardly touches it
_DOUBT = 0.25  # of one document: how much the labels that a calibration is fitted to are smoothed
_OWN_THRESHOLD = 1_000  # documents of a class with which its own threshold weighs as much as the common one


@dataclass(frozen=True)
class Calibration:
    """Confidences are computed from `slope * scores + offsets`, and compared with `thresholds`.

    None is shown higher than the `ceiling`, the confidence that held-out documents support.
    """

    slope: float
    offsets: Floats  # one for each class
    thresholds: Floats  # one for each class
    ceiling: float = 1.0


def confidences(scores: Floats, kind: Kind, documents: int) -> Floats:
    """Calibrated scores as probabilities: of each class independently, or with a sum of 1 over all classes.

    The number of training documents limits how certain a model can be.
    """
    if kind == "single":
        return _smoothed(softmax(scores, axis=1), documents, 1 / scores.shape[1])
    return _smoothed(expit(scores), documents)


def limited(certain: Floats, kind: Kind, ceiling: float) -> Floats:
    """Confidences of at most the ceiling; those of a document still have a sum of 1 if it has one class.

    They may become equal: the order of classes is that of the confidences before.
    """
    if kind == "multi":
        return np.asarray(np.minimum(certain, ceiling))
    best = certain.max(axis=1, keepdims=True)
    shown = np.minimum(best, ceiling)
    return np.asarray(np.where(certain == best, shown, certain * (1 - shown) / (1 - best)))


def calibrate(scores: Floats | None, labels: Labels, kind: Kind) -> Calibration:
    """`scores`: a row for each document, from models that were not trained on it; None: too few documents."""
    return _single(scores, labels) if kind == "single" else _multi(scores, labels)


def _single(scores: Floats | None, labels: Labels) -> Calibration:
    """One slope for all classes, so the best class stays the best. Fitted to the right class against every other."""
    zeros = np.zeros(labels.shape[1])
    if scores is None:
        return Calibration(_DEFAULT_SLOPE, zeros, zeros)
    ahead = (scores[labels][:, None] - scores)[~labels]
    (slope,) = _fitted(sparse.csr_matrix(_SLOPE_SCALE * ahead[:, None]), np.ones(len(ahead)), len(labels))
    slope = max(_SLOPE_SCALE * slope, _MIN_SLOPE)
    probabilities = confidences(slope * scores, "single", len(labels))
    best, right = probabilities.max(axis=1), labels[np.arange(len(labels)), probabilities.argmax(axis=1)]
    return Calibration(slope, zeros, zeros, max(_highest_share(best, right, len(labels)), _MIN_CEILING))


def _multi(scores: Floats | None, labels: Labels) -> Calibration:
    """One slope for all classes, because one class has too few documents, and an offset for each class."""
    documents, classes = labels.shape
    rates = _smoothed(labels.mean(axis=0), documents)
    if scores is None:
        return Calibration(_DEFAULT_SLOPE, logit(rates) - _DEFAULT_SLOPE * rates, np.full(classes, _DEFAULT_THRESHOLD))
    own = sparse.kron(np.ones((documents, 1)), sparse.identity(classes))
    centred = _SLOPE_SCALE * (scores - rates).reshape(-1, 1)
    slope, *shifts = _fitted(sparse.hstack([centred, own]), labels.ravel(), documents)
    slope *= _SLOPE_SCALE
    slope = max(slope, _MIN_SLOPE)
    offsets = np.array(shifts) - slope * rates
    probabilities = confidences(slope * scores + offsets, "multi", documents)
    ceiling = _highest_share(probabilities.ravel(), labels.ravel(), documents)
    return Calibration(slope, offsets, _thresholds(probabilities, labels.sum(axis=0)), ceiling)


def _fitted(design: sparse.spmatrix, expected: Floats | Labels, documents: int) -> Floats:
    """The coefficients of a logistic regression on uncertain labels, each counted for both outcomes."""
    weights = _smoothed(expected, documents / _DOUBT)
    sides = np.repeat([1, 0], len(weights))
    model = LogisticRegression(C=_INVERSE_PENALTY, fit_intercept=False, max_iter=1000)
    model.fit(sparse.vstack([design, design]).tocsr(), sides, np.concatenate([weights, 1 - weights]))
    return np.asarray(model.coef_[0])


def _smoothed(values: Floats | Labels, documents: float, even: float = 0.5) -> Floats:
    """Values as with one more, uninformative document (the target smoothing of Platt, 1999, for all classes)."""
    return np.asarray((documents * values + even) / (documents + 1))


def _highest_share(probabilities: Floats, right: Labels, documents: int) -> float:
    """The highest share of right labels above any probability, with one more that is right and one that is wrong.

    A curve of one slope is too bold where more certain scores are no longer right more often. Of more than the square
    root of the documents: the highest share of few labels is chance.
    """
    falling = right[np.argsort(-probabilities, kind="stable")]
    shares = (np.cumsum(falling) + 1) / (np.arange(1, len(falling) + 1) + 2)
    return float(np.max(shares[math.isqrt(documents) :]))


def _thresholds(probabilities: Floats, documents: NDArray[np.integer]) -> Floats:
    """The threshold with the highest expected F1 is half of that F1 (Lipton, Elkan, Naryanaswamy, 2014).

    Computed for each class it favours macro F1, for all classes together micro F1. The fewer `documents` a class has,
    the smaller is the weight of its own threshold.
    """
    own = np.array([_best_expected_f1(column) for column in probabilities.T])
    weight = documents / (documents + _OWN_THRESHOLD)
    return np.asarray((weight * own + (1 - weight) * _best_expected_f1(probabilities.ravel())) / 2)


def _best_expected_f1(probabilities: Floats) -> float:
    falling = np.sort(probabilities)[::-1]
    predicted = np.arange(1, len(falling) + 1)
    return float((2 * np.cumsum(falling) / (predicted + falling.sum())).max())
