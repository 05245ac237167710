"""How often each term occurs in each text, counted once for the training, its folds and the evaluation.

The terms of a text are those of its units: of its words and marks, or of what is between two blanks. Most units occur
in many texts, so each distinct unit is cut into terms once. The counts of all texts are the product of two sparse
matrices, which is formed for the needed texts and terms only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

Places = NDArray[np.intp]
Cut = Callable[[str], Sequence[str]]


@dataclass(frozen=True)
class TermCounts:
    """`units`: a row for each text, a column for each unit. `spelling`: a row for each unit, a column for each term."""

    units: sparse.csr_matrix
    spelling: sparse.csr_matrix
    terms: tuple[str, ...]  # sorted

    @classmethod
    def of(cls, texts: Iterable[str], cut: Cut, spell: Cut) -> TermCounts:
        """`cut`: the units of a text. `spell`: the terms of a unit."""
        units, of_texts = _counted(map(cut, texts))
        terms, of_units = _counted(map(spell, units))
        names = sorted(terms)
        order = np.array([terms[name] for name in names], dtype=np.intp)
        return cls(of_texts, of_units[:, order], tuple(names))

    def frequent(self, rows: Places, most: int) -> Places:
        """The terms that occur most often in these texts, up to this number, in their order. None that never occurs."""
        totals = self.spelling.T @ np.asarray(self.units[rows].sum(axis=0)).ravel()
        columns = np.flatnonzero(totals)
        if len(columns) > most:
            columns = np.sort(columns[np.argsort(-totals[columns], kind="stable")[:most]])
        return columns

    def spelling_of(self, columns: Places) -> sparse.csr_matrix:
        return self.spelling[:, columns]

    def of_texts(self, rows: Places, spelling: sparse.csr_matrix) -> sparse.csr_matrix:
        """The counts of the terms of this `spelling_of`: a row for each of these texts."""
        # In the order of the terms, or sums would depend on other texts; twice converted is sooner than sorted by rows.
        return (self.units[rows] @ spelling).tocsc().tocsr()


def _counted(rows: Iterable[Sequence[str]]) -> tuple[dict[str, int], sparse.csr_matrix]:
    """The column of each distinct name, and how often each row has it, as 32-bit floats."""
    columns: defaultdict[str, int] = defaultdict(count().__next__)
    places = [np.fromiter(map(columns.__getitem__, row), np.int32, len(row)) for row in rows]
    ends = np.cumsum([0, *map(len, places)])
    indices = np.concatenate(places) if places else np.empty(0, np.int32)
    ones = np.ones(len(indices), np.float32)
    counts = sparse.csr_matrix((ones, indices, ends), shape=(len(places), len(columns)))
    counts.sum_duplicates()
    return columns, counts
