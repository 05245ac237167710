"""What reaches the service when the quickstart is walked: literal paths, headers and bodies, in both protocols."""

from __future__ import annotations

from typing import Any

import pytest

from shared.settings import PREVIEW_API, TODAY_API
from tests.support.app_on_azurite import World

AUTHORING = "/language/text/authoring/v1.0-preview.2"
ANALYZE = "/text/analytics/v3.1-preview.ct.1/analyze"
TODAY = "/language/authoring/analyze-text/projects"
TEXT = "Simmer the onion in butter; the oven waits for the stew."


def asked(world: World, method: str, path: str) -> Any:
    """The one request of this method and path."""
    [found] = [one for one in world.language.requests if (one.method, one.path) == (method, path)]
    return found


def polled(world: World, beginning: str) -> bool:
    return any(one.method == "GET" and one.path.startswith(beginning) for one in world.language.requests)


@pytest.mark.parametrize("world", [PREVIEW_API], indirect=True)
def test_the_quickstarts_own_requests(world: World) -> None:
    world.publish()
    world.drop("doc1.txt", TEXT)
    world.until(lambda: world.result("doc1.txt"))
    project = world.project
    [created] = [one for one in world.wire("POST", f"{AUTHORING}/projects") if one.body["name"] == project]
    assert created.body == {
        "name": project,
        "modelType": "MultiClassification",
        "multiLingual": False,
        "description": "",
        "culture": "en-US",
        "storageInputContainerName": f"{world.container}-training",
        "labelsLocation": "labels.json",
    }
    for what in ("train", "publish"):
        started = asked(world, "POST", f"{AUTHORING}/projects/{project}/{what}")
        assert started.body == {"tasks": [{"trainingModelName": "MyModel"}]}
        assert started.headers["content-type"] == "application/json"
        assert polled(world, f"{AUTHORING}/projects/{project}/{what}/jobs/")
    operations = {one["kind"]: one for one in world.get("operations?state=succeeded")["value"]}
    model_id = operations["publish"]["result"]["modelId"]
    assert model_id.endswith("_MultiClassification_latest")
    [submitted] = [one for one in world.wire("POST", ANALYZE) if model_id in str(one.body)]
    [document] = world.documents("succeeded").values()
    assert submitted.body == {
        "displayName": document["job"],
        "analysisInput": {"documents": [{"id": document["key"], "text": TEXT}]},
        "tasks": {
            "customMultiClassificationTasks": [
                {"parameters": {"modelId": model_id, "stringIndexType": "TextElements_v8"}}
            ]
        },
    }
    job = world.get(f"jobs/{document['job']}")
    assert asked(world, "GET", f"{ANALYZE}/jobs/{job['serviceIds'][0]}")


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_todays_requests(world: World) -> None:
    world.publish()
    world.drop("doc1.txt", TEXT)
    world.until(lambda: world.result("doc1.txt"))
    base = f"{TODAY}/{world.project}"
    created = asked(world, "PATCH", base)
    assert created.headers["content-type"] == "application/merge-patch+json"
    assert created.query == {"api-version": "2023-04-01"}
    assert created.body == {
        "projectName": world.project,
        "projectKind": "CustomMultiLabelClassification",
        "storageInputContainerName": f"{world.container}-training",
        "language": "en-US",
        "multilingual": False,
        "description": "",
    }
    imported = asked(world, "POST", f"{base}/:import").body
    assert imported["assets"]["classes"] == [{"category": "Cooking"}, {"category": "Sailing"}]
    assert len(imported["assets"]["documents"]) == 20
    assert asked(world, "POST", f"{base}/:train").body == {
        "modelLabel": "MyModel",
        "trainingConfigVersion": "latest",
        "evaluationOptions": {"kind": "percentage", "trainingSplitPercentage": 80, "testingSplitPercentage": 20},
    }
    assert asked(world, "PUT", f"{base}/deployments/production").body == {"trainedModelLabel": "MyModel"}
    [submitted] = [one for one in world.wire("POST", "/language/analyze-text/jobs") if world.project in str(one.body)]
    [document] = world.documents("succeeded").values()
    assert submitted.body == {
        "displayName": document["job"],
        "analysisInput": {"documents": [{"id": document["key"], "text": TEXT}]},
        "tasks": [
            {
                "kind": "CustomMultiLabelClassification",
                "parameters": {"projectName": world.project, "deploymentName": "production"},
            }
        ],
    }


def test_the_key_never_leaves_the_header(world: World) -> None:
    world.publish()
    assert world.language.key not in str(world.ask("GET", "health"))
    assert world.language.key not in str(world.get("operations?state=succeeded"))
