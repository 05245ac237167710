"""A twin of the sentence embeddings: a few words and the meaning of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from local.language.engine.embedding import EmbeddingId, Vectors

_MEANINGS = {
    **dict.fromkeys(("cat", "kitten", "tabby", "feline"), 0),
    **dict.fromkeys(("boat", "ship", "ferry", "vessel"), 1),
}


@dataclass(frozen=True)
class Lexicon:
    """`release`: other releases are other embeddings."""

    release: str = "1"

    @property
    def id(self) -> EmbeddingId:
        return EmbeddingId(f"lexicon {self.release}", f"digest of {self.release}")

    @property
    def columns(self) -> int:
        return 2

    def vectors(self, texts: Iterable[str]) -> Vectors:
        rows = np.array([_counts(text) for text in texts], np.float32).reshape(-1, self.columns)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)


def _counts(text: str) -> list[int]:
    meanings = [_MEANINGS.get(word) for word in text.split()]
    return [meanings.count(0), meanings.count(1)]
