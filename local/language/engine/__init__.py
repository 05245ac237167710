"""The classifier of the local Language service: trains on labelled texts, and classifies others.

It does not use HTTP, clocks or storage; only `save_model` and `load_model` use the disk.
"""

from local.language.engine.apart import train_apart
from local.language.engine.evaluation import ClassFigures, Evaluation, Prediction
from local.language.engine.examples import Example, Kind, Split, TrainingError
from local.language.engine.model import TrainedModel
from local.language.engine.persistence import BrokenModel, load_model, save_model
from local.language.engine.training import evaluate_again, train

__all__ = [
    "BrokenModel",
    "ClassFigures",
    "Evaluation",
    "Example",
    "Kind",
    "Prediction",
    "Split",
    "TrainedModel",
    "TrainingError",
    "evaluate_again",
    "load_model",
    "save_model",
    "train",
    "train_apart",
]
