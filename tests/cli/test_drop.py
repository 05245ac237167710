"""Dropping files from outside, and following what becomes of them: every file is accounted for, with its reason."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.__main__ import main
from local.cli import client as outside
from local.cli import missing_results, show
from local.cli.client import Client
from local.cli.follow import Follower
from local.development_storage import ACCOUNT, DEVELOPMENT_STORAGE, KEY
from local.errors import SetupError
from local.stack import discovery
from local.stack.discovery import Stack
from shared.errors import AccessDenied
from shared.pipeline import gate
from shared.services import services
from shared.settings import TODAY_API
from tests.support.app_on_azurite import TEXTS, World
from tests.support.app_over_http import served
from tests.support.wire import Reply, Wire

pytestmark = pytest.mark.parametrize("world", [TODAY_API], indirect=True)
NOWHERE = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=http://127.0.0.1:1/{ACCOUNT}"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The app is asked at each look; what runs is announced in a folder of the test."""
    monkeypatch.setattr(outside, "ASK_EVERY", 0)
    monkeypatch.setattr(missing_results.HealthWatch.__init__, "__defaults__", (0,))
    monkeypatch.setattr(discovery, "STATE", tmp_path / "state")
    monkeypatch.setattr(discovery, "ROOT", tmp_path)


@pytest.fixture
def app(world: World) -> Iterator[tuple[Stack, Wire]]:
    with served(world) as (stack, wire):
        discovery.announce(stack)
        yield stack, wire


def files(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text)
    return [str(folder / f"{name}.txt") for name in texts]


def dropped(seconds: float, *words: str) -> int:
    return main(["drop", "--seconds", str(seconds), *words])


