"""A model on disk: `model.json` and `arrays.npz`, nothing that runs when it is read.

The JSON is written last and names the digest of the arrays it belongs to, so a save that was cut short leaves either
the earlier model or a folder that `load` refuses.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from local.language.engine.evaluation import ClassFigures, Evaluation, Prediction
from local.language.engine.examples import Kind
from local.language.engine.features import VIEWS, Features, Floats, View

if TYPE_CHECKING:
    from local.language.engine.training import Trained

_FORMAT = 1
_DESCRIPTION, _ARRAYS = "model.json", "arrays.npz"
_OF_CLASSES = ("weights", "biases", "thresholds")


class BrokenModel(Exception):
    """The folder holds no model that can be used; the message says what is wrong with it."""


def save(model: Trained, folder: Path) -> None:
    arrays = _packed(model)
    description = {
        "format": _FORMAT,
        "arrays": hashlib.sha256(arrays).hexdigest(),
        "kind": model.kind,
        "classes": model.classes,
        "terms": [view.terms for view in model.features.views],
        "evaluation": model.evaluation and asdict(model.evaluation),
    }
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / _ARRAYS, arrays)
    _replace(folder / _DESCRIPTION, json.dumps(description).encode())


def load(folder: Path) -> dict[str, Any]:
    """What a Trained is made of. Raises BrokenModel."""
    try:
        return _parts(folder)
    except FileNotFoundError as error:
        raise BrokenModel(
            f"{folder} holds no model: {Path(error.filename).name} is missing. Train it again."
        ) from error
    except KeyError as error:
        raise BrokenModel(f"The model in {folder} cannot be used: it has no {error}. Train it again.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise BrokenModel(f"The model in {folder} cannot be used: {error}. Train it again.") from error


def _packed(model: Trained) -> bytes:
    buffer = io.BytesIO()
    views = {name: view.weights for name, view in zip(VIEWS, model.features.views, strict=True)}
    np.savez(buffer, allow_pickle=False, **{name: getattr(model, name) for name in _OF_CLASSES}, **views)
    return buffer.getvalue()


def _parts(folder: Path) -> dict[str, Any]:
    description = json.loads((folder / _DESCRIPTION).read_bytes())
    if description["format"] != _FORMAT:
        raise ValueError(f"its format is {description['format']!r}, and this version reads {_FORMAT}")
    if description["kind"] not in get_args(Kind):
        raise ValueError(f"its kind is {description['kind']!r}")
    arrays = _unpacked((folder / _ARRAYS).read_bytes(), description["arrays"])
    terms, classes = description["terms"], tuple(description["classes"])
    _check_shapes(arrays, terms, classes)
    return {
        "kind": description["kind"],
        "classes": classes,
        "evaluation": _evaluation(description["evaluation"]),
        "features": Features(tuple(View(tuple(it), arrays[name]) for name, it in zip(VIEWS, terms, strict=True))),
        **{name: arrays[name] for name in _OF_CLASSES},
    }


def _unpacked(packed: bytes, digest: str) -> dict[str, Floats]:
    if hashlib.sha256(packed).hexdigest() != digest:
        raise ValueError(f"{_ARRAYS} is not the file it was saved with")
    with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
        return dict(arrays)


def _check_shapes(arrays: dict[str, Floats], terms: list[list[str]], classes: tuple[str, ...]) -> None:
    sizes = {name: len(of_view) for name, of_view in zip(VIEWS, terms, strict=True)}
    expected = {
        **{name: (size,) for name, size in sizes.items()},
        "weights": (sum(sizes.values()), len(classes)),
        "biases": (len(classes),),
        "thresholds": (len(classes),),
    }
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise ValueError(f"the shape of its {name} is {arrays[name].shape}, not {shape}")


def _evaluation(saved: dict[str, Any] | None) -> Evaluation | None:
    if saved is None:
        return None
    documents = tuple(
        Prediction(it["location"], it["language"], tuple(it["expected"]), tuple(it["predicted"]))
        for it in saved["documents"]
    )
    classes = {name: ClassFigures(**figures) for name, figures in saved["classes"].items()}
    return Evaluation(**{**saved, "classes": classes, "documents": documents})


def _replace(path: Path, content: bytes) -> None:
    """Writes the whole file or nothing."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
