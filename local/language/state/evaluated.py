"""How a model did, and on which split: what its evaluation shows until it is evaluated anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from local.language.engine import Evaluation
from local.language.state.records import EvaluationOptions


@dataclass(frozen=True)
class ModelEvaluation:
    created: datetime
    options: EvaluationOptions
    evaluation: Evaluation
