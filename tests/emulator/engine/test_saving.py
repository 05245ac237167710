"""A model comes back from disk as it was saved, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from local.language.engine import BrokenModel, Example, Kind, TrainedModel, load_model, save_model, train
from tests.emulator.engine.engine_texts import CLASSES, answers, corpus


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return train(corpus("multi", 30), CLASSES, "multi")


@pytest.fixture
def folder(model: TrainedModel, tmp_path: Path) -> Path:
    save_model(model, tmp_path / "models" / "first")
    return tmp_path / "models" / "first"


@pytest.mark.parametrize(
    ("kind", "size", "languages"), [("single", 30, ("en",)), ("multi", 30, ("ja", "ru")), ("multi", 6, ("de",))]
)
def test_a_loaded_model_is_the_saved_one(kind: Kind, size: int, languages: tuple[str, ...], tmp_path: Path) -> None:
    saved = train(corpus(kind, size, languages), CLASSES, kind)
    save_model(saved, tmp_path)
    loaded = load_model(tmp_path)
    assert answers(loaded) == answers(saved)
    assert (loaded.kind, loaded.classes, loaded.evaluation) == (saved.kind, saved.classes, saved.evaluation)
    assert (loaded.ceiling, loaded.learned_from) == (saved.ceiling, saved.learned_from)


def test_a_model_of_an_earlier_version_has_no_ceiling(folder: Path) -> None:
    described(lambda it: it.pop("ceiling"))(folder)
    assert load_model(folder).ceiling == 1


def test_lone_surrogates_survive(tmp_path: Path) -> None:
    saved = train([*corpus("multi", 30), Example("\ud83d", "\ud83d egg", ("Chess",))], CLASSES, "multi")
    save_model(saved, tmp_path)
    assert load_model(tmp_path).classify(["\ud83d"]) == saved.classify(["\ud83d"])


def test_nothing_else_is_left_in_the_folder_and_nothing_in_it_can_run(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == ["arrays.npz", "model.json"]
    with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
        assert all(arrays[name].dtype == np.float64 for name in arrays)


def test_a_save_replaces_what_was_there(model: TrainedModel, folder: Path) -> None:
    save_model(train(corpus("single", 12, ("ru",)), CLASSES, "single"), folder)
    save_model(model, folder)
    assert answers(load_model(folder)) == answers(model)


def test_a_save_that_was_cut_short_is_refused_not_mixed(model: TrainedModel, folder: Path) -> None:
    description = (folder / "model.json").read_bytes()
    save_model(train(corpus("multi", 30, seed=3), CLASSES, "multi"), folder)
    (folder / "model.json").write_bytes(description)  # as if the new arrays had come, and their description not
    with pytest.raises(BrokenModel, match=r"arrays\.npz is not the file that was saved with it"):
        load_model(folder)
    save_model(model, folder)
    assert answers(load_model(folder)) == answers(model)


def described(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    def broken(folder: Path) -> None:
        description = json.loads((folder / "model.json").read_text())
        change(description)
        (folder / "model.json").write_text(json.dumps(description))

    return broken


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda folder: (folder / "model.json").unlink(), "model.json is missing"),
        (lambda folder: (folder / "arrays.npz").unlink(), "arrays.npz is missing"),
        (lambda folder: (folder / "model.json").write_text("{"), "cannot be used"),
        (lambda folder: (folder / "model.json").write_bytes(b"\xff"), "cannot be used"),
        (lambda folder: (folder / "model.json").write_text("[]"), "cannot be used"),
        (lambda folder: (folder / "arrays.npz").write_bytes(b"PK"), "not the file that was saved with it"),
        (described(lambda it: it.update(format=1)), "its format is 1, and this version reads 2"),
        (described(lambda it: it.update(kind="triple")), "its kind is 'triple'"),
        (described(lambda it: it.pop("terms")), "it has no 'terms'"),
        (described(lambda it: it.update(classes=["A"])), r"the shape of its weights is \(\d+, 3\), not \(\d+, 1\)"),
        (
            described(lambda it: it["terms"].update(words=["a"])),
            r"the shape of its weights is \(\d+, 3\), not \(\d+, 3\)",
        ),
        (described(lambda it: it["terms"]["words"].append(it["terms"]["characters"].pop())), "idf length"),
        (described(lambda it: it["terms"].update(words=["a"] * len(it["terms"]["words"]))), "Duplicate term"),
        (described(lambda it: it.update(terms=[["a"], ["b"]])), "cannot be used"),
        (described(lambda it: it.update(learned_from=None)), "cannot be used"),
        (described(lambda it: it.update(evaluation=[])), "cannot be used"),
        (described(lambda it: it.update(ceiling=1.5)), r"its ceiling is 1\.5"),
    ],
)
def test_a_broken_folder_is_refused_with_a_reason(harm: Callable[[Path], object], reason: str, folder: Path) -> None:
    harm(folder)
    with pytest.raises(BrokenModel, match=reason) as caught:
        load_model(folder)
    assert "Train it again" in str(caught.value)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BrokenModel, match="has no model"):
        load_model(tmp_path / "nowhere")
