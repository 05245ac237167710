"""An evaluation in plain sentences: which classes are weak, what is taken for what, where the figures rest on little.

Pure. The figures are of texts held out from the training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.language.types import Evaluation, Kind, Prediction, Score

STRONG, WEAK = 0.8, 0.6  # F1
FEW = 5  # held-out texts of a class: with fewer, one text more or less changes the figure by a fifth and more
PAIRS = 5  # confusions told of
NO_CLASS = "None"  # what the service calls a document without a class (recorded); no class of the project

# The share of held-out texts that got exactly the labelled classes; below F1 where a text may have several classes.
MOSTLY_EXACT, SELDOM_EXACT = 0.7, 0.4

# The verdicts, the best first.
GOOD = "Good: macro F1 is {f1:.2f}, the mean over the classes."
FAIR = "Fair: macro F1 is {f1:.2f}, the mean over the classes{but}."
WEAK_MODEL = "Weak: macro F1 is {f1:.2f}, the mean over the classes{but}; it is not ready to be relied on."
VERDICTS = (GOOD, FAIR, WEAK_MODEL)


@dataclass(frozen=True)
class Shortcoming:
    """Something that keeps a model from a better verdict than the one at `rank` in VERDICTS."""

    rank: int
    what: str = ""


def sentences(evaluation: Evaluation, predictions: Sequence[Prediction]) -> list[str]:
    """What a person should know of an evaluation, the most important first."""
    classes = {name: score for name, score in evaluation.classes.items() if name != NO_CLASS or _texts(score)}
    first = [_verdict(evaluation.macro_f1, classes, predictions), *_exactly(predictions)]
    return [*first, *_weak(classes), *_confused(evaluation, predictions), *_few(classes)]


def wrong(predictions: Sequence[Prediction]) -> list[Prediction]:
    """Those whose classes were not exactly the labelled ones."""
    return [one for one in predictions if set(one.expected) != set(one.predicted)]


def _verdict(f1: float, classes: Mapping[str, Score], predictions: Sequence[Prediction]) -> str:
    """The worst that the mean, the exact matches, the weak classes and the number of texts allow, with the reasons."""
    found = [
        Shortcoming(_rank(f1, STRONG, WEAK)),
        *_inexact(predictions),
        *_weak_classes(classes),
        *_untried_classes(classes),
    ]
    rank = max(one.rank for one in found)
    reasons = [one.what for one in found if one.what]
    but = f", but {' and '.join(reasons)}" if reasons else ""
    return VERDICTS[rank].format(f1=f1, but=but)


def _rank(share: float, strong: float, weak: float) -> int:
    return 0 if share >= strong else 1 if share >= weak else 2


def _inexact(predictions: Sequence[Prediction]) -> Iterator[Shortcoming]:
    if predictions:
        right = (len(predictions) - len(wrong(predictions))) / len(predictions)
        if rank := _rank(right, MOSTLY_EXACT, SELDOM_EXACT):
            yield Shortcoming(rank, "too few texts got exactly the labelled classes")


def _weak_classes(classes: Mapping[str, Score]) -> Iterator[Shortcoming]:
    if number := sum(_is_weak(score) for score in classes.values()):
        verb = "is" if number == 1 else "are"
        most = 2 if 2 * number > len(classes) else 1
        yield Shortcoming(most, f"{number} of {len(classes)} classes {verb} weak")


def _untried_classes(classes: Mapping[str, Score]) -> Iterator[Shortcoming]:
    """What is good on a handful of texts may be good by chance."""
    if number := sum(_texts(score) < FEW for score in classes.values()):
        verb = "was" if number == 1 else "were"
        yield Shortcoming(1, f"{number} of {len(classes)} classes {verb} tried on fewer than {FEW} texts")


def _exactly(predictions: Sequence[Prediction]) -> Iterator[str]:
    if predictions:
        right = len(predictions) - len(wrong(predictions))
        yield f"Of {_counted(len(predictions))} held out, {right} got exactly the labelled classes."


def _weak(classes: Mapping[str, Score]) -> Iterator[str]:
    for name, score in sorted(classes.items(), key=lambda item: item[1].f1):
        if _is_weak(score):
            yield f"{name} is weak (F1 {score.f1:.2f}): {_why(score)}."


def _is_weak(score: Score) -> bool:
    """A class is as weak as the worse of its two sides: F1 may look fair where half of what gets it is of another."""
    return bool(_texts(score)) and min(score.precision, score.recall, score.f1) < WEAK


def _why(score: Score) -> str:
    """Which of the two sides pulls F1 down, in counts."""
    texts, given = _texts(score), score.true_positives + score.false_positives
    missed = f"of {texts} texts that are of this class it finds {score.true_positives}"
    if not given:
        return f"{missed}, and it gives this class to none"
    wrongly = f"of {given} that it gives this class, {score.false_positives} are of another"
    if score.recall < WEAK <= score.precision:
        return missed
    return wrongly if score.precision < WEAK <= score.recall else f"{missed}, and {wrongly}"


def _confused(evaluation: Evaluation, predictions: Sequence[Prediction]) -> Iterator[str]:
    pairs = _matrix(evaluation.confusion) if evaluation.kind is Kind.SINGLE else _mistaken(predictions)
    for (expected, predicted), times in pairs.most_common(PAIRS):
        yield f"{expected} is taken for {predicted} ({_counted(times)})."


def _matrix(confusion: Mapping[str, Mapping[str, int]]) -> Counter[tuple[str, str]]:
    cells = {(row, column): times for row, columns in confusion.items() for column, times in columns.items()}
    return Counter({pair: times for pair, times in cells.items() if pair[0] != pair[1] and times > 0})


def _mistaken(predictions: Sequence[Prediction]) -> Counter[tuple[str, str]]:
    """With several classes a text: each that was missed, with each that was given in its place."""
    return Counter(
        (missed, given)
        for one in predictions
        for missed in one.expected
        if missed not in one.predicted
        for given in one.predicted
        if given not in one.expected
    )


def _few(classes: Mapping[str, Score]) -> Iterator[str]:
    for name, score in classes.items():
        if not _texts(score):
            yield f"{name} had no text among those held out: nothing is known of it. Label more texts of it."
        elif _texts(score) < FEW:
            yield f"{name} was tried on {_counted(_texts(score))} only: its figures are a guess. Label more of it."


def _counted(texts: int) -> str:
    return "1 text" if texts == 1 else f"{texts} texts"


def _texts(score: Score) -> int:
    """How many of the held-out texts are of this class."""
    return score.true_positives + score.false_negatives
