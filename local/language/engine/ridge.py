"""Ridge regression of classes on texts, in its dual form: what costs is one matrix of documents by documents.

On TF-IDF rows it ranks documents as well as logistic regression and support vectors do, and it has a closed form for
all classes at once, which makes the inner cross-validation that calibration and thresholds need nearly free.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse  # type: ignore[import-untyped]

from local.language.engine.features import Floats
from local.language.engine.splitting import Labels, folds

_PENALTY = 0.3  # rows have the length 1: any value from 0.1 to 1 does
_FOLDS = 10


def fit(rows: sparse.csr_matrix, kernel: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Weights (terms by classes) and biases: `rows @ weights + biases` estimates the labels as numbers 0 and 1."""
    shares, biases = _solve(kernel, labels)
    return rows.T @ shares, biases


def held_out_scores(kernel: Floats, labels: Labels, seed: int) -> Floats:
    """The score of each document (row) for each class, by models that were fitted without that document."""
    scores = np.zeros(labels.shape)
    fold = folds(labels, _FOLDS, seed)
    for number in range(_FOLDS):
        rest, out = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        shares, biases = _solve(kernel[np.ix_(rest, rest)], labels[rest])
        scores[out] = kernel[np.ix_(out, rest)] @ shares + biases
    return scores


def kernel_of(rows: sparse.csr_matrix) -> Floats:
    """How alike any two documents are."""
    return np.asarray((rows @ rows.T).todense())


def _solve(kernel: Floats, labels: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """What share each document has in the weights of each class; the intercept is not penalised."""
    rates = labels.mean(axis=0)
    means = kernel.mean(axis=0)
    centred = kernel - means - means[:, None] + means.mean()
    centred[np.diag_indices_from(centred)] += _PENALTY
    shares = linalg.solve(centred, labels - rates, assume_a="pos", overwrite_a=True)
    return shares, rates - means @ shares
