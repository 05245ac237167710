"""The stored evaluation of a model, and the split that it was made with."""

from __future__ import annotations

from local.language.engine import Evaluation
from local.language.state.records import EvaluationOptions, Moment, Record


class ModelEvaluation(Record, frozen=True):
    created: Moment
    options: EvaluationOptions
    evaluation: Evaluation
