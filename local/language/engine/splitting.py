"""Selects the documents that are held out: stratified, so that both sides have the same proportion of each class.

Not from scikit-learn, which stratifies by one class for each document only, and refuses classes of a single document
and test sets with fewer documents than classes.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_ENOUGH, _MAX_FOLD = 1_000, 2_000  # documents
_PARTS = 5  # at least

Labels = NDArray[np.bool_]  # a row for each document, a column for each class


def held_out(labels: Labels, share: float, seed: int) -> Labels:
    """Which documents are for testing. Every class that has documents keeps at least one for training.

    With one class for each document it is exact: the number of each class is rounded up or down so that the total
    is right.
    """
    every = sizes(labels)
    tests = _apportioned(every, share)
    testing: Labels = assign_parts(labels, np.array([every - tests, tests]), seed) == 1
    for column in labels.T:
        if column.any() and testing[column].all():
            testing[np.flatnonzero(column)[0]] = False
    return testing


def held_out_folds(labels: Labels, seed: int = 0) -> list[Labels]:
    """Which documents each fold of a calibration holds out.

    Up to a thousand documents, each is held out once. Of more, about a thousand are enough: the number of folds falls
    to one, which has 2,000 documents or so.
    """
    documents = len(labels)
    parts = max(_PARTS, documents // _MAX_FOLD)
    folds = min(parts, math.ceil(_ENOUGH * parts / documents))
    shares = [1 / parts] * folds + [1 - folds / parts] * (folds < parts)
    part = assign_parts(labels, np.outer(shares, sizes(labels)), seed)
    return [held for number in range(folds) if (held := part == number).any()]


def sizes(labels: Labels) -> NDArray[np.float64]:
    """The number of documents of each class and, last, of those without a class."""
    return np.asarray(_with_none(labels).sum(axis=0), dtype=np.float64)


def assign_parts(labels: Labels, wanted: NDArray[np.float64], seed: int) -> NDArray[np.intp]:
    """The part that each document is assigned to: iterative stratification (Sechidis, Tsoumakas and Vlahavas, 2011).

    `wanted`: the number of documents by part (row) and class (column; the last one is for documents without a class).
    Documents of the class with the fewest documents left come first, each goes to the part that needs most of it.
    """
    columns = _with_none(labels)
    wanted, room = wanted.copy(), wanted.sum(axis=1)
    parts = np.full(len(columns), -1, dtype=np.intp)
    order = np.random.default_rng(seed).permutation(len(columns))
    while (parts < 0).any():
        left = columns[parts < 0].sum(axis=0)
        rarest = int(np.argmin(np.where(left > 0, left, len(columns) + 1)))
        for row in order[(parts[order] < 0) & columns[order, rarest]]:
            part = max(range(len(wanted)), key=lambda index: (wanted[index, rarest].round(9), room[index].round(9)))
            parts[row] = part
            wanted[part] -= columns[row]
            room[part] -= columns[row].sum()
    return parts


def _with_none(labels: Labels) -> Labels:
    return np.column_stack([labels, ~labels.any(axis=1)])


def _apportioned(every: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Whole numbers of documents, by largest remainders; none of a class with a single document."""
    exact = np.where(every > 1, every * share, 0)
    whole = np.floor(exact + 1e-9)
    missing = round(every.sum() * share - whole.sum())
    for place in np.argsort(whole - exact, kind="stable")[:missing]:
        whole[place] += whole[place] < exact[place] - 1e-9
    return whole
