"""How well predictions agree with labels: counts, precision, recall and F1, a class and over all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


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
    figures = {name: _class_figures(documents, name) for name in classes}
    true, false_positive, false_negative = (
        sum(getattr(figure, field) for figure in figures.values())
        for field in ("true_positives", "false_positives", "false_negatives")
    )
    micro_precision, micro_recall, micro_f1 = _ratios(true, false_positive, false_negative)
    return Evaluation(
        classes=figures,
        micro_precision=micro_precision,
        micro_recall=micro_recall,
        micro_f1=micro_f1,
        macro_precision=_mean([figure.precision for figure in figures.values()]),
        macro_recall=_mean([figure.recall for figure in figures.values()]),
        macro_f1=_mean([figure.f1 for figure in figures.values()]),
        confusion=_confusion(documents, classes) if single else {},
        documents=tuple(documents),
    )


def _class_figures(documents: Sequence[Prediction], name: str) -> ClassFigures:
    counts: Mapping[tuple[bool, bool], int] = Counter((name in it.expected, name in it.predicted) for it in documents)
    true, false_positive, false_negative = counts[True, True], counts[False, True], counts[True, False]
    precision, recall, f1 = _ratios(true, false_positive, false_negative)
    return ClassFigures(precision, recall, f1, true, counts[False, False], false_positive, false_negative)


def _ratios(true: int, false_positive: int, false_negative: int) -> tuple[float, float, float]:
    return (
        _ratio(true, true + false_positive),
        _ratio(true, true + false_negative),
        _ratio(2 * true, 2 * true + false_positive + false_negative),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _confusion(documents: Sequence[Prediction], classes: Sequence[str]) -> dict[str, dict[str, int]]:
    cells = Counter((it.expected[0], it.predicted[0]) for it in documents)
    return {
        expected: {predicted: cells[expected, predicted] for predicted in classes if cells[expected, predicted]}
        for expected in classes
    }
