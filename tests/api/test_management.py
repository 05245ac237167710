"""The HTTP function: projects and their operations, listings, errors. One shape whichever protocol is behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.settings import PREVIEW_API, TODAY_API
from tests.support.app_on_azurite import TEXTS, World

RECIPE = "Chop the garlic and simmer the onion in butter."


def error(answer: tuple[int, Any, Any]) -> tuple[int, str, str]:
    status, body, _ = answer
    assert body.keys() == {"error"}
    return status, body["error"]["code"], body["error"]["message"]


def test_the_whole_life_of_a_project(world: World) -> None:
    world.upload_training(f"{world.container}-training")
    status, created, headers = world.create()
    assert (status, created["kind"], created["project"]) == (202, "create", world.project)
    assert headers["Location"] == f"/api/operations/{created['key']}"
    assert headers["Retry-After"] == "2"
    assert world.ended(created)["state"] == "succeeded"
    trained = world.begin("train")
    assert world.ended(trained)["result"] == {"model": "MyModel"}
    assert world.get(f"projects/{world.project}/train/jobs/{trained['key']}")["percent"] == 100
    evaluation = world.get(f"projects/{world.project}/models/MyModel/evaluation")
    assert evaluation["classes"].keys() == TEXTS.keys()
    assert 0 < evaluation["macroF1"] <= 1
    published = world.ended(world.begin("publish"))
    assert published["result"]["deployment"] == "production"
    classifier = world.get("classifier")
    assert (classifier["model"], classifier["from"]) == ("MyModel", "ledger")
    status, deleted, _ = world.ask("DELETE", f"projects/{world.project}")
    assert status == 202
    assert "cleared" in world.ended(deleted)["result"]["classifier"]
    assert world.ask("GET", "classifier")[0] == 404


def test_train_while_the_import_runs_is_a_conflict(world: World) -> None:
    world.upload_training(f"{world.container}-training")
    _, created, _ = world.create()
    if created["state"] == "succeeded":  # the quickstart's protocol creates at once, labels included
        return
    answer = world.ask("POST", f"projects/{world.project}/train", {"tasks": [{"trainingModelName": "MyModel"}]})
    assert error(answer)[:2] == (409, "Conflict")
    world.ended(created)
    assert world.ended(world.begin("train"))["state"] == "succeeded"


def test_a_second_publish_changes_the_classifier_of_later_files(world: World) -> None:
    world.publish()
    first = world.get("classifier")
    assert world.ended(world.begin("publish"))["state"] == "succeeded"
    assert world.get("classifier")["since"] > first["since"]


def test_an_unknown_project_is_said_to_be_unknown(world: World) -> None:
    answer = world.ask("POST", "projects/Nobody/train", {"tasks": [{"trainingModelName": "MyModel"}]})
    assert error(answer)[0] == 404
    [failed] = world.get("operations?state=failed")["value"]
    assert (failed["project"], failed["kind"]) == ("Nobody", "train")


def test_a_missing_or_broken_labels_file_is_said_so_and_the_next_try_works(world: World) -> None:
    status, code, message = error(world.create())
    assert (status, code) == (400, "BadRequest")
    assert "labels.json" in message
    container = f"{world.container}-training"
    world.upload_training(container)
    world.put("labels.json", "{ not json", container)
    status, code, message = error(world.create())
    assert (status, code) == (400, "BadRequest")
    assert "JSON" in message
    entry = {"location": "Cooking1.txt", "classifiers": [{"classifierName": "B"}]}
    world.put("labels.json", json.dumps({"classifiers": [{"name": "A"}], "documents": [entry]}), container)
    assert "'B'" in error(world.create())[2]
    world.put("labels.json", json.dumps({"classifiers": [{"name": "B"}], "documents": [entry]}), container)
    status, created, _ = world.create()
    assert status == 202
    assert world.ended(created)["state"] == "succeeded"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "projects", None, 400),
        ("POST", "projects", [], 400),
        ("POST", "projects", {"name": "P"}, 400),
        ("POST", "projects", {"name": 7, "modelType": "MultiClassification"}, 400),
        ("POST", "projects", {"name": "P", "modelType": "Other"}, 400),
        ("POST", "projects/P/train", {"tasks": []}, 400),
        ("POST", "projects/P/train", {"tasks": [{"trainingModelName": "no/slash"}]}, 400),
        ("POST", "projects/P/publish", {"tasks": [{"trainingModelName": "M"}, {"trainingModelName": "N"}]}, 400),
        ("POST", "projects/../train", {"tasks": [{"trainingModelName": "M"}]}, 400),
        ("GET", "projects/P/train/jobs/none", None, 404),
        ("GET", "documents/none", None, 404),
        ("GET", "documents/no|ne", None, 400),
        ("GET", "documents?top=0", None, 400),
        ("GET", "documents?top=many", None, 400),
        ("GET", "documents?state=lost", None, 400),
        ("GET", "nothing/here", None, 404),
        ("PATCH", "projects", None, 405),
        ("DELETE", "health", None, 405),
        ("PUT", "classifier", {}, 400),
    ],
)
def test_what_cannot_be_is_refused_in_words(world: World, method: str, path: str, body: Any, status: int) -> None:
    found, code, message = error(world.ask(method, path, body))
    assert found == status
    assert code
    assert len(message) > 10


def test_a_wrong_method_says_which_are_right(world: World) -> None:
    _, _, headers = world.ask("PATCH", "projects")
    assert headers["Allow"] == "GET, HEAD, POST"


def test_listings_go_on_where_they_stopped(world: World) -> None:
    names = [f"{number}.txt" for number in range(5)]
    for name in names:
        world.drop(name, RECIPE)
    found, more = [], ""
    while True:
        page = world.get(f"documents?top=2{more}")
        found += [one["name"] for one in page["value"]]
        if "continue" not in page:
            break
        more = f"&continue={page['continue']}"
    assert sorted(found) == names


@pytest.mark.parametrize("world", [PREVIEW_API], indirect=True)
def test_what_the_quickstarts_protocol_lacks_is_501(world: World) -> None:
    for path in ("projects", "projects/P", "projects/P/models", "projects/P/deployments"):
        assert error(world.ask("GET", path))[:2] == (501, "NotSupported")


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_what_is_there_is_listed(world: World) -> None:
    world.publish()
    assert world.project in [one["name"] for one in world.get("projects")["value"]]
    assert world.get(f"projects/{world.project}")["modelType"] == "MultiClassification"
    assert [one["name"] for one in world.get(f"projects/{world.project}/models")["value"]] == ["MyModel"]
    assert world.get(f"projects/{world.project}/models/MyModel")["name"] == "MyModel"
    assert [one["name"] for one in world.get(f"projects/{world.project}/deployments")["value"]] == ["production"]
    assert error(world.ask("GET", f"projects/{world.project}/models/Other"))[0] == 404


def test_a_classifier_can_be_set_by_hand(world: World) -> None:
    world.publish()
    found = world.get("classifier")
    today = {"project": world.project, "deployment": "production"}
    body = {"modelId": found["modelId"]} if world.api == PREVIEW_API else today
    assert world.ask("PUT", "classifier", body)[0] == 200
    world.drop("later.txt", RECIPE)
    assert world.until(lambda: world.result("later.txt"))["classes"][0]["category"] == "Cooking"
