"""Trains a model on labelled texts, and evaluates it on those held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from local.language.engine.calibration import Calibration, calibrate
from local.language.engine.embedding import Embedding
from local.language.engine.evaluation import Evaluation, Prediction, evaluate
from local.language.engine.examples import Example, Kind, Split, TrainingError, require_two_classes, usable
from local.language.engine.features import Fit, Floats, TextCounts
from local.language.engine.model import TrainedModel
from local.language.engine.progress import Progress, Report, unreported
from local.language.engine.ridge import solve
from local.language.engine.splitting import Labels, held_out, held_out_folds
from local.language.engine.term_counts import Places

_MIN_TO_EVALUATE = 10
_PENALTY = 0.6  # both views of a row have the length 1: values from 0.2 to 2 work equally well
# Only the reported progress depends on these. The first two: the work for one text, where fitting it is 1.
_COUNTING, _EVALUATING, _CLASSES_IN_A_UNIT, _USUAL_STEPS = 2, 1.5, 15, 8
_PERCENTAGE = Split()


def train(
    examples: Sequence[Example],
    classes: Sequence[str],
    kind: Kind,
    split: Split = _PERCENTAGE,
    seed: int = 0,
    *,
    embedding: Embedding | None = None,
    report: Report = unreported,
) -> TrainedModel:
    """A model of the training part, evaluated on the held-out part. The same input and seed produce the same model.

    `embedding`: what the model reads texts with besides their words and characters. `report` is called with the
    percentage of the work that is done. Raises TrainingError if the examples cannot be used for a training.
    """
    classes = tuple(dict.fromkeys(classes))
    examples = usable(examples, classes, kind)
    testing = np.array(_testing(examples, classes, split, seed))
    training, tested = np.flatnonzero(~testing), np.flatnonzero(testing)
    require_two_classes([examples[place] for place in training])
    if len(examples) < _MIN_TO_EVALUATE:
        tested = tested[:0]
    return _Training(examples, classes, kind, embedding, report).run(training, tested)


def evaluate_again(
    model: TrainedModel, examples: Sequence[Example], classes: Sequence[str], split: Split = _PERCENTAGE, seed: int = 0
) -> Evaluation:
    """Evaluates a model on the held-out part of these examples, which may have been part of its training.

    The same split and seed hold out the same examples as in the training. Raises TrainingError if none is held out.
    """
    classes = tuple(dict.fromkeys(classes))
    examples = usable(examples, classes, model.kind)
    testing = _testing(examples, classes, split, seed)
    tested = [example for example, test in zip(examples, testing, strict=True) if test]
    if not tested:
        raise TrainingError(
            f"No document is held out: label {_MIN_TO_EVALUATE} or more, or assign documents to the test set."
        )
    return _evaluate(model, tested, tuple(dict.fromkeys((*classes, *model.classes))))


def _testing(examples: Sequence[Example], classes: Sequence[str], split: Split, seed: int) -> Sequence[bool]:
    if split.kind == "manual":
        return [example.dataset == "Test" for example in examples]
    if split.training + split.testing != 100 or not 0 <= split.testing < 100:  # noqa: PLR2004
        raise TrainingError("The training and testing percentages must sum to 100, and some must be for training.")
    if len(examples) < _MIN_TO_EVALUATE:
        return [False] * len(examples)
    return list(held_out(_labels(examples, classes), split.testing / 100, seed))


def _labels(examples: Sequence[Example], classes: Sequence[str]) -> Labels:
    return np.array([[name in example.classes for name in classes] for example in examples], dtype=np.bool_)


class _Training:
    """One training: its texts are counted once, for the model, the folds of its calibration and its evaluation."""

    def __init__(
        self,
        examples: Sequence[Example],
        classes: tuple[str, ...],
        kind: Kind,
        embedding: Embedding | None,
        report: Report,
    ) -> None:
        self._examples, self._classes, self._kind = examples, classes, kind
        self._embedding, self._report = embedding, report
        self._labels = _labels(examples, classes)

    def run(self, training: Places, tested: Places) -> TrainedModel:
        """A model of the examples at the places `training`, evaluated on those at `tested` if there are any."""
        folds = held_out_folds(self._labels[training]) if len(training) >= _MIN_TO_EVALUATE else []
        self._plan(len(training), len(tested), folds)
        steps = (3 if self._embedding else 2) * len(self._examples)
        with self._progress.part(_COUNTING * len(self._examples), steps) as counted:
            self._counts = TextCounts.of([example.text for example in self._examples], counted, self._embedding)
        calibration = self._calibrate(training, folds)
        fit, weights, biases = self._fit(training)
        model = TrainedModel(
            kind=self._kind,
            classes=self._classes,
            learned_from=len(training),
            evaluation=None,
            features=self._counts.features(fit),
            weights=weights * calibration.slope,
            biases=biases * calibration.slope + calibration.offsets,
            thresholds=calibration.thresholds,
            ceiling=calibration.ceiling,
        )
        if not len(tested):
            return model
        with self._progress.part(self._work(_EVALUATING * len(tested)), 2) as step:
            classified = model.classify_vectors(self._counts.vectors(fit, tested))
            step()
            evaluated = [self._examples[place] for place in tested]
            return replace(model, evaluation=_evaluated(evaluated, classified, self._classes, self._kind))

    def _plan(self, documents: int, tested: int, folds: Sequence[Labels]) -> None:
        """The work of each part, in units of about the same time."""
        fitted = documents + sum(int((~held).sum()) for held in folds)
        work = _COUNTING * len(self._examples) + self._work(fitted + _EVALUATING * tested)
        self._progress = Progress(work, self._report)

    def _work(self, documents: float) -> float:
        """Of a fit to so many documents."""
        return documents * (1 + len(self._classes) / _CLASSES_IN_A_UNIT)

    def _calibrate(self, training: Places, folds: Sequence[Labels]) -> Calibration:
        """From the scores of held-out documents: features and weights are fitted to the other documents alone.

        Without a document its classes are rarer, which lowers its scores: the rates of all documents stand in for those
        of the others.
        """
        rates = self._labels[training].mean(axis=0)
        if not folds:
            return calibrate(None, self._labels[training], self._kind)
        scores, labels = [], []
        for held in folds:
            fit, weights, biases = self._fit(training[~held])
            biases = biases + rates - self._labels[training[~held]].mean(axis=0)
            scores.append(self._counts.vectors(fit, training[held]) @ weights + biases)
            labels.append(self._labels[training[held]])
        return calibrate(np.vstack(scores), np.vstack(labels), self._kind)

    def _fit(self, places: Places) -> tuple[Fit, Floats, Floats]:
        """Features, weights and biases of these examples."""
        with self._progress.part(self._work(len(places)), _USUAL_STEPS) as step:
            fit, rows = self._counts.fit(places)
            step()
            return fit, *solve(rows, self._labels[places], _PENALTY, step)


def _evaluate(model: TrainedModel, tested: Sequence[Example], classes: Sequence[str]) -> Evaluation:
    return _evaluated(tested, model.classify([example.text for example in tested]), classes, model.kind)


def _evaluated(
    tested: Sequence[Example], classified: Sequence[Sequence[tuple[str, float]]], classes: Sequence[str], kind: Kind
) -> Evaluation:
    documents = [
        Prediction(example.location, example.language, example.classes, tuple(name for name, _ in predicted))
        for example, predicted in zip(tested, classified, strict=True)
    ]
    return evaluate(documents, classes, single=kind == "single")
