"""The runtime protocol of the quickstart's sibling, in both of its shapes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.language_caller import (
    CURRENT,
    Caller,
    Deployed,
    deploy_model,
    deploy_project,
    import_labels,
    input_document,
    train,
)

ANALYZE = "/text/analytics/v3.2-preview.2/analyze"
MULTI, SINGLE = "customMultiClassificationTasks", "customSingleClassificationTasks"
EMPTY = ("entityRecognitionTasks", "sentimentAnalysisTasks", "customEntityRecognitionTasks", SINGLE)


def task(project: str, name: str | None = "0", deployment: str = "D") -> dict[str, Any]:
    return {"parameters": {"project-name": project, "deployment-name": deployment}, "taskName": name}


def request(*documents: dict[str, str], tasks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"analysisInput": {"documents": documents}, "tasks": tasks, **changes}


def test_tasks_of_both_kinds_answer_under_their_own_keys(call: Caller, deployed: Deployed) -> None:
    tasks = {MULTI: [task(deployed.multi, "m")], SINGLE: [task(deployed.single, "s")]}
    body = request(input_document(1, "Space"), input_document(2), tasks=tasks, displayName="J")
    answer = call("POST", ANALYZE, body)
    call.done(answer)
    job = call("GET", answer.headers["operation-location"], showStats="True").json()
    assert (job["displayName"], job["tasks"]["completed"], job["errors"]) == ("J", 2, [])
    ((multi,), (single,)) = job["tasks"][MULTI], job["tasks"][SINGLE]
    assert [(it["taskName"], it["status"]) for it in (multi, single)] == [("m", "succeeded"), ("s", "succeeded")]
    assert multi["results"]["documents"][0]["classifications"][0]["category"] == "Space"
    assert single["results"]["documents"][0]["classification"]["category"] == "Space"
    assert single["results"]["documents"][0]["statistics"]["transactionsCount"] == 1
    assert single["results"]["statistics"]["erroneousDocumentsCount"] == 1
    assert [it["id"] for it in multi["results"]["errors"]] == ["2"]
    assert (multi["results"]["projectName"], multi["results"]["deploymentName"]) == (deployed.multi, "D")


def test_the_arrays_of_other_tasks_may_be_there_if_they_are_empty(call: Caller, deployed: Deployed) -> None:
    tasks: dict[str, Any] = {MULTI: [task(deployed.multi)], **{name: [] for name in EMPTY}}
    call.done(call("POST", ANALYZE, request(input_document(1, "Space"), tasks=tasks)))
    refused = call("POST", ANALYZE, request(input_document(1, "Space"), tasks=tasks | {"sentimentAnalysisTasks": [{}]}))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    ("tasks", "code"),
    [
        ({}, "InvalidRequest"),
        ({MULTI: []}, "InvalidRequest"),
        ({"customClassificationTasks": [task("P")]}, "InvalidRequest"),
        ({MULTI: [task("P"), task("P")]}, "InvalidRequest"),
        ({MULTI: [{"parameters": {"modelId": "P"}}]}, "InvalidRequest"),
    ],
    ids=["none", "empty", "the quickstart's key", "the same twice", "the quickstart's parameters"],
)
def test_tasks_that_cannot_be_are_refused(call: Caller, tasks: dict[str, Any], code: str) -> None:
    answer = call("POST", ANALYZE, request(input_document(1, "Space"), tasks=tasks))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_two_tasks_of_a_kind_with_names_of_their_own_answer_both(call: Caller, deployed: Deployed) -> None:
    tasks = {MULTI: [task(deployed.multi, "first"), task(deployed.multi, "second")], SINGLE: [task(deployed.single)]}
    answer = call("POST", ANALYZE, request(input_document(1, "Space"), tasks=tasks))
    job = call.done(answer)
    items = job["tasks"][MULTI]
    assert ([it["taskName"] for it in items], job["tasks"]["completed"]) == (["first", "second"], 3)
    assert [it["results"]["documents"][0]["id"] for it in (*items, *job["tasks"][SINGLE])] == ["1"] * 3


def test_which_of_two_tasks_failed_is_said(start: Callable[..., Any], tmp_path: Path, texts: str, project: str) -> None:
    with start() as call:
        import_labels(call, project, texts)
        for model in ("M", "N"):
            train(call, project, model)
            deploy_model(call, project, model, model)
        broken = call("GET", f"{CURRENT}/{project}/models/N").json()["modelId"]
    for file in (tmp_path / "language" / "models" / broken).iterdir():
        file.write_bytes(b"not a model")
    with start() as call:
        tasks = {MULTI: [task(project, "whole", "M"), task(project, "broken", "N")]}
        job = call.ended(call("POST", ANALYZE, request(input_document(1, "Space"), tasks=tasks)))
    assert [error["target"] for error in job["errors"]] == [f"#/tasks/{MULTI}/1"]
    assert [it["status"] for it in job["tasks"][MULTI]] == ["succeeded", "failed"]


def test_what_is_not_there_is_called_so_in_the_words_of_the_v3_family(call: Caller) -> None:
    unknown = request(input_document(1, "Space"), tasks={MULTI: [task("Nowhere")]})
    for answer in (call("POST", ANALYZE, unknown), call("GET", f"{ANALYZE}/jobs/x")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
        assert answer.headers["x-ms-error-code"] == "NotFound"


def test_results_come_in_pages_that_lead_to_each_other(call: Caller, deployed: Deployed) -> None:
    documents = [input_document(number, "Space") for number in range(25)]
    answer = call("POST", ANALYZE, request(*documents, tasks={MULTI: [task(deployed.multi)]}))
    first = call.done(answer)
    address = answer.headers["operation-location"]
    assert first["@nextLink"] == f"{address}?$skip=20&$top=20"
    last = call("GET", first["@nextLink"]).json()
    assert [len(job["tasks"][MULTI][0]["results"]["documents"]) for job in (first, last)] == [20, 5]
    assert "@nextLink" not in last


def test_the_observed_shape_calls_a_tasks_status_its_state(start: Callable[..., Any], texts: str, project: str) -> None:
    with start(shape="observed") as call:
        deploy_project(call, project, texts)
        job = call.done(
            call("POST", ANALYZE, request(input_document(1, "Space"), tasks={MULTI: [task(project, None)]}))
        )
    (item,) = job["tasks"][MULTI]
    assert set(item) == {"lastUpdateDateTime", "state", "results"}
    assert item["state"] == "succeeded"