@pytest.mark.usefixtures("app")
def test_each_file_has_its_classes_or_its_reason(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish()
    assert dropped(60, *files(tmp_path, stew=TEXTS["Cooking"], blank=" ")) == 1
    printed = capsys.readouterr()
    assert "  stew.txt   Cooking " in printed.out
    assert "  blank.txt  bad_input: The file contains only white space." in printed.out
    assert printed.err == "1 of 2 files got no classes: see above.\n"
    assert dropped(60, *files(tmp_path, stew=TEXTS["Sailing"])) == 0


@pytest.mark.usefixtures("app")
def test_what_keeps_files_waiting_is_told_while_they_wait_and_in_the_end(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.ask("PUT", "submission", {"paused": True})
    assert dropped(1, *files(tmp_path, stew=TEXTS["Cooking"])) == 1
    printed = capsys.readouterr()
    assert "  stew.txt  has been waiting since 20" in printed.out
    assert printed.out.count("Submissions are paused") == 1
    assert printed.out.count("There is no classifier") + printed.out.count("there is no classifier") == 1
    assert not re.search(r":\d\d\.\d", printed.out)  # of times, to the second
    assert printed.err == "1 of 1 file got no classes: see above.\n"


@pytest.mark.usefixtures("app")
def test_a_cause_is_told_once(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.publish()
    gate.close(services(), AccessDenied("It answered 401.", 600), world.now.replace(microsecond=5))
    assert dropped(3, *files(tmp_path, stew=TEXTS["Cooking"], soup=TEXTS["Cooking"])) == 1
    printed = capsys.readouterr().out
    assert printed.count("It answered 401.") == printed.count("! gate: No analyze calls since 20") == 1
    assert not re.search(r":\d\d\.\d", printed)  # of times, to the second
    assert len(re.findall("s[a-z]+.txt  has been waiting since [^ ]+Z\n", printed)) == 2


def test_a_file_that_the_app_has_not_noticed(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with served(world, ticking=False) as (stack, _):
        discovery.announce(stack)
        assert dropped(0.5, *files(tmp_path, stew=TEXTS["Cooking"])) == 1
    printed = capsys.readouterr().out
    assert "  stew.txt  the app has not noticed it yet" in printed
    assert "! tick: No tick has run yet" in printed


def test_a_file_that_is_overwritten_meanwhile_is_not_waited_for(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with served(world, ticking=False) as (stack, wire):
        client = Client(stack)
        old = client.drop([Path(*files(tmp_path, stew=TEXTS["Cooking"]))])
        world.land("stew.txt")
        world.put("stew.txt", "a newer version")
        world.publish()
        found = dict(client.results(old, 60))
        assert found["stew.txt"]["state"] == "superseded"
        show.result("stew.txt", found["stew.txt"], 10)
        assert wire.requests
    assert "superseded: " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(cut=0), "the app does not respond (ConnectionError). Is it still running?"),
        (Reply(401), "it expects another key"),
        (Reply(404), "there is no textdrop at this address"),
        (Reply(200, b"[]"), "there is no textdrop at this address"),
        (Reply(502, b"<html>"), "status 502 without JSON"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value.status),
)
def test_an_app_that_dies_or_is_another_one_is_told_in_a_line(
    world: World,
    app: tuple[Stack, Wire],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    reply: Reply,
    said: str,
) -> None:
    """At first, so that nothing is uploaded, and while results are waited for."""
    _, wire = app
    answer = wire.otherwise
    stew = files(tmp_path, stew=TEXTS["Cooking"])
    wire.otherwise = lambda _: reply
    assert dropped(60, *stew) == 1
    assert not list(world.blobs.get_container_client(world.container).list_blob_names())
    wire.forget()
    wire.otherwise = lambda seen: reply if len(wire.requests) > 3 else answer(seen)
    assert dropped(60, *stew) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(said in line for line in lines)


def test_storage_that_dies_is_told_in_a_line(
    app: tuple[Stack, Wire], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    discovery.announce(replace(app[0], storage=NOWHERE))
    assert dropped(60, *files(tmp_path, stew="text")) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("Storage failed (ServiceRequestError")
    assert KEY not in line


# --- finding what runs ------------------------------------------------------------------------------------------------


def test_data_that_was_kept_is_ready_when_a_tick_has_run(world: World) -> None:
    world.tick()
    world.now += timedelta(hours=8)
    with served(world, ticking=False) as (stack, _):
        with pytest.raises(SetupError, match=r"No tick has run since .* See the app's log"):
            Client(stack).wait_for_tick(0.0)
        world.tick()
        Client(stack).wait_for_tick(0.0)


def test_what_func_start_runs_is_found_by_its_settings(
    world: World, app: tuple[Stack, Wire], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    discovery.withdraw()
    for name in ("DOCUMENTS_STORAGE", "DOCUMENTS_CONTAINER", "RESULTS_CONTAINER"):
        monkeypatch.delenv(name)
    with pytest.raises(SetupError, match="Nothing is running"):
        discovery.find()
    port = int(app[1].url.rpartition(":")[2])
    values = {"DOCUMENTS_STORAGE": world.storage, "DOCUMENTS_CONTAINER": world.container}
    values["RESULTS_CONTAINER"] = f"{world.container}-results"
    (tmp_path / "local.settings.json").write_text(json.dumps({"Values": values, "Host": {"LocalHttpPort": port}}))
    found = discovery.find()
    assert replace(found, language="") == replace(app[0], language="")
    for name, value in values.items():  # the app of this process reads its own
        monkeypatch.setenv(name, value)
    assert dropped(60, *files(tmp_path, stew=TEXTS["Cooking"])) == 0


@pytest.mark.usefixtures("world")
def test_settings_of_an_app_that_does_not_run_or_has_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DOCUMENTS_STORAGE", "BLOB_TRIGGER_SOURCE"):
        monkeypatch.delenv(name, raising=False)
    settings = tmp_path / "local.settings.json"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens there
        host = {"LocalHttpPort": taken.getsockname()[1]}
        values = {"DOCUMENTS_STORAGE": "UseDevelopmentStorage=true", "BLOB_TRIGGER_SOURCE": "EventGrid"}
        settings.write_text(json.dumps({"Values": values, "Host": host}))
        found = discovery.configured()
        assert found
        assert (found.storage, found.uses_events) == (DEVELOPMENT_STORAGE, True)
        elsewhere = f'another port than {host["LocalHttpPort"]} is found by "Host": {{"LocalHttpPort": PORT}} in local'
        with pytest.raises(SetupError, match=f"^Nothing is running: .*{elsewhere}"):
            discovery.find()
    settings.write_text(
        json.dumps({"Values": {"DOCUMENTS_STORAGE__blobServiceUri": "https://a.blob.core.windows.net"}})
    )
    with pytest.raises(SetupError, match="az storage blob upload"):
        discovery.find()


# --- following --------------------------------------------------------------------------------------------------------


def test_each_document_that_ends_is_shown_once(
    world: World, app: tuple[Stack, Wire], capsys: pytest.CaptureFixture[str]
) -> None:
    world.publish()
    capsys.readouterr()
    follower = Follower(Client(app[0]), datetime.now(UTC))
    printed = ""
    for names in (["a.txt", "b.txt"], ["a.txt", "c.txt"]):
        for name in names:
            world.drop(name, TEXTS["Sailing"] if name == "a.txt" else " ")

        def seen(names: list[str] = names) -> bool:
            nonlocal printed
            follower.show_new()
            printed += capsys.readouterr().out
            return all(name in printed for name in names)

        world.until(seen, after=timedelta(seconds=10))
        follower.show_new()
    printed += capsys.readouterr().out
    shown = [line.split(maxsplit=2)[1:] for line in printed.splitlines() if ".txt" in line]
    assert sorted(name for name, _ in shown) == ["a.txt", "a.txt", "b.txt", "c.txt"]
    assert {said.split()[0] for name, said in shown if name == "a.txt"} == {"Sailing"}
    assert {said for name, said in shown if name != "a.txt"} == {"bad_input: The file contains only white space."}


def test_an_app_that_does_not_answer_for_a_while_is_told_once(
    app: tuple[Stack, Wire], capsys: pytest.CaptureFixture[str]
) -> None:
    follower = Follower(Client(app[0]), datetime.now(UTC))
    answer = app[1].otherwise
    app[1].otherwise = lambda _: Reply(cut=0)
    follower.show_new()
    follower.show_new()
    app[1].otherwise = answer
    follower.show_new()
    printed = capsys.readouterr().out
    assert printed.count("does not respond") == 1
    assert printed.count("responds again") == 1


def test_a_sweep_that_found_nothing_is_no_news(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "shared")
    world.tick(timedelta(minutes=6))
    assert not [one for one in caplog.records if "sweep is" in one.getMessage()]
    world.put("found.txt", "text")
    world.tick(timedelta(minutes=6))
    [told] = [one.getMessage() for one in caplog.records if "sweep is" in one.getMessage()]
    assert told.startswith("The sweep is complete: it claimed 1 files without an event. It began at ")
    assert told.endswith(", and compared 1 files.")
