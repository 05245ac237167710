"""A model on disk: a folder of two files, neither of which contains code.

`arrays.npz`: arrays of 64-bit floats: the weights of the terms (`words`, `characters`), the `weights` (terms by
classes), and the `biases` and `thresholds` of the classes. `model.json`: the format, the digest of the arrays, the
kind, the classes, the number of training documents, the highest confidence (`ceiling`), the terms, and the evaluation
with the names of the held-out documents. It contains words of the training texts, but no text. A model that was trained
with an embedding names it there; `weights` has its columns after the terms, and the embedding itself is not stored.

The JSON is written last and has the digest of its arrays. A save that was interrupted leaves the earlier model, or a
folder that `load_model` refuses, and perhaps a `.partial` file, which the next save overwrites.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import numpy as np

from local.language.engine import features
from local.language.engine.embedding import INSTALL, Embedding, EmbeddingId
from local.language.engine.evaluation import ClassFigures, Evaluation, Prediction
from local.language.engine.examples import Kind
from local.language.engine.model import TrainedModel

_FORMAT = 2
_DESCRIPTION, _ARRAYS = "model.json", "arrays.npz"
_UNREADABLE = (  # everything that reading a damaged file can raise
    *(ValueError, TypeError, AttributeError, ArithmeticError, RecursionError),
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error),
)
_OF_CLASSES = ("weights", "biases", "thresholds")


class BrokenModel(Exception):
    """The folder holds no model that can be used; the message says what is wrong with it."""


class OtherEmbedding(BrokenModel):
    """The model needs an embedding that is not installed; the message says what to install."""

    def __init__(self, needed: EmbeddingId, installed: Embedding | None) -> None:
        here = f"here are those of {installed.id.name}: install that release" if installed else f"run `{INSTALL}`"
        super().__init__(f"The model needs the sentence embeddings of {needed.name}; {here}, or train it again.")


def save_model(model: TrainedModel, folder: Path) -> None:
    """Writes the model into `folder`, which is created if it does not exist."""
    packed = io.BytesIO()
    of_classes = {name: getattr(model, name) for name in _OF_CLASSES}
    arrays: dict[str, Any] = of_classes | features.weights_of(model.features)
    np.savez(packed, **arrays)
    description = {
        "format": _FORMAT,
        "arrays": hashlib.sha256(packed.getvalue()).hexdigest(),
        "kind": model.kind,
        "classes": model.classes,
        "learned_from": model.learned_from,
        "ceiling": model.ceiling,
        "terms": features.terms_of(model.features),
        "evaluation": model.evaluation and asdict(model.evaluation),
    }
    if embedding := features.embedding_of(model.features):
        description["embedding"] = asdict(embedding.id)
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / _ARRAYS, packed.getvalue())
    _replace(folder / _DESCRIPTION, json.dumps(description).encode())


def load_model(folder: Path, embedding: Embedding | None = None) -> TrainedModel:
    """The model that was saved to `folder`. Raises BrokenModel if it cannot be used.

    `embedding`: the one that is installed. It is used only by models that were trained with it. Raises OtherEmbedding
    if the model was trained with another one.
    """
    try:
        return _read(folder, embedding)
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise BrokenModel(f"{folder} has no model: {missing} is missing. Train it again.") from error
    except KeyError as error:
        raise BrokenModel(f"The model in {folder} cannot be used: it has no {error}. Train it again.") from error
    except _UNREADABLE as error:
        raise BrokenModel(f"The model in {folder} cannot be used: {error}. Train it again.") from error


def _read(folder: Path, installed: Embedding | None) -> TrainedModel:
    description = json.loads((folder / _DESCRIPTION).read_bytes())
    if description["format"] != _FORMAT:
        raise ValueError(f"its format is {description['format']!r}, and this version reads {_FORMAT}")
    if description["kind"] not in get_args(Kind):
        raise ValueError(f"its kind is {description['kind']!r}")
    arrays = _unpacked((folder / _ARRAYS).read_bytes(), description["arrays"])
    terms, classes = description["terms"], tuple(description["classes"])
    embedding = _embedding(description.get("embedding"), installed)
    columns = sum(len(of_view) for of_view in terms.values()) + (embedding.columns if embedding else 0)
    _check_shapes(arrays, columns, len(classes))
    return TrainedModel(
        kind=description["kind"],
        classes=classes,
        learned_from=int(description["learned_from"]),
        evaluation=_evaluation(description["evaluation"]),
        features=features.restored(terms, arrays, embedding),
        ceiling=_ceiling(description.get("ceiling", 1.0)),  # models of earlier versions have none
        **{name: arrays[name] for name in _OF_CLASSES},
    )


def _embedding(saved: dict[str, str] | None, installed: Embedding | None) -> Embedding | None:
    """The embedding that the model needs: none, or the one that is installed. Raises OtherEmbedding."""
    if saved is None:
        return None
    needed = EmbeddingId(**saved)
    if installed is None or installed.id.digest != needed.digest:
        raise OtherEmbedding(needed, installed)
    return installed


def _ceiling(saved: Any) -> float:
    ceiling = float(saved)
    if not 0 < ceiling <= 1:
        raise ValueError(f"its ceiling is {saved!r}")
    return ceiling


def _unpacked(packed: bytes, digest: str) -> dict[str, features.Floats]:
    if hashlib.sha256(packed).hexdigest() != digest:
        raise ValueError(f"{_ARRAYS} is not the file that was saved with it")
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return dict(arrays)


def _check_shapes(arrays: dict[str, features.Floats], columns: int, classes: int) -> None:
    for name, shape in zip(_OF_CLASSES, ((columns, classes), (classes,), (classes,)), strict=True):
        if arrays[name].shape != shape:
            raise ValueError(f"the shape of its {name} is {arrays[name].shape}, not {shape}")
        if not np.isfinite(arrays[name]).all():
            raise ValueError(f"its {name} contain values that are not numbers")


def _evaluation(saved: dict[str, Any] | None) -> Evaluation | None:
    if saved is None:
        return None
    documents = tuple(
        Prediction(
            document["location"], document["language"], tuple(document["expected"]), tuple(document["predicted"])
        )
        for document in saved["documents"]
    )
    classes = {name: ClassFigures(**figures) for name, figures in saved["classes"].items()}
    return Evaluation(**{**saved, "classes": classes, "documents": documents})


def _replace(path: Path, content: bytes) -> None:
    """Replaces the file in one step."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
