"""`python -m local upload`: what reaches the containers of a running app, and that it can be repeated."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from local.__main__ import main
from local.cli.training_data import TrainingData, load_labels
from local.stack import discovery
from local.stack.discovery import Stack
from shared.settings import TODAY_API
from tests.support.app_on_azurite import TEXTS, World
from tests.support.app_over_http import served
from tests.support.wire import Reply, Wire

pytestmark = pytest.mark.parametrize("world", [TODAY_API], indirect=True)


@pytest.fixture
def app(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Stack, Wire]]:
    monkeypatch.setattr(discovery, "STATE", tmp_path / "state")
    monkeypatch.setattr(discovery, "ROOT", tmp_path)
    with served(world) as (stack, wire):
        discovery.announce(stack)
        yield stack, wire


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sub-folder for each class; both have a text called 1.txt."""
    folder = tmp_path / "own"
    for name, words in TEXTS.items():
        (folder / name).mkdir(parents=True)
        for number in range(10):
            (folder / name / f"{number}{'' if number == 1 else name}.txt").write_text(f"{words} {number}")
    return folder


def write_labels(folder: Path, container: str) -> None:
    assert main(["labels", str(folder), "--container", container]) == 0


def names(world: World, container: str) -> set[str]:
    client = world.blobs.get_container_client(container)
    return set(client.list_blob_names()) if client.exists() else set()


@pytest.mark.usefixtures("app")
def test_texts_are_uploaded_under_their_paths_and_get_classified(
    world: World, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "notes.md").write_text("not a text")
    assert main(["upload", str(folder)]) == 0
    printed = capsys.readouterr().out
    assert "Left out, because only .txt files are uploaded: 1 other file." in printed
    assert "20 uploaded" in printed
    assert len(names(world, world.container)) == 20
    assert {"Cooking/1.txt", "Sailing/1.txt"} <= names(world, world.container)
    world.publish()
    world.until(lambda: len(world.documents("succeeded")) == 20)


@pytest.mark.usefixtures("app")
def test_the_labels_file_is_read_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_labels(folder, "training")
    loaded: list[Path] = []

    def counted(file: Path) -> tuple[list[str], dict[str, Any]]:
        loaded.append(file)
        return load_labels(file)

    monkeypatch.setattr("local.cli.upload.load_labels", counted)
    assert main(["upload", str(folder), "--container", "training"]) == 0
    assert loaded == [folder / "labels.json"]
    kind = TrainingData.of(folder, None).kind
    assert (kind, f'"modelType": "{kind}"' in capsys.readouterr().out) == ("SingleClassification", True)


@pytest.mark.usefixtures("app")
def test_a_repeated_upload_writes_only_what_changed(
    world: World, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["upload", str(folder)]) == 0
    blobs = world.blobs.get_container_client(world.container)
    before = {blob.name: blob.etag for blob in blobs.list_blobs()}
    (folder / "Cooking/1.txt").write_text("another recipe")
    (folder / "new.txt").write_text("new")
    capsys.readouterr()
    assert main(["upload", str(folder)]) == 0
    assert "  1 replaced, 19 unchanged, 1 uploaded\n" in capsys.readouterr().out
    after = {blob.name: blob.etag for blob in blobs.list_blobs()}
    assert {name for name in after if after[name] != before.get(name)} == {"Cooking/1.txt", "new.txt"}


@pytest.mark.usefixtures("app")
def test_training_texts_and_their_labels_file_make_a_project(
    world: World, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    container = f"{world.container}-own"
    write_labels(folder, container)
    (folder / "unlabelled.txt").write_text("new since the labels file was made")
    (folder / "Cooking/more").mkdir()
    shutil.copy(folder / "Cooking/2Cooking.txt", folder / "Cooking/more")
    capsys.readouterr()
    assert main(["upload", str(folder), "--container", container]) == 0
    printed = capsys.readouterr().out
    assert "Left out, because labels.json does not name them: 1 text." in printed
    assert "only .txt files" not in printed
    assert names(world, container) >= {"labels.json", "Cooking_1.txt", "Sailing_1.txt", "2Sailing.txt"}
    assert len(names(world, container)) == 21
    assert not names(world, world.container)
    [line] = [line for line in printed.splitlines() if "curl -i -X POST" in line]
    body = line.partition(" -d '")[2].removesuffix("'").replace('"own"', f'"{world.project}"')
    status, created, _ = world.ask("POST", "projects", raw=body.encode())
    assert status == 202
    assert world.ended(created)["state"] == "succeeded"
    assert world.get(f"projects/{world.project}")["modelType"] == "SingleClassification"


@pytest.mark.usefixtures("app")
def test_a_folder_with_a_labels_file_is_not_classified_by_mistake(
    world: World, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_labels(folder, "own-training")
    assert main(["upload", str(folder)]) == 1
    said = capsys.readouterr().err
    assert "for training with --container own-training, or have them classified with --container" in said
    labels = str(folder / "labels.json")
    assert main(["upload", str(folder), "--labels", labels, "--container", world.container]) == 1
    assert "get classified: name another --container for training texts." in capsys.readouterr().err
    assert not names(world, world.container)
    assert main(["upload", str(folder), "--container", world.container]) == 0
    assert len(names(world, world.container)) == 20


@pytest.mark.usefixtures("app")
def test_texts_that_the_labels_file_names_are_needed(
    world: World, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    container = f"{world.container}-own"
    write_labels(folder, container)
    (folder / "Cooking/2Cooking.txt").unlink()
    assert main(["upload", str(folder), "--container", container]) == 1
    assert "names 1 text that the folder does not have: 2Cooking.txt." in capsys.readouterr().err
    world.put("2Cooking.txt", "uploaded before", container)
    assert main(["upload", str(folder), "--container", container]) == 0


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("target", "said"),
    [("My Texts", "--container must have 3 to 63 lower-case"), ("{0}-results", "holds the app's results")],
)
def test_containers_that_do_not_do(
    world: World, folder: Path, capsys: pytest.CaptureFixture[str], *, target: str, said: str
) -> None:
    assert main(["upload", str(folder), "--container", target.format(world.container)]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("app")
def test_folders_and_names_that_do_not_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own").mkdir()
    assert main(["upload", str(tmp_path / "own")]) == 1
    assert capsys.readouterr().err == f"There are no .txt files in {tmp_path}/own.\n"
    (tmp_path / "own" / "a\\b.txt").write_text("text")
    assert main(["upload", str(tmp_path / "own")]) == 1
    assert "a\\b.txt has a name that storage cannot keep" in capsys.readouterr().err


def test_without_events_a_sweep_finds_the_files(
    app: tuple[Stack, Wire], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack, wire = app
    discovery.announce(replace(stack, source="EventGrid"))
    assert main(["upload", str(folder)]) == 0
    assert wire.lines[-1] == "POST /api/sweep"
    assert "next sweep finds the files" in capsys.readouterr().out


def test_an_app_that_is_another_one_gets_nothing(
    world: World, app: tuple[Stack, Wire], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app[1].otherwise = lambda _: Reply(404)
    assert main(["upload", str(folder)]) == 1
    assert "there is no textdrop at this address" in capsys.readouterr().err
    assert not names(world, world.container)
