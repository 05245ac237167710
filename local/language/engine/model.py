"""A trained model, which classifies texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import sparse  # type: ignore[import-untyped]
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
        return self.classify_vectors(self.features.transform(texts)) if texts else []

    def classify_vectors(self, vectors: sparse.csr_matrix) -> list[list[tuple[str, float]]]:
        """As `classify`, for texts that `features` has transformed."""
        return [self._applicable(row) for row in self._confidences(vectors)]

    def confidences(self, texts: Sequence[str]) -> Floats:
        """A row for each text, a column for each class."""
        return self._confidences(self.features.transform(texts))

    def _confidences(self, vectors: sparse.csr_matrix) -> Floats:
        return confidences(vectors @ self.weights + self.biases, self.kind, self.learned_from)

    def _applicable(self, row: Floats) -> list[tuple[str, float]]:
        ranked = sorted(
            zip(self.classes, row.tolist(), self.thresholds.tolist(), strict=True), key=lambda scored: -scored[1]
        )
        if self.kind == "single":
            return [(name, confidence) for name, confidence, _ in ranked[:1]]
        return [(name, confidence) for name, confidence, threshold in ranked if confidence >= threshold]
