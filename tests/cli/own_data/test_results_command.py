"""`python -m local results`: what comes from a running app, and what it says of the rest."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from local.__main__ import main
from local.cli import client as outside
from local.stack import discovery
from shared.operations.export_formats import FORMATS
from shared.settings import TODAY_API
from tests.support.app_on_azurite import TEXTS, World
from tests.support.app_over_http import served
from tests.support.wire import Reply, Seen, Wire, refused

pytestmark = pytest.mark.parametrize("world", [TODAY_API], indirect=True)


@pytest.fixture
def app(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Wire]:
    """The app, after it classified two files, each in its own folder, and failed for a third one."""
    monkeypatch.setattr(discovery, "STATE", tmp_path / "state")
    monkeypatch.setattr(discovery, "ROOT", tmp_path)
    monkeypatch.setattr(outside, "LOOK_EVERY", 0)
    world.publish()
    for category, words in TEXTS.items():
        world.drop(f"{category}/text é.txt", words)
    world.drop("blank.txt", " ")
    world.until(lambda: len(world.documents("succeeded")) == 2)
    with served(world) as (stack, wire):
        discovery.announce(stack)
        yield wire


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "fetched"


def files(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def results_asked(wire: Wire) -> int:
    return sum(line.endswith("/result") for line in wire.lines)


def test_each_result_becomes_a_file_and_is_fetched_once(
    world: World, app: Wire, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["results", "--to", str(folder)]) == 0
    names = {f"{category}/text é.txt" for category in TEXTS}
    assert files(folder) == {f"{name}.json" for name in names}
    for name in names:
        assert json.loads((folder / f"{name}.json").read_text()) == world.result(name)
    printed = capsys.readouterr().out
    assert "  2 fetched\n" in printed
    assert "! 1 file could not be classified:\n  blank.txt  bad_input: The file contains only white space." in printed
    asked = results_asked(app)
    assert main(["results", "--to", str(folder)]) == 0
    assert "  2 unchanged\n" in capsys.readouterr().out
    assert results_asked(app) == asked == 2


@pytest.mark.usefixtures("app")
def test_a_newer_version_replaces_its_file(world: World, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["results", "--to", str(folder)]) == 0
    world.drop("Cooking/text é.txt", TEXTS["Sailing"])
    world.until(lambda: world.result("Cooking/text é.txt")["classes"][0]["category"] == "Sailing")
    capsys.readouterr()
    assert main(["results", "--to", str(folder)]) == 0
    assert "  1 fetched, 1 unchanged\n" in capsys.readouterr().out
    kept = json.loads((folder / "Cooking/text é.txt.json").read_text())
    assert kept["classes"][0]["category"] == "Sailing"


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("form", FORMATS)
def test_all_results_in_one_file(folder: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    file = folder / f"all.{form}"
    for _ in range(2):  # an earlier export is replaced
        assert main(["results", f"--{form}", str(file)]) == 0
        assert files(folder) == {f"all.{form}"}
        content = file.read_text("utf-8-sig").splitlines()
        rows = list(csv.DictReader(content)) if form == "csv" else list(map(json.loads, content))
        assert {row["name"] for row in rows} == {f"{category}/text é.txt" for category in TEXTS}
    printed = capsys.readouterr().out
    assert printed.index("List the documents") < printed.index("  2 results\n")
    assert "blank.txt  bad_input" in printed


def test_a_large_file_is_read_in_parts(world: World, app: Wire, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.api.actions.exports.MAX_PART", 100)
    assert main(["results", "--jsonl", str(folder / "all.jsonl")]) == 0
    rows = [json.loads(line) for line in (folder / "all.jsonl").read_text().splitlines()]
    assert {row["name"] for row in rows} == set(world.documents("succeeded"))
    assert sum(line.endswith("/content") for line in app.lines) > 5


@pytest.mark.usefixtures("app")
def test_an_export_of_nothing_is_an_empty_file(folder: Path) -> None:
    assert main(["results", "--jsonl", str(folder / "none.jsonl"), "--prefix", "none/"]) == 0
    assert (folder / "none.jsonl").read_bytes() == b""


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("form", FORMATS)
def test_only_an_export_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    folder.mkdir()
    mine = folder / "mine"
    mine.write_text("name,class\nmine")
    assert main(["results", f"--{form}", str(mine)]) == 1
    assert "is no earlier export: choose another file, or allow it with --overwrite." in capsys.readouterr().err
    assert mine.read_text() == "name,class\nmine"
    assert main(["results", f"--{form}", str(mine), "--overwrite"]) == 0
    assert "Cooking" in mine.read_text()


def test_results_are_selected_and_printed(
    world: World, app: Wire, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["results"]) == 0
    printed = capsys.readouterr().out
    assert "  Cooking/text é.txt  Cooking " in printed
    assert "  Sailing/text é.txt  Sailing " in printed
    assert "2 results.\n" in printed
    assert main(["results", "--class", "Sailing", "--to", str(folder)]) == 0
    assert files(folder) == {"Sailing/text é.txt.json"}
    assert main(["results", "--prefix", "Cooking/text é"]) == 0
    assert app.lines[-1].endswith(f"prefix={quote('Cooking/text é', safe='')}")
    assert "1 result.\n" in capsys.readouterr().out
    later = (world.now + timedelta(hours=1)).isoformat()
    assert main(["results", "--since", later]) == 0
    assert "0 results.\n" in capsys.readouterr().out
    assert main(["results", "--since", "yesterday"]) == 1
    assert '"since" must be a time such as' in capsys.readouterr().err


@pytest.mark.usefixtures("app")
def test_files_that_wait_are_listed_with_their_reason(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.ask("PUT", "submission", {"paused": True})
    for number in range(21):
        world.drop(f"late{number}.txt", TEXTS["Cooking"])
    assert main(["results"]) == 0
    printed = capsys.readouterr().out
    assert "! Not classified yet: 21 files.\n" in printed
    assert len(re.findall(r"  late\d+\.txt +has been waiting since 20", printed)) == 20
    assert "  … and 1 more\n" in printed
    assert printed.count("! submission: Submissions are paused") == printed.count("are paused") == 1


def test_what_cannot_be_fetched_is_listed(app: Wire, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a lost result nor a name that leads out of the folder keeps the others from being fetched."""
    answer = app.otherwise

    def spoiled(seen: Seen) -> Reply:
        if seen.target.endswith("/result") and results_asked(app) == 1:
            return refused(409, "It is gone.")
        reply = answer(seen)
        if "/documents?" in seen.target:
            listing = json.loads(reply.content)
            escaping = {**listing["value"][0], "key": "other", "name": "../outside", "state": "succeeded"}
            listing["value"] += [escaping, {**escaping, "name": "/outside"}]
            return Reply(200, json.dumps(listing).encode(), {"Content-Type": "application/json"})
        return reply

    app.otherwise = spoiled
    assert main(["results", "--to", str(folder)]) == 1
    printed = capsys.readouterr()
    assert "  1 fetched, 3 not fetched\n" in printed.out
    assert printed.out.count("its name is not a path that can be written here") == 2
    assert printed.out.count("It is gone.") == 1
    assert printed.err == "3 results could not be fetched: see above.\n"
    assert len(files(folder)) == 1
    assert not (folder.parent / "outside.json").exists()


def test_a_folder_that_cannot_be_written(app: Wire, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.write_text("a file")
    assert main(["results", "--to", str(folder)]) == 1
    assert "cannot be written: Not a directory" in capsys.readouterr().out
    assert main(["results", "--csv", str(folder / "all.csv")]) == 1
    assert app.requests
    assert "all.csv cannot be" in capsys.readouterr().err
