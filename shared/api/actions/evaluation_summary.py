"""An evaluation in sentences: weak classes, frequent confusions, and classes with too few texts to judge.

Pure. The figures are those of the texts that were held out from the training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.language.types import Evaluation, Kind, Prediction, Score

STRONG, WEAK = 0.8, 0.6  # F1
MIN_TEXTS = 5  # held-out texts of a class: with fewer, one text changes its figures by more than a fifth
MAX_CONFUSIONS = 5  # reported, the most frequent first
NO_CLASS = "None"  # the service's name for documents without a class (recorded), not a class of the project

# The share of held-out texts with exactly the labelled classes. In multi-label projects it is lower than F1.
STRONG_EXACT, WEAK_EXACT = 0.7, 0.4

# The best first.
GOOD = "Good: macro F1 is {f1:.2f}, the mean over the classes."
FAIR = "Fair: macro F1 is {f1:.2f}, the mean over the classes{but}."
WEAK_MODEL = "Weak: macro F1 is {f1:.2f}, the mean over the classes{but}; do not rely on it yet."
VERDICTS = (GOOD, FAIR, WEAK_MODEL)


@dataclass(frozen=True)
class Shortcoming:
    """Limits the verdict to VERDICTS[rank] or worse. `reason`: part of a sentence; "" for the mean itself."""

    rank: int
    reason: str = ""


def sentences(evaluation: Evaluation, predictions: Sequence[Prediction]) -> list[str]:
    """The verdict and its reasons, the most important first."""
    classes = {name: score for name, score in evaluation.classes.items() if name != NO_CLASS or _texts(score)}
    summary = [_verdict(evaluation.macro_f1, classes, predictions), *_exact_matches(predictions)]
    return [*summary, *_weak(classes), *_confusions(evaluation, predictions), *_few_texts(classes)]


def wrong(predictions: Sequence[Prediction]) -> list[Prediction]:
    """The predictions whose classes are not exactly the labelled ones."""
    return [prediction for prediction in predictions if set(prediction.expected) != set(prediction.predicted)]


def _verdict(f1: float, classes: Mapping[str, Score], predictions: Sequence[Prediction]) -> str:
    """The best verdict that the mean, the exact matches, the weak classes and the number of texts allow."""
    shortcomings = [
        Shortcoming(_rank(f1, STRONG, WEAK)),
        *_inexact(predictions),
        *_weak_classes(classes),
        *_classes_with_few_texts(classes),
    ]
    rank = max(shortcoming.rank for shortcoming in shortcomings)
    reasons = [shortcoming.reason for shortcoming in shortcomings if shortcoming.reason]
    but = f", but {' and '.join(reasons)}" if reasons else ""
    return VERDICTS[rank].format(f1=f1, but=but)


def _rank(share: float, strong: float, weak: float) -> int:
    return 0 if share >= strong else 1 if share >= weak else 2


def _inexact(predictions: Sequence[Prediction]) -> Iterator[Shortcoming]:
    if predictions:
        exact = (len(predictions) - len(wrong(predictions))) / len(predictions)
        if rank := _rank(exact, STRONG_EXACT, WEAK_EXACT):
            yield Shortcoming(rank, "too few texts have exactly the labelled classes")


def _weak_classes(classes: Mapping[str, Score]) -> Iterator[Shortcoming]:
    if number := sum(_is_weak(score) for score in classes.values()):
        verb = "is" if number == 1 else "are"
        rank = 2 if 2 * number > len(classes) else 1
        yield Shortcoming(rank, f"{number} of {len(classes)} classes {verb} weak")


def _classes_with_few_texts(classes: Mapping[str, Score]) -> Iterator[Shortcoming]:
    """Good figures on a few texts may be good by chance."""
    if number := sum(_texts(score) < MIN_TEXTS for score in classes.values()):
        verb = "has" if number == 1 else "have"
        yield Shortcoming(1, f"{number} of {len(classes)} classes {verb} fewer than {MIN_TEXTS} held-out texts")


def _exact_matches(predictions: Sequence[Prediction]) -> Iterator[str]:
    if predictions:
        exact = len(predictions) - len(wrong(predictions))
        yield f"{exact} of {_counted(len(predictions))} held out have exactly the labelled classes."


def _weak(classes: Mapping[str, Score]) -> Iterator[str]:
    for name, score in sorted(classes.items(), key=lambda item: item[1].f1):
        if _is_weak(score):
            yield f"{name} is weak (F1 {score.f1:.2f}): {_why(score)}."


def _is_weak(score: Score) -> bool:
    """Whether precision, recall or F1 is low: F1 may be fair while one of the other two is low."""
    return bool(_texts(score)) and min(score.precision, score.recall, score.f1) < WEAK


def _why(score: Score) -> str:
    """Whether recall or precision is low, in counts."""
    texts, predicted = _texts(score), score.true_positives + score.false_positives
    missed = f"it finds {score.true_positives} of {texts} texts with this class"
    if not predicted:
        return f"{missed}, and predicts this class for no text"
    wrongly = f"{score.false_positives} of {predicted} texts that it predicts this class for do not have it"
    if score.recall < WEAK <= score.precision:
        return missed
    return wrongly if score.precision < WEAK <= score.recall else f"{missed}, and {wrongly}"


def _confusions(evaluation: Evaluation, predictions: Sequence[Prediction]) -> Iterator[str]:
    pairs = _matrix(evaluation.confusion) if evaluation.kind is Kind.SINGLE else _missed_and_predicted(predictions)
    for (expected, predicted), times in pairs.most_common(MAX_CONFUSIONS):
        yield f"{expected} is mistaken for {predicted} ({_counted(times)})."


def _matrix(confusion: Mapping[str, Mapping[str, int]]) -> Counter[tuple[str, str]]:
    cells = {(row, column): times for row, columns in confusion.items() for column, times in columns.items()}
    return Counter({pair: times for pair, times in cells.items() if pair[0] != pair[1] and times > 0})


def _missed_and_predicted(predictions: Sequence[Prediction]) -> Counter[tuple[str, str]]:
    """In multi-label projects: each missed class of a text, with each wrongly predicted class of the same text."""
    return Counter(
        (missed, added)
        for prediction in predictions
        for missed in prediction.expected
        if missed not in prediction.predicted
        for added in prediction.predicted
        if added not in prediction.expected
    )


def _few_texts(classes: Mapping[str, Score]) -> Iterator[str]:
    for name, score in classes.items():
        if not _texts(score):
            yield f"{name} has no held-out text, so it has no figures. Label more texts with it."
        elif _texts(score) < MIN_TEXTS:
            texts = _counted(_texts(score))
            yield f"{name} has only {texts} held out: its figures are uncertain. Label more texts with it."


def _counted(texts: int) -> str:
    return "1 text" if texts == 1 else f"{texts} texts"


def _texts(score: Score) -> int:
    """The number of held-out texts with this class."""
    return score.true_positives + score.false_negatives
