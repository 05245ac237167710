"""The classifier of the local Language service: trains on labelled texts, and classifies others.

It does not use HTTP, clocks or storage; only `save_model` and `load_model` use the disk.
"""

from local.language.engine.apart import train_apart
from local.language.engine.embedding import Embedding
from local.language.engine.embedding import installed as installed_embedding
from local.language.engine.evaluation import ClassFigures, Evaluation, Prediction
from local.language.engine.examples import Example, Kind, Split, TrainingError
from local.language.engine.model import TrainedModel
from local.language.engine.persistence import BrokenModel, OtherEmbedding, load_model, save_model
from local.language.engine.training import evaluate_again, train

__all__ = [
    "BrokenModel",
    "ClassFigures",
    "Embedding",
    "Evaluation",
    "Example",
    "Kind",
    "OtherEmbedding",
    "Prediction",
    "Split",
    "TrainedModel",
    "TrainingError",
    "evaluate_again",
    "installed_embedding",
    "load_model",
    "save_model",
    "train",
    "train_apart",
]
