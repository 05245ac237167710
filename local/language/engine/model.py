"""A trained model: what it knows, and the classes it finds for a text."""

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
    """A model. `classes` are the project's; `evaluation` is None where no document could be held out."""

    kind: Kind
    classes: tuple[str, ...]
    learned_from: int  # documents
    evaluation: Evaluation | None
    features: FeatureUnion
    weights: Floats
    biases: Floats
    thresholds: Floats

    def classify(self, texts: Sequence[str]) -> list[list[tuple[str, float]]]:
        """The classes that apply to each text, best first, with confidences 0 to 1; exactly one if single label."""
        return [self._chosen(row) for row in self.confidences(texts)] if texts else []

    def confidences(self, texts: Sequence[str]) -> Floats:
        """A row a text, a column a class."""
        return confidences(self.features.transform(texts) @ self.weights + self.biases, self.kind, self.learned_from)

    def _chosen(self, row: Floats) -> list[tuple[str, float]]:
        ranked = sorted(zip(self.classes, row.tolist(), self.thresholds.tolist(), strict=True), key=lambda it: -it[1])
        if self.kind == "single":
            return [(name, confidence) for name, confidence, _ in ranked[:1]]
        return [(name, confidence) for name, confidence, threshold in ranked if confidence >= threshold]
