"""The quickstart's runtime protocol, in both of its shapes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from local.language.conditions.clock import Clock
from tests.support.language_caller import PREVIEW, Caller, Deployed, create_preview, input_document, publish_preview

ANALYZE = "/text/analytics/v3.1-preview.ct.1/analyze"


def request(
    model_id: str, *documents: dict[str, str], task: str = "customMultiClassificationTasks", **changes: Any
) -> dict[str, Any]:
    parameters = {"modelId": model_id, "stringIndexType": "TextElements_v8"}
    return {
        "displayName": "MyJobName",
        "analysisInput": {"documents": documents},
        "tasks": {task: [{"parameters": parameters}]},
        **changes,
    }


def test_submitting_answers_with_the_address_of_the_job(call: Caller, deployed: Deployed) -> None:
    answer = call("POST", ANALYZE, request(deployed.multi_id, input_document(1, "Space")))
    assert (answer.status_code, answer.headers["content-length"]) == (202, "0")
    assert re.fullmatch(
        f"{call.service.endpoint}{ANALYZE}/jobs/[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}",
        answer.headers["operation-location"],
    )
    call.done(answer)


def test_a_finished_job_has_the_quickstarts_shape(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        create_preview(call, project, texts)
        model_id = publish_preview(call, project, "M")
        answer = call(
            "POST",
            ANALYZE,
            request(model_id, input_document(1, "Space"), input_document(2), input_document(3, "Sailing")),
        )
        job = call.done(answer)
    scores = _scores(job["tasks"]["tasks"]["customMultiClassificationTasks"][0]["results"])
    assert job == {
        "createdDateTime": "2026-03-04T05:06:07.891Z",
        "displayName": "MyJobName",
        "expirationDateTime": "2026-03-05T05:06:07.891Z",
        "jobId": answer.headers["operation-location"].rpartition("/")[2],
        "lastUpdateDateTime": "2026-03-04T05:06:07.891Z",
        "status": "completed",
        "errors": [],
        "tasks": {
            "details": {
                "name": "MyJobName",
                "lastUpdateDateTime": "2026-03-04T05:06:07.891Z",
                "status": "completed",
            },
            "completed": 1,
            "failed": 0,
            "inProgress": 0,
            "total": 1,
            "tasks": {
                "customMultiClassificationTasks": [
                    {
                        "lastUpdateDateTime": "2026-03-04T05:06:07.891Z",
                        "name": "MyJobName",
                        "status": "completed",
                        "results": {
                            "documents": [
                                {
                                    "id": "1",
                                    "classes": [{"category": "Space", "confidenceScore": scores["1"]}],
                                    "warnings": [],
                                },
                                {
                                    "id": "3",
                                    "classes": [{"category": "Sailing", "confidenceScore": scores["3"]}],
                                    "warnings": [],
                                },
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
                            "statistics": {
                                "documentsCount": 3,
                                "validDocumentsCount": 2,
                                "erroneousDocumentsCount": 1,
                                "transactionsCount": 2,
                            },
                        },
                    }
                ]
            },
        },
    }


def _scores(results: dict[str, Any]) -> dict[str, float]:
    found = {it["id"]: it["classes"][0]["confidenceScore"] for it in results["documents"]}
    assert all(0 < score <= 1 for score in found.values())
    return found


def test_the_observed_shape_differs_as_its_siblings_were_recorded(
    start: Callable[..., Any], texts: str, project: str
) -> None:
    with start(shape="observed") as call:
        create_preview(call, project, texts)
        model_id = publish_preview(call, project, "M")
        job = call.done(call("POST", ANALYZE, request(model_id, input_document(1, "Space"))))
    task = job["tasks"]["customMultiClassificationTasks"][0]
    assert job["status"] == "succeeded"
    assert set(job["tasks"]) == {
        "details", "completed", "failed", "inProgress", "total", "customMultiClassificationTasks"
    }  # fmt: skip
    assert job["tasks"]["details"]["state"] == task["state"] == "succeeded"
    assert set(task) == {"lastUpdateDateTime", "name", "state", "results"}
    (found,) = task["results"]["documents"]
    assert set(found) == {"id", "classifications", "warnings"}
    assert found["classifications"][0]["category"] == "Space"
    assert "statistics" not in task["results"]


def test_a_single_label_document_has_exactly_one_class(call: Caller, deployed: Deployed) -> None:
    body = request(deployed.single_id, input_document(1, "Cooking", "Space"), task="customClassificationTasks")
    job = call.done(call("POST", ANALYZE, body))
    (found,) = job["tasks"]["tasks"]["customClassificationTasks"][0]["results"]["documents"]
    assert [it["category"] for it in found["classes"]] in (["Cooking"], ["Space"])


def test_the_observed_single_label_document_has_one_classification(
    start: Callable[..., Any], texts: str, project: str
) -> None:
    with start(shape="observed") as call:
        create_preview(call, project, texts, modelType="SingleClassification", labelsLocation="single.json")
        model_id = publish_preview(call, project, "M")
        body = request(model_id, input_document(1, "Space"), task="customClassificationTasks")
        job = call.done(call("POST", ANALYZE, body))
    (found,) = job["tasks"]["customClassificationTasks"][0]["results"]["documents"]
    assert found["classification"]["category"] == "Space"


def test_a_job_without_a_name_is_called_na(call: Caller, deployed: Deployed) -> None:
    job = call.done(call("POST", ANALYZE, request(deployed.multi_id, input_document(1, "Space"), displayName=None)))
    assert (job["displayName"], job["tasks"]["details"]["name"]) == ("NA", "NA")


def test_results_come_in_pages_that_lead_to_each_other(call: Caller, deployed: Deployed) -> None:
    documents = [input_document(number, "Space") for number in range(25)]
    answer = call("POST", ANALYZE, request(deployed.multi_id, *documents))
    first = call.done(answer)
    address = answer.headers["operation-location"]
    assert first["@nextLink"] == f"{address}?$skip=20&$top=20"
    pages = [first, call("GET", first["@nextLink"]).json()]
    assert "@nextLink" not in pages[1]
    assert [_ids(page) for page in pages] == [[str(n) for n in range(20)], [str(n) for n in range(20, 25)]]


def test_the_size_of_a_page_can_be_asked_for(call: Caller, deployed: Deployed) -> None:
    documents = [input_document(number, "Space") if number != 1 else input_document(1) for number in range(6)]
    answer = call("POST", ANALYZE, request(deployed.multi_id, *documents))
    call.done(answer)
    address = answer.headers["operation-location"]
    page = call("GET", address, **{"$top": "2", "$skip": "1", "showStats": "True"}).json()
    assert _ids(page) == ["2"]
    assert [it["id"] for it in _results(page)["errors"]] == ["1"]
    assert page["@nextLink"] == f"{address}?$top=2&$skip=3&showStats=True"
    counted = {"documentsCount": 2, "validDocumentsCount": 1, "erroneousDocumentsCount": 1, "transactionsCount": 1}
    assert _results(page)["statistics"] == counted


def _results(job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = job["tasks"]["tasks"]["customMultiClassificationTasks"][0]["results"]
    return found


def _ids(job: dict[str, Any]) -> list[str]:
    return [it["id"] for it in _results(job)["documents"]]


@pytest.mark.parametrize(
    "query", [{"$top": "0"}, {"$top": "51"}, {"$top": "x"}, {"$skip": "-1"}, {"$skip": "9" * 5000}, {"showStats": "1"}]
)
def test_a_page_that_cannot_be_is_refused(call: Caller, deployed: Deployed, query: dict[str, str]) -> None:
    answer = call("POST", ANALYZE, request(deployed.multi_id, input_document(1, "Space")))
    refusal = call("GET", answer.headers["operation-location"], **query)
    assert refusal.status_code == 400
    assert refusal.json()["error"]["innererror"]["target"] == next(iter(query))


def test_a_waiting_job_has_counters_and_no_tasks(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock, pace="seconds") as call:
        create_preview(call, project, texts)
        training = call("POST", f"{PREVIEW}/{project}/train", {"tasks": [{"trainingModelName": "M"}]})
        clock.advance(60)
        call.done(training)
        publishing = call("POST", f"{PREVIEW}/{project}/publish", {"tasks": [{"trainingModelName": "M"}]})
        clock.advance(60)
        model_id = call.done(publishing)["tasks"][0]["modelId"]
        answer = call("POST", ANALYZE, request(model_id, input_document(1, "Space")))
        address = answer.headers["operation-location"]
        waiting = call("GET", address).json()
        assert (waiting["status"], waiting["tasks"]["details"]["status"]) == ("notStarted", "notStarted")
        counters = {"completed": 0, "failed": 0, "inProgress": 1, "total": 1}
        assert waiting["tasks"] == {"details": waiting["tasks"]["details"], **counters}
        clock.advance(0.5)
        assert call.until(address, lambda job: job["status"] == "running")["tasks"]["inProgress"] == 1
        clock.advance(1)
        assert call.until(address, lambda job: job["status"] == "completed")["tasks"]["completed"] == 1


@pytest.mark.parametrize(
    ("changes", "code", "inner"),
    [
        ({"analysisInput": {"documents": []}}, "InvalidRequest", "MissingInputRecords"),
        (
            {"analysisInput": {"documents": [input_document(1), input_document(2)]}},
            "InvalidRequest",
            "InvalidDocumentBatch",
        ),
        ({"analysisInput": {"documents": [input_document(1, "Space")] * 2}}, "InvalidRequest", "InvalidDocument"),
        ({"analysisInput": {}}, "InvalidRequest", "InvalidRequestBodyFormat"),
        ({"tasks": {}}, "InvalidRequest", None),
        ({"tasks": {"customMultiClassificationTasks": []}}, "InvalidRequest", None),
        ({"tasks": {"sentimentAnalysisTasks": [{}]}}, "InvalidRequest", None),
        ({"tasks": {"customMultiClassificationTasks": [{}]}}, "InvalidRequest", "InvalidRequestBodyFormat"),
    ],
)
def test_a_request_that_cannot_be_taken_is_refused(
    call: Caller, deployed: Deployed, changes: dict[str, Any], code: str, inner: str | None
) -> None:
    answer = call("POST", ANALYZE, request(deployed.multi_id, input_document(1, "Space"), **changes))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error.get("innererror", {}).get("code")) == (400, code, inner)


def test_a_model_id_that_is_not_published_is_not_found(call: Caller, deployed: Deployed) -> None:
    answer = call("POST", ANALYZE, request(deployed.multi_id.replace("-", "0", 1), input_document(1, "Space")))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")


def test_a_model_of_the_other_kind_is_refused(call: Caller, deployed: Deployed) -> None:
    answer = call("POST", ANALYZE, request(deployed.single_id, input_document(1, "Space")))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidArgument")


def test_an_unknown_job_is_not_found(call: Caller) -> None:
    answer = call("GET", f"{ANALYZE}/jobs/3fa85f64-5717-4562-b3fc-2c963f66afa6")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")


def test_two_tasks_of_a_kind_are_refused(call: Caller, deployed: Deployed) -> None:
    body = request(deployed.multi_id, input_document(1, "Space"))
    body["tasks"]["customMultiClassificationTasks"] *= 2
    answer = call("POST", ANALYZE, body)
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "InvalidTask in AnalyzeInput")


def test_a_request_of_too_much_text_is_refused(call: Caller, deployed: Deployed) -> None:
    answer = call("POST", ANALYZE, request(deployed.multi_id, {"id": "1", "text": "a" * 125_001}))
    assert (answer.status_code, answer.json()["error"]["innererror"]["code"]) == (413, "InvalidDocumentBatch")


def test_a_string_index_type_may_be_in_any_case(call: Caller, deployed: Deployed) -> None:
    body = request(deployed.multi_id, input_document(1, "Space"))
    body["tasks"]["customMultiClassificationTasks"][0]["parameters"]["stringIndexType"] = "UTF16CodeUnit"
    call.done(call("POST", ANALYZE, body))
