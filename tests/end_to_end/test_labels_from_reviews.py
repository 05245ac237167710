"""The loop over Azurite and the local Language service: classify, review, label, train, publish."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared import services
from shared.language.types import Kind
from shared.settings import PREVIEW_API, TODAY_API
from tests.support.app_on_azurite import TEXTS, World

TODAY = pytest.mark.parametrize("world", [TODAY_API], indirect=True)
MIXED = "simmer the onion in the harbour by the mast"


def drop_and_decide(world: World, decisions: dict[str, list[str]]) -> dict[str, str]:
    """Classify files, and decide a review of each; gives the keys by the files' names."""
    for name in decisions:
        world.drop(name, f"{MIXED} {name}.")
    world.until(lambda: len(world.documents("succeeded")) == len(decisions))
    keys = {name: document["key"] for name, document in world.documents("succeeded").items()}
    for name, classes in decisions.items():
        world.ask("POST", f"documents/{keys[name]}/review")
        status, body, _ = world.ask("PUT", f"reviews/{keys[name]}", {"classes": classes})
        assert status == 200, body
    world.tick()
    return keys


def labels_of(world: World) -> dict[str, Any]:
    """The labels that the service has, exported as another client would."""
    world.ended(world.ask("POST", f"projects/{world.project}/export", {"labelsLocation": "out.json"})[1])
    blob = world.blobs.get_blob_client(f"{world.container}-training", "out.json")
    return {one["location"]: one for one in json.loads(blob.download_blob().readall())["assets"]["documents"]}


def use_todays_labels(world: World) -> None:
    """Import the same labels in today's format, with datasets."""
    documents = [
        {"location": f"{name}{n}.txt", "classes": [{"category": name}], "dataset": "Test" if n < 3 else "Train"}
        for name in TEXTS
        for n in range(10)
    ]
    assets = {"classes": [{"category": name} for name in TEXTS], "documents": documents}
    world.put("today.json", json.dumps({"assets": assets}), f"{world.container}-training")
    started = world.ask("POST", f"projects/{world.project}/import", {"labelsLocation": "today.json"})[1]
    assert world.ended(started)["state"] == "succeeded"


@TODAY
def test_decisions_are_trained_with_and_the_model_is_published(world: World) -> None:
    world.publish()  # with a labels file in the quickstart's format
    keys = drop_and_decide(world, {"a.txt": ["Cooking"], "b.txt": ["Cooking", "Sailing"]})
    path = f"projects/{world.project}/labels/reviews"
    count = world.ask("POST", path, {"dryRun": True})[1]
    assert (count["count"], count["classes"]) == (2, {"Cooking": 2, "Sailing": 1})
    status, started, _ = world.ask("POST", path, {"train": {"trainingModelName": "Second"}, "publish": {}})
    assert status == 202, started
    found = world.ended(started)
    assert (found["state"], found["result"]["labels"], found["result"]["split"]) == ("succeeded", 2, "percentage")
    labels = labels_of(world)
    assert len(labels) == 22
    label = labels[f"review-{keys['b.txt']}.txt"]
    assert [one["category"] for one in label["classes"]] == ["Cooking", "Sailing"]
    text = world.blobs.get_blob_client(f"{world.container}-training", label["location"]).download_blob().readall()
    assert text.decode() == f"{MIXED} b.txt."
    assert {one["usedBy"] for one in world.get("reviews?state=decided")["value"]} == {started["key"]}
    model = "Second" if found["result"]["published"] else "MyModel"
    assert world.get("classifier")["model"] == model
    assert world.get(f"projects/{world.project}/models/Second")["name"] == "Second"


@TODAY
def test_audits_are_tested_with_where_the_project_has_a_manual_split(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVIEW_AUDIT_PERCENT", "100")
    services.forget()
    world.publish()
    use_todays_labels(world)
    keys = drop_and_decide(world, {"a.txt": ["Cooking"]})
    path = f"projects/{world.project}"
    started = world.ask("POST", f"{path}/labels/reviews", {"train": {"trainingModelName": "Second"}})[1]
    found = world.ended(started)
    assert (found["state"], found["result"]["split"]) == ("succeeded", "manual")
    tested = {one["name"] for one in world.get(f"{path}/models/Second/evaluation/documents")["value"]}
    assert tested == {f"{name}{n}.txt" for name in TEXTS for n in range(3)} | {f"review-{keys['a.txt']}.txt"}


@TODAY
def test_a_single_label_project_gains_decisions_of_one_class(world: World) -> None:
    kind = Kind.SINGLE.value
    world.upload_training(f"{world.container}-training")
    body = {
        "name": world.project,
        "modelType": kind,
        "storageInputContainerName": f"{world.container}-training",
        "labelsLocation": "labels.json",
    }
    assert world.ended(world.ask("POST", "projects", body)[1])["state"] == "succeeded"
    for what in ("train", "publish"):
        assert world.ended(world.begin(what))["state"] == "succeeded"
    keys = drop_and_decide(world, {"a.txt": ["Sailing"], "b.txt": []})
    found = world.ended(world.ask("POST", f"projects/{world.project}/labels/reviews")[1])
    assert (found["result"]["labels"], found["result"]["skipped"]) == (1, {"noClass": 1})
    assert labels_of(world)[f"review-{keys['a.txt']}.txt"]["class"] == {"category": "Sailing"}


@pytest.mark.parametrize("world", [PREVIEW_API], indirect=True)
def test_the_quickstarts_protocol_counts_and_names_the_alternative(world: World) -> None:
    world.publish()
    drop_and_decide(world, {"a.txt": ["Cooking"]})
    path = f"projects/{world.project}/labels/reviews"
    status, body, _ = world.ask("POST", path, {"train": {"trainingModelName": "Second"}})
    assert (status, "LANGUAGE_API" in body["error"]["message"]) == (501, True)
    assert world.ask("POST", path, {"dryRun": True})[1]["count"] == 1
    assert world.get("operations?state=failed")["value"] == []
