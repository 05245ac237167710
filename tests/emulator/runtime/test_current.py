"""Today's runtime protocol."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.language.conditions.clock import Clock
from tests.support.language_caller import (
    CURRENT,
    VERSION,
    Caller,
    Deployed,
    deploy_model,
    deploy_project,
    import_labels,
    input_document,
    train,
)

JOBS = "/language/analyze-text/jobs"
MULTI = "CustomMultiLabelClassification"
TOO_MUCH_TEXT = {
    "error": {
        "code": "InvalidRequest",
        "message": "Invalid Document in request.",
        "innererror": {
            "code": "InvalidDocumentBatch",
            "message": "Request Payload sent is too large to be processed. Limit request size to: 125000",
        },
    }
}


def task(project: str, kind: str = MULTI, name: str | None = "0", deployment: str = "D") -> dict[str, Any]:
    parameters = {"projectName": project, "deploymentName": deployment}
    return {"taskName": name, "kind": kind, "parameters": parameters}


def request(*documents: dict[str, str], tasks: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    return {"analysisInput": {"documents": documents}, "tasks": tasks, **changes}


def test_submitting_answers_as_recorded(call: Caller, deployed: Deployed) -> None:
    answer = call("POST", JOBS, request(input_document(1, "Space"), tasks=[task(deployed.multi)]))
    assert (answer.status_code, answer.headers["content-length"]) == (202, "0")
    pattern = rf"{call.service.endpoint}{JOBS}/[0-9a-f-]{{36}}\?api-version={VERSION}"
    assert re.fullmatch(pattern, answer.headers["operation-location"])
    assert answer.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert {"request-id", "retry-after", "content-type"}.isdisjoint(answer.headers)
    call.done(answer)


@pytest.mark.parametrize(
    ("version", "region"), [("2022-05-01", None), ("2022-10-01-preview", "East US"), (VERSION, "East US")]
)
def test_answers_name_a_region_since_october_2022(
    call: Caller, deployed: Deployed, version: str, region: str | None
) -> None:
    body = request(input_document(1, "Space"), tasks=[task(deployed.multi)])
    for answer in (
        call("POST", JOBS, body, **{"api-version": version}),
        call("GET", f"{JOBS}/x", **{"api-version": version}),
    ):
        assert answer.headers.get("x-ms-region") == region


def test_the_statistics_of_a_page_count_the_page(call: Caller, deployed: Deployed) -> None:
    body = request(*(input_document(number, "Space") for number in range(25)), tasks=[task(deployed.multi)])
    answer = call("POST", JOBS, body)
    call.done(answer)
    first = call("GET", answer.headers["operation-location"], showStats="true").json()
    last = call("GET", first["nextLink"]).json()
    counted = [job["tasks"]["items"][0]["results"]["statistics"] for job in (first, last)]
    assert [it["documentsCount"] for it in counted] == [20, 5]
    assert [it["transactionsCount"] for it in counted] == [20, 5]


@pytest.mark.parametrize("name", [None, "twice"])
def test_two_tasks_of_a_kind_with_equal_names_or_none_are_refused_as_recorded(
    call: Caller, deployed: Deployed, name: str | None
) -> None:
    answer = call("POST", JOBS, request(input_document(1, "Space"), tasks=[task(deployed.multi, name=name)] * 2))
    message = (
        f"Duplicate task name {name or ''} for task type CustomMultiLabelClassification. "
        "Make sure each task under a task type has a unique name"
    )
    inner = {"code": "InvalidRequestBodyFormat", "message": message}
    error = {"code": "InvalidRequest", "message": "InvalidTask in AnalyzeInput", "innererror": inner}
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_tasks_of_a_kind_with_names_of_their_own_are_taken(call: Caller, deployed: Deployed) -> None:
    tasks = [task(deployed.multi, name=name) for name in (None, "first", "second")]
    job = call.done(call("POST", JOBS, request(input_document(1, "Space"), tasks=tasks)))
    assert [it.get("taskName") for it in job["tasks"]["items"]] == [None, "first", "second"]


@pytest.mark.parametrize("version", ["2022-05-01", "2023-04-01"])
def test_a_finished_job_with_statistics_is_as_recorded(
    start: Callable[..., Any], clock: Clock, texts: str, project: str, version: str
) -> None:
    with start(clock=clock) as call:
        deploy_project(call, project, texts)
        body = request(input_document(1, "Space"), input_document(2), tasks=[task(project)])
        answer = call("POST", JOBS, body, **{"api-version": version})
        call.done(answer)
        job = call("GET", answer.headers["operation-location"], showStats="True").json()
    score = job["tasks"]["items"][0]["results"]["documents"][0]["class"][0]["confidenceScore"]
    assert 0 < score <= 1
    assert job == {
        "jobId": answer.headers["operation-location"].rpartition("/")[2].partition("?")[0],
        "lastUpdatedDateTime": "2026-03-04T05:06:07Z",
        "createdDateTime": "2026-03-04T05:06:07Z",
        "expirationDateTime": "2026-03-05T05:06:07Z",
        "status": "succeeded",
        "errors": [],
        "tasks": {
            "completed": 1,
            "failed": 0,
            "inProgress": 0,
            "total": 1,
            "items": [
                {
                    "kind": "CustomMultiLabelClassificationLROResults",
                    "taskName": "0",
                    "lastUpdateDateTime": "2026-03-04T05:06:07.8912340Z",
                    "status": "succeeded",
                    "results": {
                        "statistics": {
                            "documentsCount": 2,
                            "validDocumentsCount": 1,
                            "erroneousDocumentsCount": 1,
                            "transactionsCount": 1,
                        },
                        "documents": [
                            {
                                "id": "1",
                                "class": [{"category": "Space", "confidenceScore": score}],
                                "statistics": {
                                    "charactersCount": len(input_document(1, "Space")["text"]),
                                    "transactionsCount": 1,
                                },
                                "warnings": [],
                            }
                        ],
                        "errors": [
                            {
                                "id": "2",
                                "error": {
                                    "code": "InvalidArgument",
                                    "message": "Invalid Document in request.",
                                    "innererror": {"code": "InvalidDocument", "message": "Document text is empty."},
                                },
                            }
                        ],
                        "projectName": project,
                        "deploymentName": "D",
                    },
                }
            ],
        },
    }


def test_without_being_asked_there_are_no_statistics(call: Caller, deployed: Deployed) -> None:
    answer = call("POST", JOBS, request(input_document(1, "Space"), tasks=[task(deployed.multi)], displayName="J"))
    job = call.done(answer)
    results = job["tasks"]["items"][0]["results"]
    assert job["displayName"] == "J"
    assert set(results) == {"documents", "errors", "projectName", "deploymentName"}
    assert set(results["documents"][0]) == {"id", "class", "warnings"}


def test_both_kinds_may_be_asked_for_in_one_job(call: Caller, deployed: Deployed) -> None:
    single = task(deployed.single, "CustomSingleLabelClassification", name=None)
    body = request(
        input_document(1, "Space"), input_document(2, "Cooking", "Sailing"), tasks=[task(deployed.multi), single]
    )
    job = call.done(call("POST", JOBS, body))
    items = job["tasks"]["items"]
    assert job["tasks"]["completed"] == job["tasks"]["total"] == 2
    assert [it["kind"] for it in items] == [
        "CustomMultiLabelClassificationLROResults",
        "CustomSingleLabelClassificationLROResults",
    ]
    assert [it.get("taskName") for it in items] == ["0", None]
    assert [len(it["class"]) for it in items[1]["results"]["documents"]] == [1, 1]


def test_results_come_in_pages_that_lead_to_each_other(call: Caller, deployed: Deployed) -> None:
    body = request(*(input_document(number, "Space") for number in range(25)), tasks=[task(deployed.multi)])
    answer = call("POST", JOBS, body)
    first = call.done(answer)
    address = answer.headers["operation-location"]
    assert first["nextLink"] == f"{address}&skip=20&top=20"
    last = call("GET", first["nextLink"]).json()
    assert "nextLink" not in last
    assert [_ids(first), _ids(last)] == [[str(n) for n in range(20)], [str(n) for n in range(20, 25)]]
    whole = call("GET", address, top="25").json()
    assert (len(_ids(whole)), "nextLink" in whole) == (25, False)


def _ids(job: dict[str, Any]) -> list[str]:
    return [it["id"] for it in job["tasks"]["items"][0]["results"]["documents"]]


@pytest.mark.parametrize(
    ("documents", "error"),
    [
        (
            [input_document(number, "Space") for number in range(26)],
            {
                "code": "InvalidRequest",
                "message": "Invalid document in request.",
                "innererror": {
                    "code": "InvalidDocumentBatch",
                    "message": "Batch request contains too many records. Max 25 records are permitted.",
                },
            },
        ),
        (
            [input_document(1, "Space"), input_document(1, "Cooking")],
            {
                "code": "InvalidRequest",
                "message": "Invalid document in request.",
                "innererror": {
                    "code": "InvalidDocument",
                    "message": "Request contains duplicated Ids. Make sure each document has a unique Id.",
                },
            },
        ),
        (
            [input_document(1), {"id": "2", "text": " \n"}],
            {
                "code": "InvalidRequest",
                "message": "Invalid Document in request.",
                "innererror": {"code": "InvalidDocumentBatch", "message": "Document text is empty."},
            },
        ),
    ],
    ids=["too many", "duplicate ids", "all empty"],
)
def test_documents_that_cannot_be_taken_are_refused_as_recorded(
    call: Caller, deployed: Deployed, documents: list[dict[str, str]], error: dict[str, Any]
) -> None:
    answer = call("POST", JOBS, request(*documents, tasks=[task(deployed.multi)]))
    assert (answer.status_code, answer.json()) == (400, {"error": error})


@pytest.mark.parametrize(
    ("text", "status"),
    [("a" * 125_000, 202), ("a" * 125_001, 413), ("e\u0301" * 100_000, 202), ("\r\n" * 70_000 + "a" * 54_999, 202)],
    ids=["just enough", "one too many", "two code points are one element", "a line end is one element"],
)
def test_a_request_holds_125000_text_elements(call: Caller, deployed: Deployed, text: str, status: int) -> None:
    documents = [{"id": "1", "text": text[: len(text) // 2]}, {"id": "2", "text": text[len(text) // 2 :]}]
    answer = call("POST", JOBS, request(*documents, tasks=[task(deployed.multi)]))
    assert answer.status_code == status
    if status == 413:
        assert answer.json() == TOO_MUCH_TEXT


def test_the_length_of_a_request_is_looked_at_before_the_number_of_its_documents(
    call: Caller, deployed: Deployed
) -> None:
    documents = [{"id": str(number), "text": "a" * 5_000} for number in range(26)]
    answer = call("POST", JOBS, request(*documents, tasks=[task(deployed.multi)]))
    assert (answer.status_code, answer.json()) == (413, TOO_MUCH_TEXT)


def test_a_transaction_is_a_thousand_text_elements(call: Caller, deployed: Deployed) -> None:
    documents = [{"id": str(size), "text": "e\u0301" * size} for size in (1000, 1001)]
    answer = call("POST", JOBS, request(*documents, tasks=[task(deployed.multi)]))
    call.done(answer)
    results = call("GET", answer.headers["operation-location"], showStats="true").json()["tasks"]["items"][0]["results"]
    assert [it["statistics"] for it in results["documents"]] == [
        {"charactersCount": 1000, "transactionsCount": 1},
        {"charactersCount": 1001, "transactionsCount": 2},
    ]
    assert results["statistics"]["transactionsCount"] == 3


@pytest.mark.parametrize(
    ("changes", "inner"),
    [
        ({"analysisInput": {"documents": []}}, "MissingInputDocuments"),
        ({"analysisInput": {"documents": [{"id": "1"}]}}, "InvalidRequestBodyFormat"),
        ({"analysisInput": {"documents": [{"id": 1, "text": "a"}]}}, "InvalidRequestBodyFormat"),
        ({"analysisInput": {"documents": [{"id": "", "text": "a"}]}}, "InvalidDocument"),
        ({"analysisInput": {"documents": ["a"]}}, "InvalidRequestBodyFormat"),
        ({"analysisInput": None}, "InvalidRequestBodyFormat"),
        ({"tasks": []}, "InvalidRequestBodyFormat"),
        ({"tasks": {}}, "InvalidRequestBodyFormat"),
        ({"tasks": [{"kind": "SentimentAnalysis"}]}, "InvalidParameterValue"),
        ({"tasks": [{"kind": MULTI}]}, "InvalidRequestBodyFormat"),
        ({"tasks": [{"kind": MULTI, "parameters": {"projectName": "P"}}]}, "InvalidRequestBodyFormat"),
        ({"displayName": 1}, "InvalidRequestBodyFormat"),
    ],
)
def test_a_request_that_cannot_be_taken_is_refused(
    call: Caller, deployed: Deployed, changes: dict[str, Any], inner: str
) -> None:
    answer = call("POST", JOBS, request(input_document(1, "Space"), **{"tasks": [task(deployed.multi)], **changes}))
    assert (answer.status_code, answer.json()["error"]["innererror"]["code"]) == (400, inner)


def test_an_unknown_project_deployment_or_kind_is_refused(call: Caller, deployed: Deployed) -> None:
    refusals = {
        (404, "ProjectNotFound"): task(deployed.multi.lower()),
        (404, "NotFound"): task(deployed.multi, deployment="d"),
        (400, "InvalidArgument"): task(deployed.single),
    }
    for (status, code), asked in refusals.items():
        answer = call("POST", JOBS, request(input_document(1, "Space"), tasks=[asked]))
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_an_unknown_job_is_not_found(call: Caller) -> None:
    for method, path in (("GET", f"{JOBS}/x"), ("POST", f"{JOBS}/x:cancel")):
        answer = call(method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "OperationNotFound")


def test_a_request_of_more_than_a_megabyte_is_refused(call: Caller, deployed: Deployed) -> None:
    answer = call("POST", JOBS, request({"id": "1", "text": "a" * 1_050_000}, tasks=[task(deployed.multi)]))
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "InvalidRequest")


def test_a_running_job_can_be_cancelled(start: Callable[..., Any], clock: Clock, texts: str, project: str) -> None:
    with start(clock=clock) as call:
        deploy_project(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        answer = call("POST", JOBS, request(input_document(1, "Space"), tasks=[task(project)]))
        address = answer.headers["operation-location"]
        waiting = call("GET", address).json()
        assert waiting["tasks"] == {"completed": 0, "failed": 0, "inProgress": 1, "total": 1, "items": []}
        cancelling = call("POST", address.replace("?", ":cancel?"))
        assert (cancelling.status_code, cancelling.headers["operation-location"]) == (202, address)
        clock.advance(3600)
        job = call("GET", address).json()
        assert (job["status"], job["errors"]) == ("cancelled", [])
        (item,) = job["tasks"]["items"]
        assert (item["status"], item["results"]["documents"], item["results"]["errors"]) == ("cancelled", [], [])
        assert (job["tasks"]["inProgress"], job["tasks"]["total"]) == (0, 1)


def test_a_job_is_cancelled_after_so_many_seconds(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        deploy_multi(call, texts, project)
    with start(clock=clock, pace="realistic") as call:
        tasks = [task(project, name=name) for name in ("first", "second", "third", "fourth")]
        asked = [
            request(input_document(1, "Space"), tasks=tasks) | {"cancelAfter": after} for after in (8.5, 12.5, 1e300)
        ]
        early, *others = [call("POST", JOBS, body).headers["operation-location"] for body in asked]
        clock.advance(8)  # they run from 2 to 12 seconds
        running = call.until(early, lambda job: job["tasks"]["completed"] == 2)
        clock.advance(0.5)
        cancelled = call("GET", early).json()
        assert (cancelled["status"], cancelled["lastUpdatedDateTime"]) == ("cancelled", "2026-03-04T05:06:16Z")
        assert [it["status"] for it in cancelled["tasks"]["items"]] == ["succeeded"] * 2 + ["cancelled"] * 2
        assert cancelled["tasks"]["items"][:2] == running["tasks"]["items"]
        clock.advance(3.5)
        ended = [call.until(path, over) for path in others]
        clock.advance(3600)
        assert [call("GET", path).json() for path in (early, *others)] == [cancelled, *ended]
        assert [job["status"] for job in ended] == ["succeeded"] * 2


def test_a_job_is_cancelled_at_its_time_after_a_restart_too(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        deploy_multi(call, texts, project)
    with start(clock=clock, pace="realistic") as call:
        body = request(input_document(1, "Space"), tasks=[task(project)]) | {"cancelAfter": 5}
        address = call("POST", JOBS, body).headers["operation-location"].removeprefix(call.service.endpoint)
    clock.advance(3600)
    with start(clock=clock) as call:
        job = call("GET", call.service.endpoint + address).json()
        assert (job["status"], job["lastUpdatedDateTime"]) == ("cancelled", "2026-03-04T05:06:12Z")


def deploy_multi(call: Caller, texts: str, project: str) -> None:
    deploy_project(call, project, texts)


def over(job: dict[str, Any]) -> bool:
    return job["status"] not in ("notStarted", "running")


@pytest.mark.parametrize("after", [-1, "8", True])
def test_a_job_cannot_be_cancelled_after_what_is_no_time(call: Caller, deployed: Deployed, after: Any) -> None:
    body = request(input_document(1, "Space"), tasks=[task(deployed.multi)]) | {"cancelAfter": after}
    answer = call("POST", JOBS, body)
    assert (answer.status_code, answer.json()["error"]["innererror"]["target"]) == (400, "cancelAfter")


def test_a_cancelled_job_keeps_what_its_finished_tasks_found(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        deploy_project(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        tasks = [task(project, name=name) for name in ("first", "second", "third", "fourth")]
        answer = call("POST", JOBS, request(input_document(1, "Space"), tasks=tasks))
        address = answer.headers["operation-location"]
        clock.advance(8)  # they run from 2 to 12 seconds, so a second half of them has not had its turn
        running = call.until(address, lambda job: job["tasks"]["completed"] == 2)
        assert (running["status"], running["tasks"]["inProgress"], running["tasks"]["total"]) == ("running", 2, 4)
        assert [it["taskName"] for it in running["tasks"]["items"]] == ["first", "second"]
        assert call("POST", address.replace("?", ":cancel?")).status_code == 202
        clock.advance(3600)
        job = call("GET", address).json()
        counted = {"completed": 2, "failed": 0, "inProgress": 0, "total": 4}
        items = job["tasks"].pop("items")
        assert (job["status"], job["errors"], job["tasks"]) == ("cancelled", [], counted)
        assert [it["status"] for it in items] == ["succeeded", "succeeded", "cancelled", "cancelled"]
        assert items[:2] == running["tasks"]["items"]
        assert [it["results"]["documents"] for it in items[2:]] == [[], []]


@pytest.mark.parametrize(
    ("version", "updated", "listed"),
    [
        ("2022-04-01-preview", "lastUpdateDateTime", False),
        ("2022-10-01-preview", "lastUpdateDateTime", True),
        *((version, "lastUpdatedDateTime", True) for version in ("2024-11-01", "2025-05-15-preview", "2025-11-01")),
        *((version, "lastUpdatedDateTime", True) for version in ("2025-11-15-preview", "2026-05-15-preview")),
    ],
)
def test_every_api_version_has_its_shape(
    call: Caller, deployed: Deployed, version: str, updated: str, listed: bool
) -> None:
    single = task(deployed.single, "CustomSingleLabelClassification")
    body = request(input_document(1, "Space"), tasks=[single], defaultLanguage="en")
    answer = call("POST", JOBS, body, **{"api-version": version})
    job = call.done(answer)
    assert answer.headers["operation-location"].endswith(f"?api-version={version}")
    assert {name for name in job if name.startswith("lastUpdate")} == {updated}
    found = job["tasks"]["items"][0]["results"]["documents"][0]["class"]
    assert isinstance(found, list) == listed
    assert (found[0] if listed else found)["category"] == "Space"


@pytest.mark.parametrize("kind", [MULTI, "CustomSingleLabelClassification"])
def test_below_the_projects_threshold_the_best_class_turns_into_none(
    call: Caller, texts: str, project: str, kind: str
) -> None:
    deploy_project(call, project, texts, kind)

    def found(threshold: float) -> list[dict[str, Any]]:
        changed = call("PATCH", f"{CURRENT}/{project}", {"settings": {"confidenceThreshold": threshold}})
        assert changed.json()["settings"] == {"confidenceThreshold": threshold}
        job = call.done(call("POST", JOBS, request(input_document(1, "Space"), tasks=[task(project, kind)])))
        return list(job["tasks"]["items"][0]["results"]["documents"][0]["class"])

    (sure,), (unsure,) = found(0), found(1)
    assert (sure["category"], unsure["category"]) == ("Space", "None")
    assert sure["confidenceScore"] == unsure["confidenceScore"]


def test_a_finished_job_cannot_be_cancelled(call: Caller, deployed: Deployed) -> None:
    answer = call("POST", JOBS, request(input_document(1, "Space"), tasks=[task(deployed.multi)]))
    job_id = call.done(answer)["jobId"]
    refusal = call("POST", answer.headers["operation-location"].replace("?", ":cancel?"))
    message = f"Failed to cancel job with job id {job_id} as its already completed."
    expected = {"error": {"code": "InvalidRequest", "message": message}}
    assert (refusal.status_code, refusal.json()) == (400, expected)


def test_a_job_keeps_the_model_that_was_deployed_when_it_was_submitted(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        deploy_project(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        answer = call("POST", JOBS, request(input_document(1, "Space"), tasks=[task(project)]))
        undeploying = call("DELETE", f"{CURRENT}/{project}/deployments/D")
        clock.advance(20)
        call.done(undeploying)
        job = call.done(answer)
    assert job["tasks"]["items"][0]["results"]["documents"][0]["class"][0]["category"] == "Space"


def test_a_task_whose_model_is_broken_fails_and_names_itself(
    start: Callable[..., Any], tmp_path: Path, texts: str, project: str
) -> None:
    with start() as call:
        for name, label in ((project, "M"), (f"{project}2", "M")):
            import_labels(call, name, texts)
            train(call, name, label)
            deploy_model(call, name, label)
        broken = call("GET", f"{CURRENT}/{project}2/models/M").json()["modelId"]
    for file in (tmp_path / "language" / "models" / broken).iterdir():
        file.write_bytes(b"not a model")
    with start() as call:
        asked = [task(project, name="good"), task(f"{project}2", name="broken")]
        job = call.ended(call("POST", JOBS, request(input_document(1, "Space"), tasks=asked)))
        assert job["status"] == "partiallyCompleted"
        assert (job["tasks"]["completed"], job["tasks"]["failed"]) == (1, 1)
        good, failed = job["tasks"]["items"]
        assert (good["status"], good["results"]["documents"][0]["id"]) == ("succeeded", "1")
        assert (failed["status"], "results" in failed) == ("failed", False)
        message = "The model cannot be used: train it again."
        assert job["errors"] == [{"code": "InternalServerError", "message": message, "target": "#/tasks/items/1"}]
        job = call.ended(call("POST", JOBS, request(input_document(1, "Space"), tasks=asked[1:])))
        assert (job["status"], job["errors"][0]["target"]) == ("failed", "#/tasks/items/0")
