"""Sentence embeddings: a vector of a text's meaning, in which other words for the same thing are near.

They are optional: requirements-embeddings.txt installs what they need, and this is the only module that knows it. The
weights are files of the package `wordllama`, so nothing is downloaded. Its code is not imported, because it sets up
logging and can download.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

INSTALL = "pip install -r requirements-embeddings.txt"
_PACKAGE, _CODE = "wordllama", ("safetensors", "tokenizers")
_PIECES, _TABLE = "tokenizers/l2_supercat_tokenizer_config.json", "weights/l2_supercat_256.safetensors"
_FORMULA = b"2"  # to be changed with `_Loaded.sum`, so that models of other vectors are refused
_COLUMNS = 256
_TEXTS_AT_ONCE = 64

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class EmbeddingId:
    """Which embedding a model was trained with: equal digests are the same vectors of the same text."""

    name: str  # for people
    digest: str


class Embedding(Protocol):
    @property
    def id(self) -> EmbeddingId: ...

    @property
    def columns(self) -> int:
        """The length of each vector."""

    def vectors(self, texts: Iterable[str]) -> Vectors:
        """A row for each text, with the length 1, or 0 if nothing in it has a meaning. Accepts any text."""


@dataclass(frozen=True)
class PieceVectors:
    """What the pieces of a text (words, or parts of rare ones) mean together. `folder`: that of the package.

    The sum of their vectors, less the mean of all pieces, which makes any two texts alike. Each is weighted by the
    square root of its count: repeated pieces are mostly those that every text has.
    """

    folder: Path

    @property
    def id(self) -> EmbeddingId:
        return _loaded(self.folder).id

    @property
    def columns(self) -> int:
        return _COLUMNS

    def vectors(self, texts: Iterable[str]) -> Vectors:
        loaded, rows = _loaded(self.folder), []
        for some in _batches(texts):
            encoded = loaded.tokenizer.encode_batch(some, add_special_tokens=False)
            rows += [loaded.sum(text.ids) for text in encoded]
        return _of_length_one(np.array(rows, np.float32).reshape(-1, _COLUMNS))


def installed() -> PieceVectors | None:
    """The embedding, if it is installed. Imports none of its packages, and reads none of its files."""
    package, *code = map(importlib.util.find_spec, (_PACKAGE, *_CODE))
    if not (package and package.origin and all(code)):
        return None
    folder = Path(package.origin).parent
    return PieceVectors(folder) if (folder / _TABLE).is_file() and (folder / _PIECES).is_file() else None


@dataclass(frozen=True)
class _Loaded:
    id: EmbeddingId
    tokenizer: Any
    table: NDArray[np.float16]  # a row for each piece
    mean: Vectors  # of all rows

    def sum(self, pieces: Sequence[int]) -> Vectors:
        distinct, counts = np.unique(np.array(pieces, np.intp), return_counts=True)
        return np.asarray(np.sqrt(counts.astype(np.float32)) @ (self.table[distinct].astype(np.float32) - self.mean))


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> _Loaded:
    from safetensors.numpy import load
    from tokenizers import Tokenizer

    pieces, weights = ((folder / name).read_bytes() for name in (_PIECES, _TABLE))
    (table,) = load(weights).values()
    name = f"{_PACKAGE} {importlib.metadata.version(_PACKAGE)}, formula {_FORMULA.decode()}"
    digest = hashlib.sha256(pieces + weights + _FORMULA).hexdigest()
    return _Loaded(
        EmbeddingId(name, digest), Tokenizer.from_buffer(pieces), table, table.mean(axis=0, dtype=np.float32)
    )


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    """Without lone surrogates, which the tokenizer refuses."""
    valid = (text.encode("utf-8", "replace").decode("utf-8") for text in texts)
    while some := list(islice(valid, _TEXTS_AT_ONCE)):
        yield some


def _of_length_one(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)
