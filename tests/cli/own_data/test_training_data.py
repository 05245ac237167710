"""Texts and labels file, the samples or one's own: each says where the other is, and what is missing is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local.cli.training_data import LABELS, TEXTS, TrainingData, samples
from local.errors import SetupError


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    shutil.copytree(TEXTS, folder)
    return folder


def test_without_either_it_is_of_the_samples() -> None:
    assert (samples().labels, samples().project, len(samples().texts)) == (LABELS, "movies", 80)


def test_a_folder_has_its_labels_file_in_it(own: Path) -> None:
    with pytest.raises(SetupError, match=rf"DATA has no labels.json: .* -m local labels {own}$"):
        TrainingData.of(own, None)
    shutil.copy(LABELS, own)
    both = TrainingData.of(own, own / "labels.json")
    assert TrainingData.of(own, None) == TrainingData.of(None, own / "labels.json") == both
    assert TrainingData.of(own, LABELS).labels == LABELS


def test_what_is_not_there_is_named(own: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=rf"There is no folder {tmp_path}/none: correct DATA"):
        TrainingData.of(tmp_path / "none", LABELS)
    with pytest.raises(SetupError, match=rf"{own}/l.json cannot be read .*: correct LABELS"):
        TrainingData.of(None, own / "l.json")


def test_a_labels_file_in_utf_16_is_read(own: Path) -> None:
    (own / "labels.json").write_text(LABELS.read_text(), encoding="utf-16")
    assert TrainingData.of(own, None).project == "movies"


def test_the_fingerprint_is_of_labels_and_texts(own: Path) -> None:
    shutil.copy(LABELS, own)
    before = TrainingData.of(own, None).fingerprint()
    assert before == samples().fingerprint() == TrainingData.of(own, None).fingerprint()
    with (own / "Cold_Signal.txt").open("a") as text:
        text.write("more")
    after = TrainingData.of(own, None).fingerprint()
    (own / "Cold_Signal.txt").unlink()
    assert len({before, after, TrainingData.of(own, None).fingerprint()}) == 3
