"""Trained models on disk."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Set
from pathlib import Path

from local.language.engine import Embedding, TrainedModel, load_model, save_model
from local.language.state.json_table import changing


class ModelStore:
    """Trained models by id, in one folder each; a model is read when it is first used."""

    def __init__(self, folder: Path, embedding: Embedding | None = None) -> None:
        self._folder = folder
        self.embedding = embedding  # for new models, and for the stored ones that were trained with it
        self._loaded: dict[str, TrainedModel] = {}
        self._lock = threading.Lock()

    def put(self, model_id: str, trained: TrainedModel) -> None:
        """Raises Unwritable."""
        with changing(self._folder):
            save_model(trained, self._folder / model_id)
        self._loaded[model_id] = trained

    def get(self, model_id: str) -> TrainedModel:
        """Raises BrokenModel if the model cannot be read."""
        with self._lock:
            if model_id not in self._loaded:
                self._loaded[model_id] = load_model(self._folder / model_id, self.embedding)
            return self._loaded[model_id]

    def files(self, model_id: str) -> list[Path]:
        """The files that the model is stored in, by name."""
        return sorted((self._folder / model_id).iterdir())

    def keep_only(self, ids: Set[str]) -> None:
        """Removes every other model."""
        for folder in self._folder.glob("*"):
            if folder.name not in ids:
                self._loaded.pop(folder.name, None)
                shutil.rmtree(folder, ignore_errors=True)
