"""The cost of a training grows with its documents, not with their square, and its features are those of the model."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse  # type: ignore[import-untyped]  # it has no types
from sklearn.feature_extraction.text import CountVectorizer  # type: ignore[import-untyped]  # it has no types
from sklearn.linear_model import Ridge  # type: ignore[import-untyped]  # it has no types

from local.language.engine.features import TextCounts, runs, unfitted
from local.language.engine.ridge import solve
from local.language.engine.splitting import held_out_folds
from tests.emulator.engine.engine_texts import corpus

TEXTS = [example.text for example in corpus("multi", 40, ("en", "de", "ru", "ja"))]


def test_folds_select_and_weigh_terms_as_scikit_learn_does_with_their_texts_alone() -> None:
    rows, others = np.arange(0, 40, 2), np.arange(1, 40, 2)
    counts = TextCounts.of(TEXTS)
    fit, vectors = counts.fit(rows)
    theirs = unfitted()
    expected = theirs.fit_transform([TEXTS[row] for row in rows])
    assert np.abs((vectors - expected).toarray()).max() < 1e-6
    of_others = theirs.transform([TEXTS[row] for row in others])
    for found in (counts.vectors(fit, others), counts.features(fit).transform([TEXTS[row] for row in others])):
        assert np.abs((found - of_others).toarray()).max() < 1e-12


@settings(deadline=None)
@given(st.text(min_size=1, max_size=12).filter(lambda word: word.split() == [word]))
def test_runs_of_characters_are_those_of_scikit_learn(word: str) -> None:
    analyzer = CountVectorizer(analyzer="char_wb", ngram_range=(2, 5), lowercase=False).build_analyzer()
    assert runs(word) == analyzer(word)


@pytest.mark.parametrize(("documents", "terms"), [(200, 300), (9_000, 40)])  # the second takes several blocks
def test_the_weights_are_those_of_an_exact_ridge(documents: int, terms: int) -> None:
    chance = np.random.default_rng(1)
    rows = sparse.random(documents, terms, 0.1, "csr", np.float32, chance)
    targets = chance.random((documents, 4)) < 0.3
    weights, biases = solve(rows, targets, 0.6)
    exact = Ridge(0.6).fit(rows.toarray().astype(float), targets)
    assert weights == pytest.approx(exact.coef_.T, abs=5e-3)
    assert biases == pytest.approx(exact.intercept_, abs=5e-3)


def test_a_fit_needs_no_matrix_of_documents_by_documents() -> None:
    documents = 6_000
    chance = np.random.default_rng(2)
    rows = sparse.random(documents, 500, 0.01, "csr", np.float32, chance)
    targets = chance.random((documents, 5)) < 0.2
    tracemalloc.start()
    try:
        solve(rows, targets, 0.6)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < documents * documents / 10  # bytes; a matrix of 32-bit floats would have 40 times as many


def test_the_work_of_a_calibration_grows_no_faster_than_the_documents() -> None:
    chance = np.random.default_rng(3)
    for documents in (10, 300, 1_000, 4_000, 40_000):
        folds = held_out_folds(chance.random((documents, 3)) < 0.3)
        held = np.sum(folds, axis=0)
        assert np.max(held) == 1, "a document is held out twice"
        assert min(documents, 1_000) <= held.sum() <= max(1_000, 2_200)
        assert len(folds) == {10: 5, 300: 5, 1_000: 5, 4_000: 2, 40_000: 1}[documents]


def test_every_class_has_its_share_of_each_fold() -> None:
    labels = np.random.default_rng(4).random((8_000, 6)) < [0.5, 0.3, 0.1, 0.05, 0.02, 0.01]
    for held in held_out_folds(labels):
        assert labels[held].sum(axis=0) == pytest.approx(labels.sum(axis=0) * held.mean(), abs=8)
