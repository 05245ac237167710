"""Texts as numbers: TF-IDF over words as they are written, and over the characters of folded words, side by side.

The characters are cut from every distinct word once, not from every text: that is what makes this quick. Words are
what stands between blanks and punctuation, so that marks, emoji and scripts without blanks all stay readable.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

Floats = NDArray[np.float64]
Found = tuple[list[str], sparse.csr_matrix]  # the terms, and how often (column) each stands in each text (row)

VIEWS = ("words", "characters")
_WORD = re.compile(r"[^\s!-/:-@\[-`{-~¡-¿‐-‟‰-⁞、-〿]+")  # noqa: RUF001
_SIZES = range(2, 6)
_MOST_TERMS = 100_000
_MANY_TEXTS = 100  # from here on a term that stands in one text alone is noise


@dataclass(frozen=True)
class View:
    """The terms that one way of cutting found in the training texts, in order, and how telling each of them is."""

    terms: tuple[str, ...]
    weights: Floats

    @classmethod
    def learned(cls, found: Found) -> View:
        terms, counts = found
        texts = np.bincount(counts.indices, minlength=len(terms))
        enough = 2 if counts.shape[0] >= _MANY_TEXTS else 1
        frequent = sorted((-texts[column], term, column) for column, term in enumerate(terms))[:_MOST_TERMS]
        kept = sorted((term, column) for _, term, column in frequent if texts[column] >= enough)
        weights = np.log((1 + counts.shape[0]) / (1 + texts[[column for _, column in kept]])) + 1
        return cls(tuple(term for term, _ in kept), weights)

    def rows(self, found: Found) -> sparse.csr_matrix:
        """A row of length 1 for each text, or of zeros for a text without a known term."""
        terms, counts = found
        known = [(column, self._places[term]) for column, term in enumerate(terms) if term in self._places]
        columns, targets = zip(*known, strict=True) if known else ((), ())
        to_known = sparse.csr_matrix((np.ones(len(known)), (columns, targets)), shape=(len(terms), len(self.terms)))
        rows = (counts @ to_known).tocsr()
        rows.sort_indices()  # so that sums come out the same whichever texts it stands among
        rows.data = (1 + np.log(rows.data)) * self.weights[rows.indices]
        lengths = np.sqrt(rows.multiply(rows).sum(axis=1)).reshape(-1, 1)
        return rows.multiply(1 / np.where(lengths > 0, lengths, 1)).tocsr()

    @cached_property
    def _places(self) -> dict[str, int]:
        return {term: place for place, term in enumerate(self.terms)}


@dataclass(frozen=True)
class Features:
    """The views, in the order of VIEWS."""

    views: tuple[View, ...]

    @classmethod
    def learned(cls, texts: Sequence[str]) -> tuple[Features, sparse.csr_matrix]:
        """The features of these texts, and the texts as rows of them."""
        found = _cut(texts)
        features = cls(tuple(View.learned(it) for it in found))
        return features, features._joined(found)

    def rows(self, texts: Sequence[str]) -> sparse.csr_matrix:
        return self._joined(_cut(texts))

    def _joined(self, found: tuple[Found, ...]) -> sparse.csr_matrix:
        rows = [view.rows(it) for view, it in zip(self.views, found, strict=True)]
        return (sparse.hstack(rows) / np.sqrt(len(rows))).tocsr()


def _cut(texts: Sequence[str]) -> tuple[Found, ...]:
    words, counts = _counted(_WORD.findall(unicodedata.normalize("NFKC", text)) for text in texts)
    pieces, of_words = _counted(_pieces(word.casefold()) for word in words)
    return (words, counts), (pieces, (counts @ of_words).tocsr())


def _pieces(word: str) -> list[str]:
    edged = f" {word} "
    return [edged[start : start + size] for size in _SIZES for start in range(len(edged) - size + 1)]


def _counted(bags: Iterable[Sequence[str]]) -> Found:
    columns: dict[str, int] = {}
    places: list[int] = []
    ends = [0]
    for bag in bags:
        places.extend([columns.setdefault(term, len(columns)) for term in bag])
        ends.append(len(places))
    counts = sparse.csr_matrix((np.ones(len(places)), places, ends), shape=(len(ends) - 1, len(columns)))
    counts.sum_duplicates()
    return list(columns), counts
