"""How a model did, and on which split: what its evaluation shows until it is evaluated anew."""

from __future__ import annotations

from local.language.engine import Evaluation
from local.language.state.records import EvaluationOptions, Moment, Record


class ModelEvaluation(Record, frozen=True):
    created: Moment
    options: EvaluationOptions
    evaluation: Evaluation
