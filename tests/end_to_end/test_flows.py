"""The three flows, end to end through the app's own functions, in both protocols."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.settings import PREVIEW_API
from tests.support.app_on_azurite import World

RECIPE = "Chop the garlic and simmer the onion in butter before the stew goes into the oven."
VOYAGE = "The mast broke, the rigging fell on the deck, and the helm was lost beyond the harbour buoy."


def test_a_dropped_file_gets_its_classes(world: World) -> None:
    world.publish()
    world.drop("soup.txt", RECIPE)
    result = world.until(lambda: world.result("soup.txt"))
    assert [one["category"] for one in result["classes"]] == ["Cooking"]
    assert 0.5 < result["classes"][0]["confidence"] <= 1.0
    assert result["source"]["name"] == "soup.txt"
    assert result["source"]["size"] == len(RECIPE)
    assert result["apiVersion"] == world.api
    assert result["model"] == "MyModel"
    document = world.documents("succeeded")["soup.txt"]
    assert document["etag"] == result["source"]["etag"]
    assert [event["what"].split()[0] for event in document["timeline"]] == ["landed", "submitted", "succeeded:"]


def test_files_wait_until_a_classifier_is_published(world: World) -> None:
    world.drop("early.txt", VOYAGE)
    world.tick()
    assert world.documents("waiting").keys() == {"early.txt"}
    assert world.ask("GET", "classifier")[0] == 404
    world.publish()
    result = world.until(lambda: world.result("early.txt"))
    assert [one["category"] for one in result["classes"]] == ["Sailing"]


def test_the_same_event_twice_is_one_document_and_one_job(world: World) -> None:
    world.publish()
    before = len(submits(world))
    world.drop("twice.txt", RECIPE)
    world.land("twice.txt")
    world.until(lambda: world.result("twice.txt"))
    world.land("twice.txt")
    world.tick()
    assert len(submits(world)) == before + 1
    assert world.documents("succeeded").keys() == {"twice.txt"}


def test_a_burst_is_packed(world: World) -> None:
    world.publish()
    before = len(submits(world))
    names = {f"burst/{number:02}.txt" for number in range(30)}
    for name in names:
        world.drop(name, RECIPE)
    world.until(lambda: world.documents("succeeded").keys() == names)
    assert len(submits(world)) - before <= 3  # the first one alone, the others together


def test_a_new_version_is_a_new_document_and_the_newest_result_stays(world: World) -> None:
    world.publish()
    world.drop("twice.txt", RECIPE)
    world.drop("twice.txt", VOYAGE)
    world.until(lambda: not world.get("documents?state=open")["value"])
    assert [one["category"] for one in world.result("twice.txt")["classes"]] == ["Sailing"]


def test_overwritten_or_deleted_before_it_was_read(world: World) -> None:
    world.drop("changed.txt", RECIPE)
    world.drop("deleted.txt", RECIPE)
    world.put("changed.txt", VOYAGE)  # without an event
    world.delete("deleted.txt")
    world.publish()
    world.until(lambda: world.result("changed.txt"))
    assert world.documents("superseded").keys() == {"changed.txt"}
    assert world.documents("gone").keys() == {"deleted.txt"}
    assert [one["category"] for one in world.result("changed.txt")["classes"]] == ["Sailing"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n\t ", "white space"),
        (b"\xff\xd8\xff\xe0 picture", "not UTF-8"),
        ("café".encode("latin-1"), "not UTF-8"),
        (b"MZ\x00\x01 program", "control characters"),
        ("x" * 1_250_001, "1,250,001 characters"),
        ("x" * 5_100_000, "5,100,000 bytes"),
    ],
)
def test_bad_input_is_a_failed_document_with_a_reason(world: World, content: bytes | str, reason: str) -> None:
    world.publish()
    world.drop("bad.txt", content)
    world.drop("good.txt", RECIPE)
    world.until(lambda: world.result("good.txt"))
    failed = world.documents("failed")["bad.txt"]
    assert failed["reason"] == "bad_input"
    assert reason in failed["detail"]
    assert world.result("bad.txt") is None


def test_utf16_with_its_mark_is_text(world: World) -> None:
    world.publish()
    world.drop("sixteen.txt", VOYAGE.encode("utf-16"))
    assert world.until(lambda: world.result("sixteen.txt"))["classes"][0]["category"] == "Sailing"


def test_hostile_names_keep_their_own_results(world: World) -> None:
    world.publish()
    names = ["a/x.txt", "b/x.txt", "Sorry, it's él 100%.txt", "q?x#y.txt", "𝄞 emoji 🎬.txt", "x" * 1019]
    for name in names:
        world.drop(name, RECIPE)
    world.until(lambda: all(world.result(name) for name in names))
    assert all(world.result(name)["source"]["name"] == name for name in names)


def test_a_name_too_long_for_a_result_fails_at_once(world: World) -> None:
    world.drop("x" * 1020, RECIPE)
    assert "1020 characters" in world.documents("failed")["x" * 1020]["detail"]


def test_a_tick_that_comes_twice_does_no_harm(world: World) -> None:
    world.publish()
    before = len(submits(world))
    world.drop("one.txt", RECIPE)
    for _ in range(3):
        world.tick(timedelta(0))
    world.until(lambda: world.result("one.txt"))
    assert len(submits(world)) == before + 1


def submits(world: World) -> list[object]:
    """Analyze requests that reached the service for this test's project."""
    path = "/text/analytics/v3.1-preview.ct.1/analyze" if world.api == PREVIEW_API else "/language/analyze-text/jobs"
    return [one for one in world.wire("POST", path) if world.classifier_name() in str(one.body)]
