"""A trained model, which classifies texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.pipeline import FeatureUnion  # type: ignore[import-untyped]

from local.language.engine.calibration import confidences
from local.language.engine.evaluation import Evaluation
from local.language.engine.examples import Kind
from local.language.engine.features import Floats


@dataclass(frozen=True)
class TrainedModel:
    """`classes`: those of the project. `evaluation`: None if no document was held out."""

    kind: Kind
    classes: tuple[str, ...]
    learned_from: int  # documents
    evaluation: Evaluation | None
    features: FeatureUnion
    weights: Floats
    biases: Floats
    thresholds: Floats

    def classify(self, texts: Sequence[str]) -> list[list[tuple[str, float]]]:
        """The classes of each text, best first, with confidences from 0 to 1; exactly one in a single-label project."""
        return [self._applicable(row) for row in self.confidences(texts)] if texts else []

    def confidences(self, texts: Sequence[str]) -> Floats:
        """A row for each text, a column for each class."""
        return confidences(self.features.transform(texts) @ self.weights + self.biases, self.kind, self.learned_from)

    def _applicable(self, row: Floats) -> list[tuple[str, float]]:
        ranked = sorted(
            zip(self.classes, row.tolist(), self.thresholds.tolist(), strict=True), key=lambda scored: -scored[1]
        )
        if self.kind == "single":
            return [(name, confidence) for name, confidence, _ in ranked[:1]]
        return [(name, confidence) for name, confidence, threshold in ranked if confidence >= threshold]
