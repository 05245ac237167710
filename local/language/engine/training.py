"""Trains a model on labelled texts, and evaluates it on those held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.linear_model import Ridge, RidgeCV  # type: ignore[import-untyped]

from local.language.engine.calibration import calibrate
from local.language.engine.evaluation import Evaluation, Prediction, evaluate
from local.language.engine.examples import Example, Kind, Split, TrainingError, require_two_classes, usable
from local.language.engine.features import Floats, unfitted
from local.language.engine.model import TrainedModel
from local.language.engine.splitting import Labels, held_out

_MIN_TO_EVALUATE = 10
_PENALTY = 0.6  # both views of a row have the length 1: values from 0.2 to 2 work equally well
_PERCENTAGE = Split()


def train(
    examples: Sequence[Example], classes: Sequence[str], kind: Kind, split: Split = _PERCENTAGE, seed: int = 0
) -> TrainedModel:
    """A model of the training part, evaluated on the held-out part. The same input and seed produce the same model.

    Raises TrainingError if the examples cannot be used for a training.
    """
    classes = tuple(dict.fromkeys(classes))
    examples = usable(examples, classes, kind)
    testing = _testing(examples, classes, split, seed)
    training = [example for example, test in zip(examples, testing, strict=True) if not test]
    require_two_classes(training)
    model = _fit(training, classes, kind)
    tested = [example for example, test in zip(examples, testing, strict=True) if test]
    if len(examples) < _MIN_TO_EVALUATE or not tested:
        return model
    return replace(model, evaluation=_evaluate(model, tested, model.classes))


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
    return np.array([[name in example.classes for name in classes] for example in examples])


def _fit(training: Sequence[Example], classes: tuple[str, ...], kind: Kind) -> TrainedModel:
    features, labels = unfitted(), _labels(training, classes)
    rows = features.fit_transform([example.text for example in training])
    ridge, scores = _ridge(rows, labels)
    calibration = calibrate(scores, labels, kind)
    weights, biases = ridge.coef_.T * calibration.slope, ridge.intercept_ * calibration.slope + calibration.offsets
    return TrainedModel(kind, classes, len(training), None, features, weights, biases, calibration.thresholds)


def _ridge(rows: sparse.csr_matrix, labels: Labels) -> tuple[Ridge | RidgeCV, Floats | None]:
    """The linear model and, with enough documents, the scores of each by a model that was not trained on it.

    Without a document its classes are rarer, which would lower its scores: the second term corrects for this.
    """
    if len(labels) < _MIN_TO_EVALUATE:
        return Ridge(_PENALTY).fit(rows, labels), None
    ridge = RidgeCV([_PENALTY], scoring="neg_mean_squared_error", store_cv_results=True).fit(rows, labels)
    return ridge, ridge.cv_results_[:, :, 0] + (labels - labels.mean(axis=0)) / (len(labels) - 1)


def _evaluate(model: TrainedModel, tested: Sequence[Example], classes: Sequence[str]) -> Evaluation:
    classified = model.classify([example.text for example in tested])
    documents = [
        Prediction(example.location, example.language, example.classes, tuple(name for name, _ in predicted))
        for example, predicted in zip(tested, classified, strict=True)
    ]
    return evaluate(documents, classes, single=model.kind == "single")
