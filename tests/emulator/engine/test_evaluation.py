"""The figures of an evaluation, against figures worked out by hand and against their definitions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.language.engine import ClassFigures, Prediction
from local.language.engine.evaluation import evaluate

CLASSES = ("A", "B", "C")
SETS = st.sets(st.sampled_from(CLASSES)).map(lambda names: tuple(sorted(names)))


def predictions(*pairs: tuple[str, str]) -> list[Prediction]:
    """("AB", "A"): expected A and B, predicted A."""
    return [Prediction(f"{place}", "", tuple(it[0]), tuple(it[1])) for place, it in enumerate(pairs)]


def test_figures_of_many_classes_a_document() -> None:
    found = evaluate(predictions(("AB", "A"), ("A", "AB"), ("B", "B"), ("", "A")), CLASSES, single=False)
    assert found.classes["A"] == ClassFigures(2 / 3, 1.0, 0.8, 2, 1, 1, 0)
    assert found.classes["B"] == ClassFigures(0.5, 0.5, 0.5, 1, 1, 1, 1)
    assert found.classes["C"] == ClassFigures(0.0, 0.0, 0.0, 0, 4, 0, 0)
    assert (found.micro_precision, found.micro_recall) == (3 / 5, 3 / 4)
    assert found.micro_f1 == pytest.approx(2 / 3)
    assert found.macro_precision == pytest.approx((2 / 3 + 0.5) / 3)
    assert found.macro_recall == pytest.approx(0.5)
    assert found.macro_f1 == pytest.approx(1.3 / 3)
    assert found.confusion == {}


def test_confusion_leaves_out_cells_of_zero() -> None:
    found = evaluate(predictions(("A", "A"), ("A", "B"), ("A", "B"), ("B", "B")), CLASSES, single=True)
    assert found.confusion == {"A": {"A": 1, "B": 2}, "B": {"B": 1}, "C": {}}
    assert found.micro_precision == found.micro_recall == found.micro_f1 == 0.5


@settings(deadline=None)
@given(st.lists(st.tuples(SETS, SETS), min_size=1, max_size=12))
def test_counts_and_means_hold_together(pairs: list[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
    documents = [Prediction("", "", expected, predicted) for expected, predicted in pairs]
    found = evaluate(documents, CLASSES, single=False)
    for name, it in found.classes.items():
        counts = (it.true_positives, it.true_negatives, it.false_positives, it.false_negatives)
        assert sum(counts) == len(documents)
        assert it.true_positives + it.false_negatives == sum(name in expected for expected, _ in pairs)
        assert it.true_positives + it.false_positives == sum(name in predicted for _, predicted in pairs)
        assert min(it.precision, it.recall) <= it.f1 <= max(it.precision, it.recall)
    assert found.macro_f1 == pytest.approx(sum(it.f1 for it in found.classes.values()) / 3)
    assert found.documents == tuple(documents)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1, max_size=12))
def test_confusion_counts_every_document_once(pairs: list[tuple[str, str]]) -> None:
    found = evaluate(predictions(*pairs), CLASSES, single=True)
    assert sum(sum(row.values()) for row in found.confusion.values()) == len(pairs)
    for name, it in found.classes.items():
        assert found.confusion[name].get(name, 0) == it.true_positives
    assert all(count for row in found.confusion.values() for count in row.values())
