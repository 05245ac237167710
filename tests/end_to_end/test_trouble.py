"""When something outside fails: nothing is lost, the answer is clear, and work resumes by itself afterwards."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from local.language.conditions.fault_injection import FaultOrder
from local.language.server import server
from local.stack.azurite import Azurite
from local.stack.azurite import running as azurite_running
from shared import services
from shared.errors import StorageUnavailable
from tests.support.app_on_azurite import World

RECIPE = "Chop the garlic and simmer the onion in butter."


def test_the_service_down_for_a_while(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish()
    point(monkeypatch, LANGUAGE_ENDPOINT="http://127.0.0.1:1")
    world.drop("waits.txt", RECIPE)
    world.tick()
    assert world.documents("waiting").keys() == {"waits.txt"}
    point(monkeypatch, LANGUAGE_ENDPOINT=world.language.endpoint)
    assert world.until(lambda: world.result("waits.txt"), timedelta(minutes=1))["classes"]
    assert "attempts" not in world.documents("succeeded")["waits.txt"]


def test_a_wrong_key_closes_the_gate_and_health_says_why(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish()
    point(monkeypatch, LANGUAGE_KEY="not-the-key")
    world.drop("locked.txt", RECIPE)
    for _ in range(10):
        world.tick(timedelta(minutes=1))
    status, body, _ = world.ask("GET", "health")
    assert status == 503
    [gate] = [check for check in body["checks"] if check["name"] == "gate"]
    assert "LANGUAGE_KEY" in gate["detail"]
    assert "not-the-key" not in str(body)
    status, body, _ = world.ask("POST", "projects/P/train", {"tasks": [{"trainingModelName": "M"}]})
    assert (status, body["error"]["code"]) == (502, "AccessDenied")
    point(monkeypatch, LANGUAGE_KEY=world.language.key)
    assert world.until(lambda: world.result("locked.txt"), timedelta(minutes=5))


def test_a_training_that_cannot_begin_now_is_begun_by_the_tick(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.upload_training(f"{world.container}-training")
    world.ended(world.create()[1])
    point(monkeypatch, LANGUAGE_ENDPOINT="http://127.0.0.1:1")
    started = world.begin("train")
    assert started["state"] == "starting"
    assert "reached" in started["detail"]
    point(monkeypatch, LANGUAGE_ENDPOINT=world.language.endpoint)
    assert world.ended(started)["state"] == "succeeded"


def test_an_operation_that_gets_nowhere_can_be_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.upload_training(f"{world.container}-training")
    world.ended(world.create()[1])
    point(monkeypatch, LANGUAGE_ENDPOINT="http://127.0.0.1:1")
    stuck = world.begin("train")
    status, body, _ = world.ask("POST", f"operations/{stuck['key']}/abandon")
    assert (status, body["state"], body["detail"]) == (200, "failed", "It was abandoned on request.")
    assert world.ask("POST", f"operations/{stuck['key']}/abandon")[0] == 409
    point(monkeypatch, LANGUAGE_ENDPOINT=world.language.endpoint)
    another = world.begin("train")
    assert another["key"] != stuck["key"]
    assert world.ended(another)["state"] == "succeeded"


def test_a_deleted_project_leaves_files_waiting_not_failed(world: World) -> None:
    """The classifier is deleted behind the app's back, and published again later."""
    world.publish()
    other = services.services().language
    job = other.begin_delete_project(world.project)
    world.until(lambda: not job or other.deletion(world.project, job).state.final)
    world.drop("orphan.txt", RECIPE)
    world.tick()
    assert world.documents("waiting").keys() == {"orphan.txt"}
    assert world.ended(world.create()[1])["state"] == "succeeded"
    for what in ("train", "publish"):
        assert world.ended(world.begin(what))["state"] == "succeeded"
    assert world.until(lambda: world.result("orphan.txt"), timedelta(minutes=1))


def test_storage_down_is_raised_so_that_the_host_tries_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with azurite_running() as other:
        gone = other.connection_string
    point(monkeypatch, DOCUMENTS_STORAGE=gone)
    with pytest.raises(StorageUnavailable):
        world.land("unseen.txt")
    status, body, _ = world.ask("GET", "health")
    assert status == 503
    assert {check["name"] for check in body["checks"] if not check["ok"]} >= {"container", "tick", "gate"}
    assert "AccountKey" not in str(body)


def test_the_documents_container_missing_turns_health_red(world: World) -> None:
    world.tick()
    world.drop("kept.txt", RECIPE)
    world.blobs.delete_container(world.container)
    status, body, _ = world.ask("GET", "health")
    assert status == 503
    [check] = [check for check in body["checks"] if check["name"] == "container"]
    assert world.container in check["detail"]


def test_a_batch_that_is_too_large_for_the_service_is_split_and_a_document_alone_has_failed(world: World) -> None:
    """It counts characters in its own way: what it refuses with 413 alone will not fit the next time either."""
    world.publish()
    too_large = FaultOrder(
        "status", method="POST", path=re.compile("/(jobs|analyze)$"), body=re.compile("Untold"), status=413
    )
    world.language.faults.add(too_large)
    try:
        for name, text in (("large.txt", "Untold garlic."), ("first.txt", RECIPE), ("second.txt", RECIPE)):
            world.drop(name, text)
        found = world.until(lambda: world.documents("failed"), timedelta(minutes=15))
        world.until(lambda: len(world.documents("succeeded")) == 2, timedelta(minutes=15))
    finally:
        world.language.faults.clear()
    assert found.keys() == {"large.txt"}
    assert (found["large.txt"]["reason"], set(world.documents("succeeded"))) == (
        "rejected",
        {"first.txt", "second.txt"},
    )
    assert "Limit request size to: 125000" in found["large.txt"]["detail"]
    assert world.get("health")["status"] == "ok"


def test_a_job_lost_at_the_service_is_sent_again(
    world: World, azurite: Azurite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service forgets everything (a new, empty one answers at the same key) between the submit and the poll."""
    world.publish()
    world.drop("twice.txt", RECIPE)
    with server.running(azurite.connection_string, key=world.language.key, state=tmp_path) as empty:
        point(monkeypatch, LANGUAGE_ENDPOINT=empty.endpoint)
        for _ in range(3):
            world.tick(timedelta(minutes=2))
        assert not world.result("twice.txt")
        assert world.get("jobs?state=lost")["value"]
    point(monkeypatch, LANGUAGE_ENDPOINT=world.language.endpoint)
    assert world.until(lambda: world.result("twice.txt"), timedelta(minutes=2))["classes"]


def point(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """The app, as a new process with these settings."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    services.forget()
