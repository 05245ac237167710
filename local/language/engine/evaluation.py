"""How well predictions agree with labels: counts, precision, recall and F1, a class and over all."""

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
    """How one class did on the held-out documents. Ratios are 0 to 1, and 0 where there was nothing to divide by."""

    precision: float
    recall: float
    f1: float
    true_positives: int
    true_negatives: int
    false_positives: int
    false_negatives: int


@dataclass(frozen=True)
class Prediction:
    """What one held-out document was expected to be, and what the model made of it."""

    location: str
    language: str
    expected: tuple[str, ...]
    predicted: tuple[str, ...]


@dataclass(frozen=True)
class Evaluation:
    """How the model did on documents it was not trained on.

    Macro figures are means over the project's classes. `confusion` (single label only, else empty) counts
    documents by expected, then predicted class; cells of zero are left out.
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
    expected = indicators.fit_transform([it.expected for it in documents])
    predicted = indicators.transform([it.predicted for it in documents])

    def ratios(average: str | None) -> list[Any]:
        found = precision_recall_fscore_support(expected, predicted, average=average, zero_division=0.0)
        return [np.asarray(it).tolist() for it in found[:3]]

    counts = multilabel_confusion_matrix(expected, predicted).tolist()
    figures = {
        name: ClassFigures(precision, recall, f1, true, others, false, missed)
        for name, precision, recall, f1, ((others, false), (missed, true)) in zip(
            classes, *ratios(None), counts, strict=True
        )
    }
    means = {
        f"{average}_{name}": it
        for average in ("micro", "macro")
        for name, it in zip(("precision", "recall", "f1"), ratios(average), strict=True)
    }
    confusion = _confusion(documents, classes) if single else {}
    return Evaluation(figures, **means, confusion=confusion, documents=tuple(documents))


def _confusion(documents: Sequence[Prediction], classes: Sequence[str]) -> dict[str, dict[str, int]]:
    expected, predicted = [it.expected[0] for it in documents], [it.predicted[0] for it in documents]
    rows = confusion_matrix(expected, predicted, labels=list(classes)).tolist()
    return {
        name: {other: count for other, count in zip(classes, row, strict=True) if count}
        for name, row in zip(classes, rows, strict=True)
    }
