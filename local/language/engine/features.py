"""Texts as vectors: TF-IDF of words beside TF-IDF of the characters within words, and an embedding if there is one.

A training counts terms with `TextCounts`, and a trained model reads texts with the same features of scikit-learn.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.pipeline import FeatureUnion  # type: ignore[import-untyped]

from local.language.engine.embedding import Embedding, Vectors
from local.language.engine.term_counts import Cut, Places, TermCounts

Floats = NDArray[np.float64]

_LENGTHS = (2, 5)  # of runs of characters, blanks around the word included
_VIEWS: dict[str, dict[str, Any]] = {
    "words": {"token_pattern": r"\w+|[^\w\s]+"},  # with punctuation and emoji, so every nonblank text has one
    "characters": {"analyzer": "char_wb", "ngram_range": _LENGTHS},  # for scripts without spaces
}
_MAX_TERMS = 50_000
_EMBEDDING = "embedding"
_EMBEDDING_LENGTH = 0.8  # both views have the length 1


def unfitted(terms: Mapping[str, Sequence[str]] | None = None) -> FeatureUnion:
    """Features that are not fitted: without terms, or with the given ones."""
    shared: dict[str, Any] = {"preprocessor": _folded, "sublinear_tf": True, "max_features": _MAX_TERMS}
    return FeatureUnion(
        [(name, TfidfVectorizer(vocabulary=terms and terms[name], **shared, **cut)) for name, cut in _VIEWS.items()]
    )


@dataclass(frozen=True)
class EmbeddedTexts:
    """The embedding as features, in the form of scikit-learn's."""

    embedding: Embedding

    def fit(self, _texts: Sequence[str], _classes: object = None) -> EmbeddedTexts:
        return self

    def transform(self, texts: Iterable[str]) -> sparse.csr_matrix:
        return _rows(self.embedding.vectors(texts), np.float64)


def restored(
    terms: Mapping[str, Sequence[str]], weights: Mapping[str, Floats], embedding: Embedding | None = None
) -> FeatureUnion:
    """The features with these terms and weights. Raises ValueError if they do not belong together."""
    features = unfitted(terms)
    for name, view in features.transformer_list:
        view.idf_ = weights[name]
    if embedding:
        features.transformer_list.append((_EMBEDDING, EmbeddedTexts(embedding)))
    return features


def terms_of(features: FeatureUnion) -> dict[str, list[str]]:
    """The terms of each view, in the order of their columns."""
    return {name: view.get_feature_names_out().tolist() for name, view in _views(features)}


def weights_of(features: FeatureUnion) -> dict[str, Floats]:
    """The weight (inverse document frequency) of each term of each view."""
    return {name: view.idf_ for name, view in _views(features)}


def embedding_of(features: FeatureUnion) -> Embedding | None:
    embedded = dict(features.transformer_list).get(_EMBEDDING)
    return embedded and embedded.embedding


@dataclass(frozen=True)
class FittedView:
    """The terms that were selected from one view, and their weights."""

    columns: Places
    spelling: sparse.csr_matrix
    weights: Floats


Fit = dict[str, FittedView]


@dataclass(frozen=True)
class TextCounts:
    """The counts of all terms of some texts, by view, and the embeddings of the texts if there is an embedding."""

    views: Mapping[str, TermCounts]
    embedding: Embedding | None = None
    embedded: Vectors | None = None  # a row for each text

    @classmethod
    def of(
        cls, texts: Sequence[str], on_text: Callable[[], None] = lambda: None, embedding: Embedding | None = None
    ) -> TextCounts:
        """`on_text` is called for each text and kind of feature."""
        tokens = dict(unfitted().transformer_list)["words"].build_tokenizer()
        folded = [_folded(text) for text in texts]
        cuts: dict[str, tuple[Cut, Cut]] = {"words": (tokens, lambda word: [word]), "characters": (str.split, runs)}
        views = {name: TermCounts.of(_each(folded, on_text), *cut) for name, cut in cuts.items()}
        return cls(views, embedding, embedding.vectors(_each(texts, on_text)) if embedding else None)

    def fit(self, rows: Places) -> tuple[Fit, sparse.csr_matrix]:
        """Terms and weights fitted to these texts alone, and their vectors in 32-bit floats, a row for each text."""
        views, vectors = {}, []
        for name, counts in self.views.items():
            columns = counts.frequent(rows, _MAX_TERMS)
            spelling = counts.spelling_of(columns)
            of_texts = counts.of_texts(rows, spelling)
            documents = np.bincount(of_texts.indices, minlength=len(columns))
            weights = np.log((1 + len(rows)) / (1 + documents)) + 1
            views[name] = FittedView(columns, spelling, weights)
            vectors.append(_weighted(of_texts, weights.astype(np.float32)))
        return views, sparse.hstack([*vectors, *self._embedded(rows, np.float32)], format="csr")

    def vectors(self, fit: Fit, rows: Places) -> sparse.csr_matrix:
        """The vectors of these texts, which need not be those of the fit, in 64-bit floats."""
        views = [(self.views[name].of_texts(rows, view.spelling), view.weights) for name, view in fit.items()]
        vectors = [_weighted(counts.astype(np.float64), weights) for counts, weights in views]
        return sparse.hstack([*vectors, *self._embedded(rows, np.float64)], format="csr")

    def features(self, fit: Fit) -> FeatureUnion:
        """The same features for other texts."""
        terms = {name: [self.views[name].terms[column] for column in view.columns] for name, view in fit.items()}
        return restored(terms, {name: view.weights for name, view in fit.items()}, self.embedding)

    def _embedded(self, rows: Places, kind: type[np.floating[Any]]) -> list[sparse.csr_matrix]:
        return [] if self.embedded is None else [_rows(self.embedded[rows], kind)]


def runs(word: str) -> list[str]:
    """The runs of characters of a word, as scikit-learn's analyzer char_wb makes them."""
    padded, (shortest, longest) = f" {word} ", _LENGTHS
    lengths = range(shortest, min(longest, len(padded)) + 1)
    return [padded[start : start + length] for length in lengths for start in range(len(padded) - length + 1)]


def _views(features: FeatureUnion) -> list[tuple[str, TfidfVectorizer]]:
    return [(name, view) for name, view in features.transformer_list if name in _VIEWS]


def _rows(embedded: Vectors, kind: type[np.floating[Any]]) -> sparse.csr_matrix:
    return sparse.csr_matrix(embedded * np.float32(_EMBEDDING_LENGTH), dtype=kind)


def _weighted(counts: sparse.csr_matrix, weights: NDArray[np.floating[Any]]) -> sparse.csr_matrix:
    """TF-IDF with the logarithm of each count, in place; the length of a row is 1, or 0 without a term."""
    counts.data = (np.log(counts.data) + 1) * weights[counts.indices]
    squares = sparse.csr_matrix((np.square(counts.data), counts.indices, counts.indptr), shape=counts.shape)
    lengths = np.sqrt(np.asarray(squares.sum(axis=1)).ravel())
    lengths[lengths == 0] = 1
    counts.data /= np.repeat(lengths, np.diff(counts.indptr)).astype(counts.dtype)
    return counts


def _each(texts: Sequence[str], on_text: Callable[[], None]) -> Iterable[str]:
    for text in texts:
        yield text
        on_text()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
