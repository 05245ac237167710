"""Files without an event, and repeated work: sweep, replay, purge, pause; and texts longer than a request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.support.app_on_azurite import World

RECIPE = "Chop the garlic and simmer the onion in butter."
VOYAGE = "The mast broke, the rigging fell on the deck, and the helm was lost beyond the harbour buoy."


def test_the_sweep_finds_what_no_event_told_of(world: World) -> None:
    world.publish()
    world.put("silent.txt", RECIPE)
    world.put("folder/silent é.txt", VOYAGE)
    world.until(lambda: world.get("sweep")["found"] == 2, timedelta(minutes=1))
    assert world.until(lambda: world.result("silent.txt"), timedelta(minutes=1))
    assert world.until(lambda: world.result("folder/silent é.txt"), timedelta(minutes=1))
    world.until(lambda: not world.get("sweep")["running"])
    submitted = len(world.get("jobs?state=done&top=500")["value"])
    world.ask("POST", "sweep")
    world.until(lambda: world.get("sweep").get("found") == 0, timedelta(minutes=1))
    assert len(world.get("jobs?state=done&top=500")["value"]) == submitted


def test_the_sweep_goes_on_page_by_page(world: World, monkeypatch: Any) -> None:
    monkeypatch.setattr("shared.pipeline.sweep.PAGE", 3)
    monkeypatch.setattr("shared.pipeline.sweep.PAGES", 1)
    names = {f"{number:02}.txt" for number in range(10)}
    for name in names:
        world.put(name, RECIPE)
    world.tick()
    assert 0 < len(world.documents("waiting")) < 10
    world.until(lambda: world.documents("waiting").keys() == names)


def test_a_failed_document_is_replayed(world: World) -> None:
    world.publish()
    world.drop("bad.txt", b"")
    world.until(lambda: world.documents("failed"))
    status, answer, _ = world.ask("POST", "documents/replay", {"prefix": "bad", "dryRun": True})
    assert (status, answer["count"]) == (200, 1)
    assert world.documents("failed")
    assert world.ask("POST", "documents/replay", {"reason": "rejected"})[1]["count"] == 0
    status, answer, _ = world.ask("POST", "documents/replay", {"reason": "bad_input"})
    assert answer["count"] == 1
    world.until(lambda: world.documents("failed"))
    whats = [event["what"] for event in world.documents("failed")["bad.txt"]["timeline"]]
    assert "replayed" in whats


def test_a_call_changes_so_many_and_the_next_goes_on(world: World, monkeypatch: Any) -> None:
    for name, value in {"PAGE": 2, "MOST": 4, "LOOKED_AT": 6}.items():
        monkeypatch.setattr(f"shared.pipeline.replay.{name}", value)
    world.publish()
    for number in range(11):
        world.drop(f"{'bad' if number % 4 else 'void'}{number:02}.txt", b"")
    world.until(lambda: len(world.documents("failed")) == 11)
    answers: list[dict[str, Any]] = []
    while not answers or "continue" in answers[-1]:
        gone_on = {"continue": answers[-1]["continue"]} if answers else {}
        status, answer, _ = world.ask("POST", "documents/replay", {"prefix": "bad", **gone_on})
        assert status == 200
        answers.append(answer)
    counts = [answer["count"] for answer in answers]
    assert sum(counts) == len(world.documents("waiting")) == 8
    assert len(counts) > 1
    assert max(counts) <= 4
    assert world.documents("failed").keys() == {"void00.txt", "void04.txt", "void08.txt"}
    assert world.ask("POST", "documents/replay", {"continue": "no such'row"})[0] == 400


def test_documents_of_an_older_model_are_classified_again(world: World) -> None:
    world.publish()
    world.drop("old.txt", RECIPE)
    first = world.until(lambda: world.result("old.txt"))
    assert world.ask("POST", "documents/replay", {"olderModel": True})[1]["count"] == 0
    path = f"projects/{world.project}"
    for what in ("train", "publish"):
        status, started, _ = world.ask("POST", f"{path}/{what}", {"tasks": [{"trainingModelName": "Better"}]})
        assert status == 202
        assert world.ended(started)["state"] == "succeeded"
    assert world.ask("POST", "documents/replay", {"olderModel": True})[1]["count"] == 1
    world.until(lambda: world.result("old.txt")["model"] == "Better")
    assert world.result("old.txt")["classified"] > first["classified"]


def test_what_is_gone_is_purged_and_what_is_there_stays(world: World) -> None:
    world.publish()
    world.drop("stays.txt", RECIPE)
    world.drop("goes.txt", RECIPE)
    world.until(lambda: world.documents("succeeded").keys() == {"stays.txt", "goes.txt"})
    world.delete("goes.txt")
    body = {"state": "succeeded", "olderThanDays": 0}
    world.tick()
    assert [one["name"] for one in world.ask("POST", "documents/purge", {**body, "dryRun": True})[1]["value"]] == [
        "goes.txt"
    ]
    assert world.ask("POST", "documents/purge", body)[1]["count"] == 1
    assert world.documents("succeeded").keys() == {"stays.txt"}
    assert world.ask("POST", "documents/purge", {"state": "succeeded", "olderThanDays": "many"})[0] == 400


def test_submissions_pause_and_go_on(world: World) -> None:
    world.publish()
    assert world.ask("PUT", "submission", {"paused": True})[1]["paused"] is True
    world.drop("paused.txt", RECIPE)
    world.tick()
    assert world.documents("waiting").keys() == {"paused.txt"}
    status, body, _ = world.ask("GET", "health")
    assert status == 503
    assert "paused" in str(body)
    world.ask("PUT", "submission", {"paused": False})
    assert world.until(lambda: world.result("paused.txt"))


def test_a_text_longer_than_a_request_is_sent_in_parts_and_merged(world: World) -> None:
    world.publish()
    world.drop("long.txt", (RECIPE + "\n\n") * 4000 + (VOYAGE + "\n\n") * 1000)
    result = world.until(lambda: world.result("long.txt"))
    assert {one["category"] for one in result["classes"]} == {"Cooking", "Sailing"}
    [job] = [world.get(f"jobs/{one['job']}") for one in world.documents("succeeded").values()]
    assert len(job["serviceIds"]) == 3
