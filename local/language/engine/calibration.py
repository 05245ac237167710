"""From scores to confidences that mean what they say, and to the thresholds from which a class applies.

Everything here is learned from scores that the training documents got while they were held out from the fit. Ours,
because the calibrators of scikit-learn take one class a document, and fit each class alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from scipy.special import expit, logit, softmax  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from local.language.engine.examples import Kind
from local.language.engine.features import Floats
from local.language.engine.splitting import Labels

_USUAL_SLOPE, _USUAL_THRESHOLD = 15.0, 0.35
_FLATTEST = 0.5  # scores that tell nothing may seem to tell the opposite
_TRUST = 100.0  # the usual slope is some 15: ten documents outweigh the penalty on that
_ALONE = 0.25


@dataclass(frozen=True)
class Calibration:
    """Confidences come from `slope * scores + offsets` (one a class), and decide against `thresholds` (likewise)."""

    slope: float
    offsets: Floats
    thresholds: Floats


def confidences(scores: Floats, kind: Kind, documents: int) -> Floats:
    """Calibrated scores as probabilities: of each class on its own, or summing to 1 over the classes.

    No model is more certain than the number of its training documents allows.
    """
    if kind == "single":
        return _doubted(softmax(scores, axis=1), documents, 1 / scores.shape[1])
    return _doubted(expit(scores), documents)


def calibrate(scores: Floats | None, labels: Labels, kind: Kind) -> Calibration:
    """`scores`: a row for each document, from models that did not see it; None: too few documents to tell."""
    return _single(scores, labels) if kind == "single" else _multi(scores, labels)


def _single(scores: Floats | None, labels: Labels) -> Calibration:
    """One slope for all classes: the best class stays the best. It is fitted to the right class beside each other."""
    nothing = np.zeros(labels.shape[1])
    if scores is None:
        return Calibration(_USUAL_SLOPE, nothing, nothing)
    ahead = (scores[labels][:, None] - scores)[~labels]
    (slope,) = _fitted(sparse.csr_matrix(ahead[:, None]), np.ones(len(ahead)), len(labels))
    return Calibration(max(slope, _FLATTEST), nothing, nothing)


def _multi(scores: Floats | None, labels: Labels) -> Calibration:
    """One slope for all classes, because a class alone has too few documents; the shifts are each class's own."""
    documents, classes = labels.shape
    rates = _doubted(labels.mean(axis=0), documents)
    if scores is None:
        return Calibration(_USUAL_SLOPE, logit(rates) - _USUAL_SLOPE * rates, np.full(classes, _USUAL_THRESHOLD))
    own = sparse.kron(np.ones((documents, 1)), sparse.identity(classes))
    slope, *shifts = _fitted(sparse.hstack([(scores - rates).reshape(-1, 1), own]), labels.ravel(), documents)
    slope = max(slope, _FLATTEST)
    offsets = np.array(shifts) - slope * rates
    return Calibration(slope, offsets, _thresholds(confidences(slope * scores + offsets, "multi", documents)))


def _fitted(design: sparse.spmatrix, expected: Floats | Labels, documents: int) -> Floats:
    """The coefficients of a logistic regression on labels that are not quite certain, each counted for both sides."""
    share = _doubted(expected, documents)
    sides = np.repeat([1, 0], len(share))
    model = LogisticRegression(C=_TRUST, fit_intercept=False, max_iter=1000)
    model.fit(sparse.vstack([design, design]).tocsr(), sides, np.concatenate([share, 1 - share]))
    return np.asarray(model.coef_[0])


def _doubted(found: Floats | Labels, documents: int, even: float = 0.5) -> Floats:
    """As if there were one more document, which says nothing (the target smoothing of Platt, 1999, for all classes)."""
    return np.asarray((documents * found + even) / (documents + 1))


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
