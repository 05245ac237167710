"""Held-out documents and folds are stratified."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from local.language.engine.splitting import Labels, assign_parts, held_out, sizes

SEEDS = st.integers(0, 1000)


def single(sizes: list[int]) -> Labels:
    """Documents of one class each, `sizes` of each class."""
    return np.repeat(np.eye(len(sizes), dtype=bool), sizes, axis=0)


def multi(documents: int, rates: list[float]) -> Labels:
    return np.random.default_rng(5).random((documents, len(rates))) < rates


def folds(labels: Labels, seed: int) -> NDArray[np.intp]:
    """Five parts, each of which wants a fifth of every class."""
    return assign_parts(labels, np.tile(sizes(labels) / 5, (5, 1)), seed)


@pytest.mark.parametrize("seed", range(5))
def test_one_class_a_document_is_split_exactly(seed: int) -> None:
    labels = single([30] * 7)
    assert labels[held_out(labels, 0.2, seed)].sum(axis=0).tolist() == [6] * 7


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), min_size=2, max_size=12), st.integers(5, 50), SEEDS)
def test_each_class_gives_its_share_rounded(sizes: list[int], percent: int, seed: int) -> None:
    tests = single(sizes)[held_out(single(sizes), percent / 100, seed)].sum(axis=0)
    for size, given_up in zip(sizes, tests, strict=True):
        assert abs(given_up - size * percent / 100) < 1
        assert given_up < size


def test_many_small_classes_still_give_some() -> None:
    assert held_out(single([2] * 10), 0.2, 0).sum() == 4


@pytest.mark.parametrize("seed", range(5))
def test_many_classes_a_document_keep_their_shares(seed: int) -> None:
    labels = multi(210, [0.3, 0.8, 0.5, 0.4, 0.05])
    testing = held_out(labels, 0.2, seed)
    assert abs(testing.sum() - 42) <= 4
    assert (abs(labels[testing].sum(axis=0) - labels.sum(axis=0) * 0.2) <= 3).all()


@settings(deadline=None)
@given(st.integers(2, 30), st.lists(st.floats(0, 1), min_size=1, max_size=6), st.integers(1, 60), SEEDS)
def test_no_class_is_lost_to_training(documents: int, rates: list[float], percent: int, seed: int) -> None:
    labels = multi(documents, rates)
    testing = held_out(labels, percent / 100, seed)
    assert (labels[~testing].any(axis=0) == labels.any(axis=0)).all()


def test_the_seed_decides() -> None:
    labels = single([20, 20])
    assert (held_out(labels, 0.2, 1) == held_out(labels, 0.2, 1)).all()
    assert (held_out(labels, 0.2, 1) != held_out(labels, 0.2, 2)).any()


@settings(deadline=None)
@given(st.integers(5, 60), st.lists(st.floats(0, 1), min_size=1, max_size=4), SEEDS)
def test_every_document_is_in_one_fold_of_five(documents: int, rates: list[float], seed: int) -> None:
    found = folds(multi(documents, rates), seed)
    assert len(found) == documents
    assert set(found) <= set(range(5))


def test_folds_of_one_class_a_document_are_even() -> None:
    labels = single([10, 25, 7])
    found = folds(labels, 0)
    for column in labels.T:
        sizes = np.bincount(found[column], minlength=5)
        assert np.max(sizes) - np.min(sizes) <= 1
