"""From labelled texts to a model that finds the classes of others."""

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

_FEWEST_TO_EVALUATE = 10
_PENALTY = 0.6  # a row's two views have the length 1 each: any value from 0.2 to 2 does
_PERCENTAGE = Split()


def train(
    examples: Sequence[Example], classes: Sequence[str], kind: Kind, split: Split = _PERCENTAGE, seed: int = 0
) -> TrainedModel:
    """A model of the training part, evaluated on the held-out part. The same input and seed give the same model.

    Raises TrainingError, with a reason for people, if nothing can be learned.
    """
    classes = tuple(dict.fromkeys(classes))
    found = usable(examples, classes, kind)
    testing = _testing(found, classes, split, seed)
    training = [example for example, test in zip(found, testing, strict=True) if not test]
    require_two_classes(training)
    model = _fit(training, classes, kind)
    tested = [example for example, test in zip(found, testing, strict=True) if test]
    if len(found) < _FEWEST_TO_EVALUATE or not tested:
        return model
    return replace(model, evaluation=_evaluate(model, tested, model.classes))


def evaluate_again(
    model: TrainedModel, examples: Sequence[Example], classes: Sequence[str], split: Split = _PERCENTAGE, seed: int = 0
) -> Evaluation:
    """How the model does on the held-out part of these examples, which it may have learned from.

    The split and seed of its training hold out the same of the same examples. Raises TrainingError if there are none.
    """
    classes = tuple(dict.fromkeys(classes))
    found = usable(examples, classes, model.kind)
    testing = _testing(found, classes, split, seed)
    tested = [example for example, test in zip(found, testing, strict=True) if test]
    if not tested:
        raise TrainingError(
            f"No document is held out: label {_FEWEST_TO_EVALUATE} or more, or put some into the test set."
        )
    return _evaluate(model, tested, tuple(dict.fromkeys((*classes, *model.classes))))


def _testing(examples: Sequence[Example], classes: Sequence[str], split: Split, seed: int) -> Sequence[bool]:
    if split.kind == "manual":
        return [example.dataset == "Test" for example in examples]
    if split.training + split.testing != 100 or not 0 <= split.testing < 100:  # noqa: PLR2004
        raise TrainingError("The training and testing percentages must sum to 100, and some must be for training.")
    if len(examples) < _FEWEST_TO_EVALUATE:
        return [False] * len(examples)
    return list(held_out(_labels(examples, classes), split.testing / 100, seed))


def _labels(examples: Sequence[Example], classes: Sequence[str]) -> Labels:
    return np.array([[name in example.classes for name in classes] for example in examples])


def _fit(training: Sequence[Example], classes: tuple[str, ...], kind: Kind) -> TrainedModel:
    features, labels = unfitted(), _labels(training, classes)
    rows = features.fit_transform([example.text for example in training])
    ridge, scores = _ridge(rows, labels)
    it = calibrate(scores, labels, kind)
    weights, biases = ridge.coef_.T * it.slope, ridge.intercept_ * it.slope + it.offsets
    return TrainedModel(kind, classes, len(training), None, features, weights, biases, it.thresholds)


def _ridge(rows: sparse.csr_matrix, labels: Labels) -> tuple[Ridge | RidgeCV, Floats | None]:
    """The linear model, and the score of each document by one that did not see it, if there are enough to tell.

    Without a document, its classes are rarer than they are: that alone would lower its scores, so it is made up for.
    """
    if len(labels) < _FEWEST_TO_EVALUATE:
        return Ridge(_PENALTY).fit(rows, labels), None
    ridge = RidgeCV([_PENALTY], scoring="neg_mean_squared_error", store_cv_results=True).fit(rows, labels)
    return ridge, ridge.cv_results_[:, :, 0] + (labels - labels.mean(axis=0)) / (len(labels) - 1)


def _evaluate(model: TrainedModel, tested: Sequence[Example], classes: Sequence[str]) -> Evaluation:
    found = model.classify([example.text for example in tested])
    documents = [
        Prediction(example.location, example.language, example.classes, tuple(name for name, _ in predicted))
        for example, predicted in zip(tested, found, strict=True)
    ]
    return evaluate(documents, classes, single=model.kind == "single")
