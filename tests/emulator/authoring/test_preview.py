"""The quickstart's authoring protocol, step by step."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from local.language.conditions.clock import Clock
from tests.support.language_caller import (
    CURRENT,
    PREVIEW,
    Caller,
    create_preview,
    import_labels,
    labelled_texts,
    publish_preview,
    train,
)

GUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
TASK = {"tasks": [{"trainingModelName": "MyModel"}]}


@pytest.mark.parametrize("location", ["preview.json", "current.json", "/preview.json"])
def test_creating_a_project_takes_its_labels_from_the_container(
    call: Caller, texts: str, project: str, location: str
) -> None:
    answer = create_preview(call, project, texts, labelsLocation=location)
    assert (answer.status_code, answer.content) == (201, b"")
    job = call.ended(call("POST", f"{CURRENT}/{project}/:export", stringIndexType="Utf16CodeUnit"))
    assets = call("GET", job["resultUrl"]).json()["assets"]
    found = {it["location"]: tuple(one["category"] for one in it["classes"]) for it in assets["documents"]}
    assert found == labelled_texts()


def test_the_labels_file_may_be_named_by_its_whole_address(call: Caller, texts: str, project: str) -> None:
    address = f"https://account.blob.core.windows.net/{texts}/preview.json"
    assert create_preview(call, project, texts, labelsLocation=address).status_code == 201


def test_a_created_project_is_seen_in_todays_protocol(call: Caller, texts: str, project: str) -> None:
    create_preview(call, project, texts)
    found = call("GET", f"{CURRENT}/{project}").json()
    assert {name: value for name, value in found.items() if not name.endswith("DateTime")} == {
        "projectName": project,
        "projectKind": "CustomMultiLabelClassification",
        "storageInputContainerName": texts,
        "language": "en-US",
        "multilingual": False,
        "description": "Notices",
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labelsLocation": "none.json"}, "There is no file 'none.json' in the container"),
        ({"storageInputContainerName": "no-such-container"}, "There is no container 'no-such-container'"),
        ({"storageInputContainerName": "Not A Name"}, "Not A Name"),
        ({"labelsLocation": "Cooking_0.txt"}, "The labels file 'Cooking_0.txt' cannot be used: It is not JSON."),
        ({"labelsLocation": "https://elsewhere/x/y.json"}, "is not a file in the container"),
        ({"modelType": "Extraction"}, "SingleClassification or MultiClassification"),
        ({"modelType": "SingleClassification"}, "'Both_0.txt' has 2 classes"),
        ({"name": "My Project"}, "'My Project' cannot name a project"),
        ({"multiLingual": "no"}, "multiLingual must be true or false."),
        ({"labelsLocation": None}, "labelsLocation is missing."),
    ],
)
def test_a_project_that_cannot_be_created_says_why(
    call: Caller, texts: str, project: str, changes: dict[str, Any], message: str
) -> None:
    answer = create_preview(call, project, texts, **changes)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["innererror"]["message"]
    assert call("GET", f"{CURRENT}/{project}").status_code == 404


def test_a_broken_labels_file_is_named_with_its_fault(
    call: Caller, blobs: BlobServiceClient, texts: str, project: str
) -> None:
    labels = {"classifiers": [{"name": "A"}], "documents": [{"location": "x.txt", "classifiers": [{}]}]}
    blobs.get_blob_client(texts, f"{project}.json").upload_blob(json.dumps(labels))
    answer = create_preview(call, project, texts, labelsLocation=f"{project}.json")
    assert answer.json()["error"]["innererror"]["message"] == (
        f"The labels file '{project}.json' cannot be used: documents[0].classifiers[0].classifierName is missing."
    )


def test_a_name_is_taken_once_and_case_counts(call: Caller, texts: str, project: str) -> None:
    assert create_preview(call, project, texts).status_code == 201
    second = create_preview(call, project, texts)
    assert (second.status_code, second.json()["error"]["code"]) == (409, "Conflict")
    assert create_preview(call, project.lower(), texts).status_code == 201


def test_training_answers_with_a_location_and_a_job(call: Caller, texts: str, project: str) -> None:
    create_preview(call, project, texts)
    answer = call("POST", f"{PREVIEW}/{project}/train", TASK)
    assert (answer.status_code, answer.content) == (202, b"")
    pattern = f"{re.escape(call.service.endpoint)}{PREVIEW}/{project}/train/jobs/{GUID}_[0-9]{{18}}"
    assert re.fullmatch(pattern, answer.headers["location"])
    assert "operation-location" not in answer.headers
    call.done(answer)


def test_a_finished_training_has_the_quickstarts_shape(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        create_preview(call, project, texts)
        answer = call("POST", f"{PREVIEW}/{project}/train", TASK)
        job_id = answer.headers["location"].rpartition("/")[2]
        assert call.done(answer) == {
            "tasks": [
                {
                    "trainingModelName": "MyModel",
                    "evaluationStatus": {"status": "succeeded", "lastUpdatedDateTime": "2026-03-04T05:06:07.891Z"},
                    "status": "succeeded",
                    "lastUpdatedDateTime": "2026-03-04T05:06:07.891Z",
                }
            ],
            "inProgress": 0,
            "completed": 1,
            "failed": 0,
            "total": 1,
            "jobId": job_id,
            "createdDateTime": "2026-03-04T05:06:07.891Z",
            "lastUpdatedDateTime": "2026-03-04T05:06:07.891Z",
            "expirationDateTime": "2026-03-05T05:06:07.891Z",
            "status": "succeeded",
            "errors": [],
        }


def test_a_training_is_seen_to_go_on_step_by_step(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock, pace="seconds") as call:
        create_preview(call, project, texts)
        address = call("POST", f"{PREVIEW}/{project}/train", TASK).headers["location"]
        seen = [_progress(call("GET", address).json())]
        for seconds, evaluation in ((0.8, "notStarted"), (0.8, "inProgress"), (0.6, "succeeded")):
            clock.advance(seconds)
            call.until(address, lambda job, wanted=("inProgress", evaluation): _progress(job) == wanted)
        clock.advance(0.4)
        seen.append(_progress(call("GET", address).json()))
        assert seen == [("notStarted", "notStarted"), ("succeeded", "succeeded")]


def _progress(job: dict[str, Any]) -> tuple[str, str]:
    return job["status"], job["tasks"][0]["evaluationStatus"]["status"]


def test_a_project_takes_one_training_at_a_time(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock, pace="seconds") as call:
        create_preview(call, project, texts)
        assert call("POST", f"{PREVIEW}/{project}/train", TASK).status_code == 202
        second = call("POST", f"{PREVIEW}/{project}/train", TASK)
        assert (second.status_code, second.json()["error"]["code"]) == (409, "Conflict")
        assert "The project is being trained" in second.json()["error"]["message"]


def test_a_training_that_cannot_work_fails_with_the_reason(
    call: Caller, blobs: BlobServiceClient, texts: str, project: str
) -> None:
    labels = {"classifiers": [{"name": "A"}, {"name": "B"}], "documents": []}
    blobs.get_blob_client(texts, f"{project}.json").upload_blob(json.dumps(labels))
    create_preview(call, project, texts, labelsLocation=f"{project}.json")
    job = call.ended(call("POST", f"{PREVIEW}/{project}/train", TASK))
    error = {"code": "InvalidRequest", "message": "There are no labelled documents: label some texts, then train."}
    assert (job["status"], job["failed"], job["errors"], job["tasks"][0]["error"]) == ("failed", 1, [error], error)
    assert job["tasks"][0]["evaluationStatus"]["status"] == "failed"


def test_evaluation_and_validation_are_made_from_documents_that_were_held_out(
    call: Caller, texts: str, project: str
) -> None:
    create_preview(call, project, texts)
    call.done(call("POST", f"{PREVIEW}/{project}/train", TASK))
    evaluation = call("GET", f"{PREVIEW}/{project}/evaluation", trainingModelName="MyModel").json()
    validation = call("GET", f"{PREVIEW}/{project}/validation", trainingModelName="MyModel").json()
    assert list(evaluation) == ["modelType", "singleClassificationEvaluation", "multiClassificationEvaluation"]
    assert (evaluation["modelType"], evaluation["singleClassificationEvaluation"]) == ("MultiClassification", None)
    documents = validation["multiClassificationValidation"]["documents"]
    assert validation == {
        "modelType": "MultiClassification",
        "singleClassificationValidation": None,
        "multiClassificationValidation": {"documents": documents},
    }
    assert 0 < len(documents) < len(labelled_texts())
    for found in documents:
        assert found["culture"] == "en-us"
        assert set(found["classes"]["labeledClasses"]) == set(labelled_texts()[found["location"]])
    _assert_counted(evaluation["multiClassificationEvaluation"], documents)


def _assert_counted(evaluation: dict[str, Any], documents: list[dict[str, Any]]) -> None:
    """The counts are those of exactly these documents."""
    averages = ("microF1", "microPrecision", "microRecall", "macroF1", "macroPrecision", "macroRecall")
    assert set(evaluation) == {"classes", *averages}
    for name, figures in evaluation["classes"].items():
        pairs = [
            (name in it["classes"]["labeledClasses"], name in it["classes"]["predictedClasses"]) for it in documents
        ]
        assert figures["countTruePositives"] == pairs.count((True, True))
        assert figures["countTrueNegatives"] == pairs.count((False, False))
        assert figures["countFalsePositives"] == pairs.count((False, True))
        assert figures["countFalseNegatives"] == pairs.count((True, False))
        assert {"f1", "precision", "recall"} < set(figures)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [({}, 400, "InvalidArgument"), ({"trainingModelName": "Other"}, 404, "NotFound")],
)
def test_an_evaluation_needs_the_name_of_a_model(  # noqa: PLR0917
    call: Caller, texts: str, project: str, query: dict[str, str], status: int, code: str
) -> None:
    create_preview(call, project, texts)
    for what in ("evaluation", "validation"):
        answer = call("GET", f"{PREVIEW}/{project}/{what}", **query)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_publishing_gives_a_model_id_and_takes_the_place_of_the_last(call: Caller, texts: str, project: str) -> None:
    create_preview(call, project, texts)
    first = publish_preview(call, project, "One")
    second = publish_preview(call, project, "Two")
    assert first != second
    for model_id in (first, second):
        assert re.fullmatch(f"{GUID}_MultiClassification_latest", model_id)
    deployments = call("GET", f"{CURRENT}/{project}/deployments").json()["value"]
    assert [it["deploymentName"] for it in deployments] == ["latest"]
    assert deployments[0]["modelId"] == call("GET", f"{CURRENT}/{project}/models/Two").json()["modelId"]


def test_a_publishing_job_has_the_quickstarts_shape(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock, pace="seconds") as call:
        create_preview(call, project, texts)
        training = call("POST", f"{PREVIEW}/{project}/train", TASK)
        clock.advance(10)
        call.done(training)
        address = call("POST", f"{PREVIEW}/{project}/publish", TASK).headers["location"]
        assert f"{PREVIEW}/{project}/publish/jobs/" in address
        waiting = call("GET", address).json()
        assert waiting["tasks"] == [{"status": "notStarted", "lastUpdatedDateTime": "2026-03-04T05:06:17.891Z"}]
        clock.advance(1.5)
        task = call.until(address, lambda job: job["status"] == "succeeded")["tasks"][0]
        assert task == {
            "modelId": task["modelId"],
            "status": "succeeded",
            "lastUpdatedDateTime": "2026-03-04T05:06:19.391Z",
        }


def test_what_was_made_in_todays_protocol_can_be_published(call: Caller, texts: str, project: str) -> None:
    import_labels(call, project, texts)
    train(call, project, "MyModel")
    job = call.done(call("POST", f"{PREVIEW}/{project}/publish", TASK))
    assert job["tasks"][0]["modelId"].endswith("_MultiClassification_latest")


@pytest.mark.parametrize("operation", ["train", "publish"])
@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"tasks": []}, "tasks must hold exactly one task."),
        ({"tasks": [{}]}, "tasks[0].trainingModelName is missing."),
        ({"tasks": [{"trainingModelName": 7}]}, "tasks[0].trainingModelName must be a string."),
        ({"tasks": "M"}, "tasks must be a list."),
    ],
)
def test_a_task_is_one_model_name(  # noqa: PLR0917
    call: Caller, texts: str, project: str, operation: str, body: dict[str, Any], message: str
) -> None:
    create_preview(call, project, texts)
    answer = call("POST", f"{PREVIEW}/{project}/{operation}", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"] == {
        "code": "InvalidRequestBodyFormat",
        "message": message,
        "target": message.split(" ", maxsplit=1)[0],
    }


def test_a_model_that_is_not_there_cannot_be_published(call: Caller, texts: str, project: str) -> None:
    create_preview(call, project, texts)
    answer = call("POST", f"{PREVIEW}/{project}/publish", TASK)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")


def test_a_deleted_project_is_gone_with_its_jobs_and_its_model(call: Caller, texts: str, project: str) -> None:
    create_preview(call, project, texts)
    training = call("POST", f"{PREVIEW}/{project}/train", TASK)
    call.done(training)
    answer = call("DELETE", f"{PREVIEW}/{project}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert call("GET", training.headers["location"]).status_code == 404
    assert call("DELETE", f"{PREVIEW}/{project}").json()["error"]["code"] == "ProjectNotFound"
    assert create_preview(call, project, texts).status_code == 201
