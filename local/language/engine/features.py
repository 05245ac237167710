"""Texts as vectors: TF-IDF of words beside TF-IDF of the characters within words."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-untyped]
from sklearn.pipeline import FeatureUnion  # type: ignore[import-untyped]

Floats = NDArray[np.float64]

_VIEWS: dict[str, dict[str, Any]] = {
    "words": {"token_pattern": r"\w+|[^\w\s]+"},  # with punctuation and emoji, so every nonblank text has one
    "characters": {"analyzer": "char_wb", "ngram_range": (2, 5)},  # for scripts without spaces
}
_MAX_TERMS = 50_000


def unfitted(terms: Mapping[str, Sequence[str]] | None = None) -> FeatureUnion:
    """Features that are not fitted: without terms, or with the given ones."""
    shared: dict[str, Any] = {"preprocessor": _folded, "sublinear_tf": True, "max_features": _MAX_TERMS}
    return FeatureUnion(
        [(name, TfidfVectorizer(vocabulary=terms and terms[name], **shared, **cut)) for name, cut in _VIEWS.items()]
    )


def restored(terms: Mapping[str, Sequence[str]], weights: Mapping[str, Floats]) -> FeatureUnion:
    """The features with these terms and weights. Raises ValueError if they do not belong together."""
    features = unfitted(terms)
    for name, view in features.transformer_list:
        view.idf_ = weights[name]
    return features


def terms_of(features: FeatureUnion) -> dict[str, list[str]]:
    """The terms of each view, in the order of their columns."""
    return {name: view.get_feature_names_out().tolist() for name, view in features.transformer_list}


def weights_of(features: FeatureUnion) -> dict[str, Floats]:
    """The weight (inverse document frequency) of each term of each view."""
    return {name: view.idf_ for name, view in features.transformer_list}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
