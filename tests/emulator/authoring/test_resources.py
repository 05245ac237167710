"""Other resources that a project is deployed to, in the previews of today's authoring protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.language.conditions.clock import Clock
from tests.emulator.authoring.previewing import newest, refusal
from tests.support.language_caller import CURRENT, Caller, Deployed, import_labels, train_project

ONE, OTHER = ("/subscriptions/s/resourceGroups/g/accounts/one", "/subscriptions/s/resourceGroups/g/accounts/other")


def assign(call: Caller, project: str, *ids: str) -> dict[str, Any]:
    found = [{"azureResourceId": name, "customDomain": name[-5:], "region": "westus"} for name in ids]
    return call.done(newest(call, "POST", f"/{project}/resources/:assign", {"resourcesMetadata": found}))


def assigned(call: Caller, project: str) -> list[str]:
    found = newest(call, "GET", f"/{project}/resources").json()["value"]
    assert all(item.keys() == {"azureResourceId", "region"} for item in found)
    return [item["azureResourceId"] for item in found]


def deploy_to(call: Caller, project: str, place: str, *ids: str) -> None:
    body = {"trainedModelLabel": "M", "assignedResourceIds": list(ids)}
    call.done(newest(call, "PUT", f"/{project}/deployments/{place}", body))


def on(call: Caller, project: str, place: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = newest(call, "GET", f"/{project}/deployments/{place}").json()["assignedResources"]
    return found


@pytest.fixture
def trained(call: Caller, texts: str, project: str) -> str:
    train_project(call, project, texts)
    return project


def test_resources_are_assigned_deployed_to_and_given_back(call: Caller, trained: str) -> None:
    assign(call, trained, ONE, OTHER)
    assign(call, trained, ONE)
    assert assigned(call, trained) == [ONE, OTHER]
    deploy_to(call, trained, "D", ONE, OTHER)
    assert on(call, trained, "D") == [{"resourceId": it, "region": "westus"} for it in (ONE, OTHER)]
    deploy_to(call, trained, "E")
    swap = {"firstDeploymentName": "D", "secondDeploymentName": "E"}
    call.done(newest(call, "POST", f"/{trained}/deployments/:swap", swap))
    assert (len(on(call, trained, "D")), on(call, trained, "E")) == (2, [])

    unassign = f"/{trained}/resources/:unassign"
    assert refusal(newest(call, "POST", unassign, {"assignedResourceIds": [OTHER]})) == (409, "Conflict")
    withdraw = f"/{trained}/deployments/D/:delete-from-resources"
    call.done(newest(call, "POST", withdraw, {"assignedResourceIds": [OTHER]}))
    assert on(call, trained, "D") == [{"resourceId": ONE, "region": "westus"}]
    call.done(newest(call, "POST", unassign, {"assignedResourceIds": [OTHER]}))
    assert assigned(call, trained) == [ONE]
    call.done(newest(call, "POST", withdraw, {}))
    assert newest(call, "GET", f"/{trained}/deployments/D").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PUT", "/deployments/D", {"trainedModelLabel": "M", "assignedResourceIds": [ONE]}, (400, "InvalidArgument")),
        ("PUT", "/deployments/D", {"trainedModelLabel": "M", "assignedResourceIds": [1]}, (400, "InvalidRequest")),
        ("POST", "/resources/:assign", {"resourcesMetadata": [{"region": "westus"}]}, (400, "InvalidRequest")),
        ("POST", "/resources/:unassign", {"assignedResourceIds": [ONE]}, (400, "InvalidArgument")),
        ("POST", "/deployments/D/:delete-from-resources", {"assignedResourceIds": [ONE]}, (400, "InvalidArgument")),
        ("POST", "/deployments/E/:delete-from-resources", {}, (404, "NotFound")),
    ],
)
def test_what_cannot_be_done_with_a_resource(
    *, call: Caller, deployed: Deployed, method: str, path: str, body: dict[str, Any], expected: tuple[int, str]
) -> None:
    assert refusal(newest(call, method, f"/{deployed.multi}{path}", body)) == expected


def test_deployments_of_other_resources_projects_are_none(call: Caller, deployed: Deployed) -> None:
    assert newest(call, "GET", f"/{deployed.multi}/deployments").json()["value"] != []
    found = newest(call, "GET", "/global/deployments/resources")
    assert (found.status_code, found.json()) == (200, {"value": [], "nextLink": None})


def test_what_is_assigned_outlives_a_restart_and_what_is_under_way_is_done(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        import_labels(call, project, texts)
        assign(call, project, ONE)
    with start(clock=clock, pace="realistic") as call:
        answer = newest(call, "POST", f"/{project}/resources/:unassign", {"assignedResourceIds": [ONE]})
        address = answer.headers["operation-location"].removeprefix(call.service.endpoint)
        assert assigned(call, project) == [ONE]
    clock.advance(3600)
    with start(clock=clock) as call:
        call.until(call.service.endpoint + address, lambda job: job["status"] == "succeeded")
        assert assigned(call, project) == []


def test_only_previews_know_of_resources(call: Caller, deployed: Deployed) -> None:
    for path in (f"/{deployed.multi}/resources", "/global/deployments/resources", "/global/prebuilt-entities"):
        assert refusal(call("GET", CURRENT + path)) == (404, "404")
    body = {"trainedModelLabel": "nobody", "assignedResourceIds": [ONE]}
    assert refusal(call("PUT", f"{CURRENT}/{deployed.multi}/deployments/D", body)) == (404, "NotFound")
