"""A trained model, which classifies texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.pipeline import FeatureUnion  # type: ignore[import-untyped]

from local.language.engine.calibration import confidences, limited
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
    ceiling: float = 1.0  # no confidence is higher

    def classify(self, texts: Sequence[str]) -> list[list[tuple[str, float]]]:
        """The classes of each text, best first, with confidences from 0 to 1; exactly one in a single-label project."""
        return self.classify_vectors(self.features.transform(texts)) if texts else []

    def classify_vectors(self, vectors: sparse.csr_matrix) -> list[list[tuple[str, float]]]:
        """As `classify`, for texts that `features` has transformed."""
        certain = self._certain(vectors)
        shown = limited(certain, self.kind, self.ceiling)
        return [self._applicable(*rows) for rows in zip(certain, shown, strict=True)]

    def confidences(self, texts: Sequence[str]) -> Floats:
        """A row for each text, a column for each class."""
        return limited(self._certain(self.features.transform(texts)), self.kind, self.ceiling)

    def _certain(self, vectors: sparse.csr_matrix) -> Floats:
        return confidences(vectors @ self.weights + self.biases, self.kind, self.learned_from)

    def _applicable(self, certain: Floats, shown: Floats) -> list[tuple[str, float]]:
        """Ranked and selected by confidences without the ceiling."""
        order = np.argsort(-certain, kind="stable")
        applicable = order[:1] if self.kind == "single" else order[certain[order] >= self.thresholds[order]]
        return [(self.classes[place], float(shown[place])) for place in applicable]
