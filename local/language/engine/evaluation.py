"""Compares predictions with labels: counts, precision, recall and F1, for each class and over all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import (  # type: ignore[import-untyped]
    confusion_matrix,
    multilabel_confusion_matrix,
    precision_recall_fscore_support,
)
from sklearn.preprocessing import MultiLabelBinarizer  # type: ignore[import-untyped]


@dataclass(frozen=True)
class ClassFigures:
    """The figures of one class on the held-out documents. Ratios are 0 to 1, and 0 where the divisor is 0."""

    precision: float
    recall: float
    f1: float
    true_positives: int
    true_negatives: int
    false_positives: int
    false_negatives: int


@dataclass(frozen=True)
class Prediction:
    """The expected and the predicted classes of one held-out document."""

    location: str
    language: str
    expected: tuple[str, ...]
    predicted: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """The figures of a model on documents that it was not trained on.

    Macro figures are means over the classes of the project. `confusion` (empty for multi-label projects) counts
    documents by expected, then predicted class, without cells of zero.
    """

    classes: dict[str, ClassFigures]
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    confusion: dict[str, dict[str, int]]
    documents: tuple[Prediction, ...]


def evaluate(documents: Sequence[Prediction], classes: Sequence[str], *, single: bool) -> Evaluation:
    indicators = MultiLabelBinarizer(classes=classes)
    expected = indicators.fit_transform([document.expected for document in documents])
    predicted = indicators.transform([document.predicted for document in documents])

    def ratios(average: str | None) -> list[Any]:
        scores = precision_recall_fscore_support(expected, predicted, average=average, zero_division=0.0)
        return [np.asarray(score).tolist() for score in scores[:3]]

    counts = multilabel_confusion_matrix(expected, predicted).tolist()
    figures = {
        name: ClassFigures(precision, recall, f1, true, others, false, missed)
        for name, precision, recall, f1, ((others, false), (missed, true)) in zip(
            classes, *ratios(None), counts, strict=True
        )
    }
    means = {
        f"{average}_{name}": ratio
        for average in ("micro", "macro")
        for name, ratio in zip(("precision", "recall", "f1"), ratios(average), strict=True)
    }
    confusion = _confusion(documents, classes) if single else {}
    return Evaluation(figures, **means, confusion=confusion, documents=tuple(documents))


def _confusion(documents: Sequence[Prediction], classes: Sequence[str]) -> dict[str, dict[str, int]]:
    expected, predicted = (
        [document.expected[0] for document in documents],
        [document.predicted[0] for document in documents],
    )
    rows = confusion_matrix(expected, predicted, labels=list(classes)).tolist()
    return {
        name: {other: count for other, count in zip(classes, row, strict=True) if count}
        for name, row in zip(classes, rows, strict=True)
    }
