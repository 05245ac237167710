"""Which documents are held out: stratified, so that every class keeps its share on both sides.

Ours, because scikit-learn stratifies by one class a document only, and then refuses classes of a single document and
test sets of fewer documents than classes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.bool_]  # a row a document, a column a class


def held_out(labels: Labels, share: float, seed: int) -> Labels:
    """Which documents are for testing. Every class that has documents keeps at least one for training.

    With one class a document this is exact: each class gives its share, rounded up or down so that the shares of
    all classes together come out right.
    """
    every = sizes(labels)
    tests = _apportioned(every, share)
    testing: Labels = deal(labels, np.array([every - tests, tests]), seed) == 1
    for column in labels.T:
        if column.any() and testing[column].all():
            testing[np.flatnonzero(column)[0]] = False
    return testing


def sizes(labels: Labels) -> NDArray[np.float64]:
    """How many documents each class has, and last, how many have none."""
    return np.asarray(_with_none(labels).sum(axis=0), dtype=np.float64)


def deal(labels: Labels, wanted: NDArray[np.float64], seed: int) -> NDArray[np.intp]:
    """The part that each document goes to: iterative stratification (Sechidis, Tsoumakas and Vlahavas, 2011).

    `wanted`: a row a part, a column a class (and one more for documents without any). Documents of the class with
    the fewest documents left are dealt first, each to the part that still wants the most of that class.
    """
    columns = _with_none(labels)
    wanted, room = wanted.copy(), wanted.sum(axis=1)
    dealt = np.full(len(columns), -1, dtype=np.intp)
    order = np.random.default_rng(seed).permutation(len(columns))
    while (dealt < 0).any():
        left = columns[dealt < 0].sum(axis=0)
        rarest = int(np.argmin(np.where(left > 0, left, len(columns) + 1)))
        for row in order[(dealt[order] < 0) & columns[order, rarest]]:
            part = max(range(len(wanted)), key=lambda it: (round(wanted[it, rarest], 9), round(room[it], 9)))
            dealt[row] = part
            wanted[part] -= columns[row]
            room[part] -= columns[row].sum()
    return dealt


def _with_none(labels: Labels) -> Labels:
    return np.column_stack([labels, ~labels.any(axis=1)])


def _apportioned(every: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Whole numbers of documents, by largest remainders; a class of one document gives none."""
    exact = np.where(every > 1, every * share, 0)
    whole = np.floor(exact + 1e-9)
    missing = round(every.sum() * share - whole.sum())
    for place in np.argsort(whole - exact, kind="stable")[:missing]:
        whole[place] += whole[place] < exact[place] - 1e-9
    return whole
