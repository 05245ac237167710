"""Texts and labels file, the samples or one's own: each says where the other is, and what is missing is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from local.cli.material import LABELS, TEXTS, Material, samples
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
        Material.of(own, None)
    shutil.copy(LABELS, own)
    assert Material.of(own, None) == Material.of(None, own / "labels.json") == Material.of(own, own / "labels.json")
    assert Material.of(own, LABELS).labels == LABELS


def test_what_is_not_there_is_named(own: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=rf"There is no folder {tmp_path}/none: correct DATA"):
        Material.of(tmp_path / "none", LABELS)
    with pytest.raises(SetupError, match=rf"{own}/l.json cannot be read .*: correct LABELS"):
        Material.of(None, own / "l.json")


def test_a_labels_file_in_utf_16_is_read(own: Path) -> None:
    (own / "labels.json").write_text(LABELS.read_text(), encoding="utf-16")
    assert Material.of(own, None).project == "movies"


def test_the_fingerprint_is_of_labels_and_texts(own: Path) -> None:
    shutil.copy(LABELS, own)
    before = Material.of(own, None).fingerprint()
    assert before == samples().fingerprint() == Material.of(own, None).fingerprint()
    with (own / "Cold_Signal.txt").open("a") as text:
        text.write("more")
    after = Material.of(own, None).fingerprint()
    (own / "Cold_Signal.txt").unlink()
    assert len({before, after, Material.of(own, None).fingerprint()}) == 3
