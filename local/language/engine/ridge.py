"""Ridge regression of many classes on sparse rows, in time and memory that grow linearly with the rows.

Conjugate gradients for all classes at once: each step multiplies the rows with one dense column for each class. Nothing
is as large as rows by rows. It solves the problem of scikit-learn's `Ridge`, whose solvers for sparse rows take the
classes one by one, and whose `RidgeCV` decomposes a dense matrix of rows by rows.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from local.language.engine.features import Floats

_BLOCK = 4_096  # rows: in products with these, a dense row for each stays in the cache, however many rows there are
_TOLERANCE = 1e-3  # of the gradient, against that at the start
MAX_STEPS = 30

Matrix = NDArray[np.float32]


def solve(
    rows: sparse.csr_matrix, targets: NDArray[np.generic], penalty: float, on_step: Callable[[], None] = lambda: None
) -> tuple[Floats, Floats]:
    """The weights, a row for each column of `rows` and a column for each class, and the biases, without a penalty.

    `rows`: 32-bit floats. `targets`: a row for each row, a column for each class. `on_step` is called at each step.
    """
    parts = [slice(first, first + _BLOCK) for first in range(0, rows.shape[0], _BLOCK)]
    by_term = [rows[part].T.tocsr() for part in parts]
    known: Floats = np.asarray(targets, dtype=np.float64)
    mean, rates = np.asarray(rows.mean(axis=0)).ravel().astype(np.float32), known.mean(axis=0)

    def scores(weights: Matrix) -> Matrix:
        """Of the rows, less their mean."""
        return np.asarray(np.vstack([block.T @ weights for block in by_term]) - mean @ weights)

    def gradient(errors: Matrix) -> Matrix:
        total = np.outer(-mean, errors.sum(axis=0))
        for part, block in zip(parts, by_term, strict=True):
            total += block @ errors[part]
        return total

    weights = np.zeros((rows.shape[1], targets.shape[1]), np.float32)
    errors = (known - rates).astype(np.float32)
    direction = gradient(errors)
    start = length = _squares(direction)
    for _ in range(MAX_STEPS):
        if (length <= _TOLERANCE**2 * start).all():
            break
        moved = scores(direction)
        step = _quotient(length, _squares(moved) + np.float32(penalty) * _squares(direction))
        weights += step * direction
        errors -= step * moved
        down = np.asarray(gradient(errors) - penalty * weights, dtype=np.float32)
        before, length = length, _squares(down)
        direction = down + _quotient(length, before) * direction
        on_step()
    return weights.astype(np.float64), np.asarray(rates - mean @ weights, dtype=np.float64)


def _squares(columns: Matrix) -> Matrix:
    return np.asarray(np.einsum("ij,ij->j", columns, columns))


def _quotient(above: Matrix, below: Matrix) -> Matrix:
    """0 where a class needs no further step."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
