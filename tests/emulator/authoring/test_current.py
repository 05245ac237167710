"""Today's authoring protocol."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import requests
from requests import Response

from local.language.conditions.clock import Clock
from local.language.jobs.runner import JobRunner
from local.language.operations import training
from local.language.state.records import Job
from tests.support.language_caller import (
    CURRENT,
    VERSION,
    Caller,
    Deployed,
    current_labels,
    deploy_model,
    import_labels,
    labelled_texts,
    train,
    train_project,
)

AT = "/language/authoring/analyze-text/projects"


def body_of(project: str, container: str, **changes: Any) -> dict[str, Any]:
    return {
        "projectKind": "customMultiLabelClassification",
        "storageInputContainerName": container,
        "projectName": project,
        "multilingual": True,
        "description": "Notices",
        "language": "en",
        **changes,
    }


def assert_accepted(call: Caller, answer: Response, path: str) -> None:
    """A 202 as recorded, with its job at `path`."""
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (202, "0", b"")
    pattern = f"{call.service.endpoint}{AT}{path}/[0-9a-f-]{{36}}_[0-9]{{18}}?api-version={VERSION}".replace("?", r"\?")
    assert re.fullmatch(pattern, answer.headers["operation-location"])
    assert "retry-after" not in answer.headers


def test_creating_a_project(start: Callable[..., Any], clock: Clock, project: str) -> None:
    with start(clock=clock) as call:
        answer = call("PATCH", f"{CURRENT}/{project}", body_of(project, "texts"))
        expected = {
            "createdDateTime": "2026-03-04T05:06:07Z",
            "lastModifiedDateTime": "2026-03-04T05:06:07Z",
            "projectKind": "CustomMultiLabelClassification",
            "storageInputContainerName": "texts",
            "projectName": project,
            "multilingual": True,
            "description": "Notices",
            "language": "en",
        }
        assert (answer.status_code, answer.json()) == (201, expected)
        assert answer.headers["location"] == f"{call.service.endpoint}{AT}/{project}/{project}"
        assert call("GET", f"{CURRENT}/{project}").json() == expected


def test_the_headers_are_those_that_were_recorded(call: Caller, project: str) -> None:
    headers = call("PATCH", f"{CURRENT}/{project}", body_of(project, "texts")).headers
    assert re.fullmatch("[0-9a-f-]{36}", headers["apim-request-id"])
    assert headers["request-id"] == headers["apim-request-id"]
    assert headers["x-ms-region"] == "East US"
    assert headers["access-control-expose-headers"] == "*"
    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-envoy-upstream-service-time"].isdigit()
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert "server" not in headers


def test_patching_a_project_changes_what_is_said_and_nothing_else(
    start: Callable[..., Any], clock: Clock, project: str
) -> None:
    with start(clock=clock) as call:
        before = call("PATCH", f"{CURRENT}/{project}", body_of(project, "texts")).json()
        clock.advance(60)
        answer = call("PATCH", f"{CURRENT}/{project}", {"description": "Better"})
        no_dates = dict.fromkeys(("createdDateTime", "lastModifiedDateTime"), "0001-01-01T00:00:00Z")
        assert (answer.status_code, answer.json()) == (200, {**before, "description": "Better", **no_dates})
        changed = {"description": "Better", "lastModifiedDateTime": "2026-03-04T05:07:07Z"}
        assert call("GET", f"{CURRENT}/{project}").json() == {**before, **changed}


def test_settings_without_anything_in_them_are_not_shown(call: Caller, project: str) -> None:
    answer = call("PATCH", f"{CURRENT}/{project}", body_of(project, "texts", settings={}))
    assert answer.status_code == 201
    assert "settings" not in answer.json()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"projectKind": "CustomEntityRecognition"}, "projectKind 'CustomEntityRecognition' is not supported"),
        ({"projectName": "Other"}, "projectName differs"),
        ({"projectName": None}, "projectName is missing."),
        ({"language": None}, "language is missing."),
        ({"storageInputContainerName": 1}, "storageInputContainerName must be a string."),
        ({"settings": []}, "settings must be an object."),
    ],
)
def test_a_project_that_cannot_be(call: Caller, project: str, changes: dict[str, Any], message: str) -> None:
    answer = call("PATCH", f"{CURRENT}/{project}", body_of(project, "texts", **changes))
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"]["message"].startswith(message)


@pytest.mark.parametrize("change", [{"storageInputContainerName": "elsewhere"}, {"projectKind": "CustomSingleLabelClassification"}])  # fmt: skip  # noqa: E501
def test_the_kind_and_the_container_are_for_good(call: Caller, project: str, change: dict[str, str]) -> None:
    call("PATCH", f"{CURRENT}/{project}", body_of(project, "texts"))
    assert call("PATCH", f"{CURRENT}/{project}", change).status_code == 400


def test_an_unknown_project_is_answered_as_recorded(call: Caller, project: str) -> None:
    answer = call("GET", f"{CURRENT}/{project}")
    error = answer.json()["error"]
    assert (answer.status_code, answer.headers["x-ms-error-code"]) == (404, "ProjectNotFound")
    assert error == {
        "code": "ProjectNotFound",
        "message": "The specified project was not found.",
        "details": [{"code": "ProjectNotFound", "message": error["details"][0]["message"]}],
    }


def test_projects_are_listed_in_pages(start: Callable[..., Any]) -> None:
    with start() as call:
        for number in range(5):
            call("PATCH", f"{CURRENT}/P{number}", body_of(f"P{number}", "texts"))
        page = call("GET", CURRENT, top="4", skip="1", maxpagesize="3").json()
        last = call("GET", page["nextLink"]).json()
        assert [_names(page), _names(last)] == [["P1", "P2", "P3"], ["P4"]]
        assert last["nextLink"] is None
        assert call("GET", CURRENT).json()["nextLink"] is None


def _names(page: dict[str, Any]) -> list[str]:
    return [it["projectName"] for it in page["value"]]


def test_importing_makes_a_project(start: Callable[..., Any], clock: Clock, texts: str, project: str) -> None:
    with start(clock=clock, pace="seconds") as call:
        answer = call("POST", f"{CURRENT}/{project}/:import", current_labels(texts))
        assert_accepted(call, answer, f"/{project}/import/jobs")
        address = answer.headers["operation-location"]
        assert call("GET", address).json() == {
            "jobId": address.rpartition("/")[2].partition("?")[0],
            "createdDateTime": "2026-03-04T05:06:07Z",
            "lastUpdatedDateTime": "2026-03-04T05:06:07Z",
            "expirationDateTime": "2026-03-11T05:06:07Z",
            "status": "notStarted",
        }
        busy = call("POST", f"{CURRENT}/{project}/:train", {"modelLabel": "M", "trainingConfigVersion": "latest"})
        assert (busy.status_code, busy.json()["error"]["code"]) == (409, "Conflict")
        clock.advance(1)
        call.until(address, lambda job: job["status"] == "running")
        assert call("GET", f"{CURRENT}/{project}").status_code == 404
        clock.advance(1)
        assert (
            call.until(address, lambda job: job["status"] == "succeeded")["lastUpdatedDateTime"]
            >= "2026-03-04T05:06:08Z"
        )
        assert call("GET", f"{CURRENT}/{project}").json()["projectName"] == project


def test_importing_again_replaces_labels_and_keeps_models(call: Caller, texts: str, project: str) -> None:
    train_project(call, project, texts)
    fewer = current_labels(texts)
    fewer["assets"]["documents"] = fewer["assets"]["documents"][:2]
    call.done(call("POST", f"{CURRENT}/{project}/:import", fewer))
    assert len(_exported(call, project)["assets"]["documents"]) == 2
    assert [it["label"] for it in call("GET", f"{CURRENT}/{project}/models").json()["value"]] == ["M"]


def test_importing_without_assets_makes_an_empty_project(call: Caller, texts: str, project: str) -> None:
    call.done(call("POST", f"{CURRENT}/{project}/:import", current_labels(texts, assets=None)))
    assert _exported(call, project)["assets"]["documents"] == []


def test_importing_from_a_container_that_is_not_there_fails(call: Caller, project: str) -> None:
    job = call.ended(call("POST", f"{CURRENT}/{project}/:import", current_labels("no-such-container")))
    (error,) = job["errors"]
    message = "There is no container 'no-such-container' in the storage account."
    assert (job["status"], error["innererror"]["message"]) == ("failed", message)
    assert call("GET", f"{CURRENT}/{project}").status_code == 404


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"projectFileVersion": None}, "projectFileVersion is missing."),
        ({"stringIndexType": None}, "stringIndexType is missing."),
        ({"metadata": None}, "metadata is missing."),
        ({"assets": {"classes": [{"category": "A"}, {"category": "A"}]}}, "A class is named twice."),
        ({"assets": {"classes": [{"category": "A"}], "documents": [{"location": "x", "classes": [{"category": "B"}]}]}},
         "'x' has the class 'B', which is not among the classes."),
        ({"assets": {"classes": [], "documents": []}}, "It has 0 classes: 1 to 200 are allowed."),
        ({"assets": {"projectKind": "CustomSingleLabelClassification", "classes": []}}, "assets.projectKind and"),
        ({"assets": {"classes": [{"category": "A"}], "documents": [{"location": "x", "dataset": "Dev"}]}},
         "The dataset 'Dev' is not supported"),
    ],
)  # fmt: skip
def test_an_import_that_cannot_be(
    call: Caller, texts: str, project: str, changes: dict[str, Any], message: str
) -> None:
    answer = call("POST", f"{CURRENT}/{project}/:import", current_labels(texts, **changes))
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"]["message"].startswith(message)


@pytest.mark.parametrize(
    ("version", "given", "status"),
    [
        ("2025-05-15-preview", "json", 202),
        ("2025-05-15-preview", "JSON", 202),
        ("2025-05-15-preview", "aml", 400),
        ("2025-05-15-preview", "", 400),
        ("2023-04-01", "aml", 202),  # which knows of no formats
    ],
)
def test_in_previews_an_import_has_a_format(
    *, call: Caller, texts: str, project: str, version: str, given: str, status: int
) -> None:
    address = f"{call.service.endpoint}{CURRENT}/{project}/:import?api-version={version}"
    headers = {"Ocp-Apim-Subscription-Key": call.service.key, "format": given}
    answer = requests.post(address, json=current_labels(texts), headers=headers, timeout=30)
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["error"]["innererror"]["target"] == "format"


def _exported(call: Caller, project: str) -> dict[str, Any]:
    job = call.done(call("POST", f"{CURRENT}/{project}/:export", stringIndexType="Utf16CodeUnit"))
    found: dict[str, Any] = call("GET", job["resultUrl"]).json()
    return found


@pytest.mark.parametrize("kind", ["CustomMultiLabelClassification", "CustomSingleLabelClassification"])
def test_what_is_exported_can_be_imported(call: Caller, texts: str, project: str, kind: str) -> None:
    import_labels(call, project, texts, kind)
    exported = _exported(call, project)
    given = current_labels(texts, kind)
    assert exported == {**given, "metadata": {**given["metadata"], "projectName": project}}
    call.done(call("POST", f"{CURRENT}/{project}/:import", exported))


def test_an_export_is_addressed_as_recorded(call: Caller, texts: str, project: str) -> None:
    import_labels(call, project, texts)
    answer = call("POST", f"{CURRENT}/{project}/:export", stringIndexType="Utf16CodeUnit")
    assert_accepted(call, answer, f"/{project}/export/jobs")
    address, _, query = answer.headers["operation-location"].partition("?")
    assert call.done(answer)["resultUrl"] == f"{address}/result?{query}"
    assert call("POST", f"{CURRENT}/{project}/:export").status_code == 400


def test_training_is_seen_in_the_steps_that_were_recorded(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock, pace="realistic") as call:
        importing = call("POST", f"{CURRENT}/{project}/:import", current_labels(texts))
        clock.advance(20)
        call.done(importing)
        options = {"kind": "percentage", "trainingSplitPercentage": 80, "testingSplitPercentage": 20}
        body = {"modelLabel": "model1", "trainingConfigVersion": "latest", "evaluationOptions": options}
        answer = call("POST", f"{CURRENT}/{project}/:train", body)
        assert_accepted(call, answer, f"/{project}/train/jobs")
        seen = _steps(call, clock, answer.headers["operation-location"])
        assert seen == [
            ("notStarted", _part("notStarted"), _part("notStarted"), None, None),
            ("running", _part("notStarted"), _part("notStarted"), None, None),
            ("running", _part("running", "30"), _part("notStarted"), "2026-03-04T05:08:02.8912340Z", None),
            ("running", _part("succeeded", "30", "58"), _part("running"), "2026-03-04T05:08:02.8912340Z", None),
            ("running", _part("succeeded", "30", "58"), _part("succeeded", "58", "32"), None, None),
            ("succeeded", _part("succeeded", "30", "58"), _part("succeeded", "58", "32"), None, []),
        ]


def _steps(call: Caller, clock: Clock, address: str) -> list[Any]:
    """What a training is seen as at each of its moments; the work is finished before the clock moves on."""
    seen = [_seen(call("GET", address).json())]
    for seconds, wanted in ((1, "running"), (2, "running"), (28, "running"), (34, "running"), (30, "succeeded")):
        clock.advance(seconds)
        seen.append(_seen(call.until(address, partial(_has_moved_on, seen[-1], wanted))))
    return seen


def _has_moved_on(last: Any, wanted: str, job: dict[str, Any]) -> bool:
    """Not by its progress alone."""
    return bool(job["status"] == wanted and _statuses(_seen(job)) != _statuses(last))


def _statuses(seen: Any) -> Any:
    status, *parts, _, _ = seen
    return status, *(part["status"] for part in parts)


def _seen(job: dict[str, Any]) -> Any:
    result = job["result"]
    assert (result["modelLabel"], result["trainingConfigVersion"]) == ("model1", "2022-05-01")
    parts = [_short(result[name]) for name in ("trainingStatus", "evaluationStatus")]
    return job["status"], *parts, result.get("estimatedEndDateTime"), job.get("warnings")


def _short(part: dict[str, Any]) -> dict[str, Any]:
    """With the seconds of its times alone."""
    return {name: value.partition(".")[0][-2:] if "DateTime" in name else value for name, value in part.items()}


def _part(status: str, start: str | None = None, end: str | None = None) -> dict[str, Any]:
    times = {"startDateTime": start, "endDateTime": end}
    percent = 100 if status == "succeeded" else 0
    return {"percentComplete": percent, **{name: at for name, at in times.items() if at}, "status": status}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"modelLabel": None}, "modelLabel is missing."),
        ({"modelLabel": "my model"}, "'my model' cannot name a model"),
        ({"trainingConfigVersion": None}, "trainingConfigVersion is missing."),
        ({"trainingConfigVersion": "2019-01-01"}, "trainingConfigVersion must be latest or 2022-05-01."),
        ({"evaluationOptions": {"trainingSplitPercentage": 90}}, "trainingSplitPercentage and testingSplitPercentage"),
        ({"evaluationOptions": {"kind": "random"}}, "evaluationOptions.kind must be percentage or manual."),
        ({"evaluationOptions": {"testingSplitPercentage": True}}, "evaluationOptions.testingSplitPercentage must be"),
    ],
)
def test_a_training_that_cannot_be(call: Caller, deployed: Deployed, changes: dict[str, Any], message: str) -> None:
    body = {"modelLabel": "M", "trainingConfigVersion": "latest", **changes}
    answer = call("POST", f"{CURRENT}/{deployed.multi}/:train", body)
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"]["message"].startswith(message)


def test_texts_that_cannot_be_learned_from_are_warned_of(call: Caller, texts: str, project: str) -> None:
    labels = current_labels(texts)
    labels["assets"]["documents"].append({"location": "gone.txt", "classes": [{"category": "Space"}]})
    call.done(call("POST", f"{CURRENT}/{project}/:import", labels))
    message = "gone.txt was skipped: it does not exist, is too large or is not UTF-8 text."
    assert train(call, project)["warnings"] == [{"code": "Warning", "message": message}]


def test_documents_without_a_class_are_not_learned_from(call: Caller, texts: str, project: str) -> None:
    labels = current_labels(texts, "CustomSingleLabelClassification")
    labels["assets"]["documents"].append({"location": "Both_0.txt"})
    call.done(call("POST", f"{CURRENT}/{project}/:import", labels))
    assert train(call, project)["warnings"] == []


@pytest.mark.parametrize("spelled", ["Utf16CodeUnit", "UTF16CodeUnit", "utf16codeunit"])
def test_the_string_index_type_may_be_in_any_case(call: Caller, deployed: Deployed, spelled: str) -> None:
    results = f"{CURRENT}/{deployed.multi}/models/M/evaluation/result"
    assert call("GET", results, stringIndexType=spelled).status_code == 200
    call.done(call("POST", f"{CURRENT}/{deployed.multi}/:export", stringIndexType=spelled))
    assert call("GET", results, stringIndexType="UnicodeCodePoint").status_code == 400


def test_a_training_can_be_cancelled_and_its_project_is_free_again(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock, pace="seconds") as call:
        importing = call("POST", f"{CURRENT}/{project}/:import", current_labels(texts))
        clock.advance(5)
        call.done(importing)
        body = {"modelLabel": "M", "trainingConfigVersion": "latest"}
        training = call("POST", f"{CURRENT}/{project}/:train", body).headers["operation-location"]
        cancelling = call("POST", training.replace("?", "/:cancel?"))
        assert (cancelling.status_code, cancelling.headers["operation-location"]) == (202, training)
        job = call("GET", training).json()
        assert (job["status"], job["result"]["trainingStatus"]["status"]) == ("cancelling", "notStarted")
        again = call("POST", training.replace("?", "/:cancel?"))
        assert (again.status_code, call("GET", training).json()) == (202, job)
        assert call("POST", f"{CURRENT}/{project}/:train", body).status_code == 409
        clock.advance(0.4)
        job = call("GET", training).json()
        parts = job["result"]["trainingStatus"], job["result"]["evaluationStatus"]
        assert (job["status"], job["warnings"]) == ("cancelled", [])
        assert parts == tuple({"percentComplete": 0, "status": status} for status in ("cancelled", "notStarted"))
        assert call("POST", training.replace("?", "/:cancel?")).status_code == 400
        clock.advance(60)
        assert call("GET", f"{CURRENT}/{project}/models").json() == {"value": [], "nextLink": None}
        assert call("POST", f"{CURRENT}/{project}/:train", body).status_code == 202


def test_a_training_that_is_cancelled_while_it_is_evaluated_keeps_its_model(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        import_labels(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        body = {"modelLabel": "M", "trainingConfigVersion": "latest"}
        training = call("POST", f"{CURRENT}/{project}/:train", body).headers["operation-location"]
        clock.advance(31)
        before = call.until(training, lambda job: job["result"]["evaluationStatus"]["status"] == "running")
        assert call("POST", training.replace("?", "/:cancel?")).status_code == 202
        cancelling = call("GET", training).json()
        del before["result"]["estimatedEndDateTime"]
        assert cancelling == {**before, "status": "cancelling", "warnings": []}
        clock.advance(3)
        assert call("GET", training).json()["status"] == "cancelling"
        assert call("GET", f"{CURRENT}/{project}/models/M").status_code == 404
        clock.advance(1)
        job = call("GET", training).json()
        assert (job["status"], job["warnings"]) == ("succeeded", [])
        assert job["result"]["trainingStatus"] == before["result"]["trainingStatus"]
        assert job["result"]["evaluationStatus"] == {"percentComplete": 0, "status": "cancelled"}
        assert job["lastUpdatedDateTime"] == "2026-03-04T05:06:42Z"
        assert call("GET", f"{CURRENT}/{project}/models/M").status_code == 200
        assert call("GET", f"{CURRENT}/{project}/models/M/evaluation/summary-result").status_code == 404


def test_a_training_that_is_cancelled_while_it_is_evaluated_ends_so_after_a_restart_too(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        import_labels(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        body = {"modelLabel": "M", "trainingConfigVersion": "latest"}
        training = call("POST", f"{CURRENT}/{project}/:train", body).headers["operation-location"]
        clock.advance(31)
        call.until(training, lambda job: job["result"]["evaluationStatus"]["status"] == "running")
        assert call("POST", training.replace("?", "/:cancel?")).status_code == 202
        path = training.removeprefix(call.service.endpoint)
    clock.advance(60)
    with start(clock=clock, pace="realistic") as call:
        job = call.until(call.service.endpoint + path, lambda job: job["status"] != "cancelling")
        parts = job["result"]["trainingStatus"]["status"], job["result"]["evaluationStatus"]["status"]
        assert (job["status"], job["warnings"], parts) == ("succeeded", [], ("succeeded", "cancelled"))
        assert call("GET", f"{CURRENT}/{project}/models/M").status_code == 200
        assert call("GET", f"{CURRENT}/{project}/models/M/evaluation/summary-result").status_code == 404


def test_a_training_that_is_being_cancelled_is_not_begun_again_by_a_restart(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        import_labels(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        body = {"modelLabel": "M", "trainingConfigVersion": "latest"}
        training = call("POST", f"{CURRENT}/{project}/:train", body).headers["operation-location"]
        assert call("POST", training.replace("?", "/:cancel?")).status_code == 202
        path = training.removeprefix(call.service.endpoint)
    clock.advance(4)
    with start(clock=clock) as call:
        job = call("GET", call.service.endpoint + path).json()
        assert (job["status"], job["lastUpdatedDateTime"]) == ("cancelled", "2026-03-04T05:06:11Z")
        assert call("GET", f"{CURRENT}/{project}/models").json()["value"] == []


def test_the_progress_of_a_training_counts_the_texts_that_are_read(
    start: Callable[..., Any], texts: str, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    advance = JobRunner.advance

    def recorded(runner: JobRunner, job: Job, percent: int) -> None:
        seen.append(percent)
        advance(runner, job, percent)

    monkeypatch.setattr(training, "TEXTS_AT_ONCE", 8)  # of 24
    monkeypatch.setattr(JobRunner, "advance", recorded)
    with start() as call:
        train_project(call, project, texts)
    assert seen == sorted(seen)
    assert (seen[:3], seen[-1]) == ([0, 10, 20], 100)


def test_trainings_are_listed(call: Caller, texts: str, project: str) -> None:
    import_labels(call, project, texts)
    first, second = train(call, project, "One"), train(call, project, "Two")
    assert call("GET", f"{CURRENT}/{project}/train/jobs").json() == {"value": [first, second], "nextLink": None}


def test_models_are_listed_got_and_deleted(start: Callable[..., Any], clock: Clock, texts: str, project: str) -> None:
    with start(clock=clock) as call:
        import_labels(call, project, texts)
        train(call, project, "model1")
        found = call("GET", f"{CURRENT}/{project}/models/model1").json()
        assert re.fullmatch("model1-20260304T050607-[0-9a-f]{32}", found["modelId"])
        assert found == {
            "label": "model1",
            "modelId": found["modelId"],
            "lastTrainedDateTime": "2026-03-04T05:06:07Z",
            "lastTrainingDurationInSeconds": 0,
            "modelExpirationDate": "2027-03-04",
            "modelTrainingConfigVersion": "2022-05-01",
            "hasSnapshot": True,
        }
        assert call("GET", f"{CURRENT}/{project}/models").json() == {"value": [found], "nextLink": None}
        older = call("GET", f"{CURRENT}/{project}/models/model1", **{"api-version": "2022-05-01"}).json()
        assert "hasSnapshot" not in older
        answer = call("DELETE", f"{CURRENT}/{project}/models/model1")
        assert (answer.status_code, answer.content) == (204, b"")
        assert call("DELETE", f"{CURRENT}/{project}/models/model1").json()["error"]["code"] == "NotFound"


def test_a_snapshot_brings_back_the_labels_that_a_model_was_trained_with(
    call: Caller, texts: str, project: str
) -> None:
    train_project(call, project, texts)
    before = exported(call, project)["assets"]
    labels = current_labels(texts)
    del labels["assets"]["documents"][0]
    call.done(call("POST", f"{CURRENT}/{project}/:import", labels))
    changed = exported(call, project)["assets"]
    assert len(changed["documents"]) == len(before["documents"]) - 1
    assert (
        exported(call, project, trainedModelLabel="M", assetKind="CustomMultiLabelClassification")["assets"] == before
    )
    model = f"{CURRENT}/{project}/models/M"
    answer = call("POST", f"{model}/:load-snapshot")
    assert_accepted(call, answer, f"/{project}/models/M/load-snapshot/jobs")
    assert call.done(answer)["status"] == "succeeded"
    assert exported(call, project)["assets"] == before
    for version, label, code in ((VERSION, "N", "NotFound"), ("2022-05-01", "M", "404")):
        refused = call("POST", f"{CURRENT}/{project}/models/{label}/:load-snapshot", **{"api-version": version})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, code)


def exported(call: Caller, project: str, **query: str) -> dict[str, Any]:
    query = {"stringIndexType": "Utf16CodeUnit", **query}
    job = call.done(call("POST", f"{CURRENT}/{project}/:export", **query))
    found: dict[str, Any] = call("GET", job["resultUrl"]).json()
    return found


@pytest.mark.parametrize(
    "version", ["2022-10-01-preview", "2023-04-15-preview", "2024-11-15-preview", "2025-05-15-preview"]
)
def test_newer_api_versions_are_served_too(call: Caller, deployed: Deployed, version: str) -> None:
    answer = call("GET", f"{CURRENT}/{deployed.multi}/models", **{"api-version": version})
    assert (answer.status_code, answer.json()["value"][0]["hasSnapshot"]) == (200, True)


@pytest.mark.parametrize("threshold", [-0.1, 1.1, "0.5", True, {}])
def test_a_threshold_that_cannot_be(call: Caller, project: str, threshold: Any) -> None:
    body = {
        "projectKind": "CustomMultiLabelClassification",
        "storageInputContainerName": "texts",
        "projectName": project,
        "language": "en",
        "settings": {"confidenceThreshold": threshold},
    }
    answer = call("PATCH", f"{CURRENT}/{project}", body)
    assert (answer.status_code, answer.json()["error"]["innererror"]["target"]) == (400, "settings.confidenceThreshold")


def test_training_a_label_again_replaces_the_model(call: Caller, texts: str, project: str) -> None:
    train_project(call, project, texts)
    first = call("GET", f"{CURRENT}/{project}/models/M").json()["modelId"]
    train(call, project)
    (second,) = call("GET", f"{CURRENT}/{project}/models").json()["value"]
    assert second["modelId"] != first


def test_a_project_holds_ten_models(call: Caller, texts: str, project: str) -> None:
    import_labels(call, project, texts)
    for number in range(10):
        train(call, project, f"M{number}")
    answer = call("POST", f"{CURRENT}/{project}/:train", {"modelLabel": "M10", "trainingConfigVersion": "latest"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "QuotaExceeded")
    train(call, project, "M3")


def test_the_evaluation_of_a_multi_label_model(call: Caller, texts: str, project: str) -> None:
    train_project(call, project, texts)
    model = f"{CURRENT}/{project}/models/M"
    summary = call("GET", f"{model}/evaluation/summary-result").json()
    documents = call("GET", f"{model}/evaluation/result", stringIndexType="Utf16CodeUnit").json()["value"]
    assert set(summary) == {"projectKind", "evaluationOptions", "customMultiLabelClassificationEvaluation"}
    assert summary["projectKind"] == "CustomMultiLabelClassification"
    split = {"kind": "percentage", "trainingSplitPercentage": 80, "testingSplitPercentage": 20}
    assert summary["evaluationOptions"] == split
    evaluation = summary["customMultiLabelClassificationEvaluation"]
    assert set(evaluation) == {
        "classes", "microF1", "microPrecision", "microRecall", "macroF1", "macroPrecision", "macroRecall"
    }  # fmt: skip
    for name, figures in evaluation["classes"].items():
        results = [it["customMultiLabelClassificationResult"] for it in documents]
        pairs = [(name in it["expectedClasses"], name in it["predictedClasses"]) for it in results]
        assert figures == {
            "f1": figures["f1"],
            "precision": figures["precision"],
            "recall": figures["recall"],
            "truePositiveCount": pairs.count((True, True)),
            "trueNegativeCount": pairs.count((False, False)),
            "falsePositiveCount": pairs.count((False, True)),
            "falseNegativeCount": pairs.count((True, False)),
        }
    for found in documents:
        assert set(found) == {"location", "language", "projectKind", "customMultiLabelClassificationResult"}
        expected = found["customMultiLabelClassificationResult"]["expectedClasses"]
        assert set(expected) == set(labelled_texts()[found["location"]])


def test_the_evaluation_of_a_single_label_model(call: Caller, deployed: Deployed) -> None:
    model = f"{CURRENT}/{deployed.single}/models/M"
    summary = call("GET", f"{model}/evaluation/summary-result").json()
    evaluation = summary["customSingleLabelClassificationEvaluation"]
    assert summary["projectKind"] == "CustomSingleLabelClassification"
    nothing = {
        "f1": 0.0, "precision": 0.0, "recall": 0.0, "truePositiveCount": 0, "trueNegativeCount": 0,
        "falsePositiveCount": 0, "falseNegativeCount": 0,
    }  # fmt: skip
    assert evaluation["classes"]["None"] == nothing
    assert evaluation["confusionMatrix"]["None"] == {}
    documents = call("GET", f"{model}/evaluation/result", stringIndexType="Utf16CodeUnit").json()["value"]
    results = [it["customSingleLabelClassificationResult"] for it in documents]
    assert all(set(it) == {"expectedClass", "predictedClass"} for it in results)
    for expected, row in evaluation["confusionMatrix"].items():
        for predicted, cell in row.items():
            wanted = {"expectedClass": expected, "predictedClass": predicted}
            assert cell["rawValue"] == results.count(wanted) > 0
            assert isinstance(cell["rawValue"], float)
            of_row = sum(it["expectedClass"] == expected for it in results)
            assert cell["normalizedValue"] == pytest.approx(100 * cell["rawValue"] / of_row)


def test_a_manual_split_is_evaluated_on_the_documents_marked_for_it(call: Caller, texts: str, project: str) -> None:
    labels = current_labels(texts)
    for number, item in enumerate(labels["assets"]["documents"]):
        item["dataset"] = "Test" if number % 4 == 0 else "Train"
    call.done(call("POST", f"{CURRENT}/{project}/:import", labels))
    train(call, project, evaluationOptions={"kind": "manual"})
    model = f"{CURRENT}/{project}/models/M"
    assert call("GET", f"{model}/evaluation/summary-result").json()["evaluationOptions"] == {"kind": "manual"}
    results = call("GET", f"{model}/evaluation/result", stringIndexType="Utf16CodeUnit").json()["value"]
    marked = [it["location"] for it in labels["assets"]["documents"] if it["dataset"] == "Test"]
    assert sorted(it["location"] for it in results) == sorted(marked)


def test_a_model_of_few_documents_has_no_evaluation(call: Caller, texts: str, project: str) -> None:
    labels = current_labels(texts)
    labels["assets"]["documents"] = labels["assets"]["documents"][3:11]
    call.done(call("POST", f"{CURRENT}/{project}/:import", labels))
    train(call, project)
    answer = call("GET", f"{CURRENT}/{project}/models/M/evaluation/summary-result")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
    assert "fewer than 10 documents" in answer.json()["error"]["message"]


def test_deploying_a_model(start: Callable[..., Any], clock: Clock, texts: str, project: str) -> None:
    with start(clock=clock) as call:
        train_project(call, project, texts)
        place = f"{CURRENT}/{project}/deployments/production"
        answer = call("PUT", place, {"trainedModelLabel": "M"})
        assert_accepted(call, answer, f"/{project}/deployments/production/jobs")
        assert call.done(answer)["expirationDateTime"] == "2026-03-11T05:06:07Z"
        expected = {
            "deploymentName": "production",
            "modelId": call("GET", f"{CURRENT}/{project}/models/M").json()["modelId"],
            "lastTrainedDateTime": "2026-03-04T05:06:07Z",
            "lastDeployedDateTime": "2026-03-04T05:06:07Z",
            "deploymentExpirationDate": "2027-08-26",
            "modelTrainingConfigVersion": "2022-05-01",
        }
        assert call("GET", place).json() == expected
        assert call("GET", f"{CURRENT}/{project}/deployments").json() == {"value": [expected], "nextLink": None}
        found = call("GET", f"{CURRENT}/{project}").json()
        assert {"lastTrainedDateTime", "lastDeployedDateTime"}.isdisjoint(found)


def test_a_deployment_changes_its_project(start: Callable[..., Any], clock: Clock, texts: str, project: str) -> None:
    place = f"{CURRENT}/{project}/deployments/production"
    with start(clock=clock) as call:
        import_labels(call, project, texts)
        clock.advance(10)
        train(call, project)
        changed = [call("GET", f"{CURRENT}/{project}").json()["lastModifiedDateTime"]]
        for method in ("PUT", "DELETE"):
            clock.advance(10)
            call.done(call(method, place, {"trainedModelLabel": "M"} if method == "PUT" else None))
            changed.append(call("GET", f"{CURRENT}/{project}").json()["lastModifiedDateTime"])
        assert changed == [f"2026-03-04T05:06:{second:02}Z" for second in (7, 27, 37)]


def test_a_deployed_model_cannot_be_deleted_before_its_deployment(call: Caller, texts: str, project: str) -> None:
    train_project(call, project, texts)
    place = f"{CURRENT}/{project}/deployments/production"
    call.done(call("PUT", place, {"trainedModelLabel": "M"}))
    assert call("DELETE", f"{CURRENT}/{project}/models/M").status_code == 409
    answer = call("DELETE", place)
    assert_accepted(call, answer, f"/{project}/deployments/production/jobs")
    call.done(answer)
    assert call("GET", place).json()["error"]["code"] == "NotFound"
    assert call("DELETE", f"{CURRENT}/{project}/models/M").status_code == 204


def test_a_project_holds_ten_deployments(call: Caller, texts: str, project: str) -> None:
    train_project(call, project, texts)
    for number in range(10):
        deploy_model(call, project, name=f"D{number}")
    answer = call("PUT", f"{CURRENT}/{project}/deployments/D10", {"trainedModelLabel": "M"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "QuotaExceeded")


def test_swapping_exchanges_the_models_of_two_deployments(call: Caller, texts: str, project: str) -> None:
    import_labels(call, project, texts)
    places = {"production": "One", "staging": "Two"}
    for place, label in places.items():
        train(call, project, label)
        deploy_model(call, project, label, place)
    before = {place: _deployed_model(call, project, place) for place in places}
    body = {"firstDeploymentName": "production", "secondDeploymentName": "staging"}
    answer = call("POST", f"{CURRENT}/{project}/deployments/:swap", body)
    assert_accepted(call, answer, f"/{project}/deployments/swap/jobs")
    call.done(answer)
    after = {place: _deployed_model(call, project, place) for place in places}
    assert after == {"production": before["staging"], "staging": before["production"]}
    body["secondDeploymentName"] = "nowhere"
    assert call("POST", f"{CURRENT}/{project}/deployments/:swap", body).status_code == 404


def _deployed_model(call: Caller, project: str, place: str) -> str:
    return str(call("GET", f"{CURRENT}/{project}/deployments/{place}").json()["modelId"])


def test_deleting_a_project(start: Callable[..., Any], clock: Clock, texts: str, project: str) -> None:
    with start(clock=clock, pace="seconds") as call:
        call("PATCH", f"{CURRENT}/{project}", body_of(project, texts))
        answer = call("DELETE", f"{CURRENT}/{project}")
        assert_accepted(call, answer, "/global/deletion-jobs")
        assert call("GET", f"{CURRENT}/{project}").status_code == 200
        clock.advance(2)
        call.done(answer)
        assert call("GET", f"{CURRENT}/{project}").status_code == 404
        assert call("DELETE", f"{CURRENT}/{project}").status_code == 404


def test_languages_and_configurations_are_listed(call: Caller) -> None:
    languages = call("GET", f"{CURRENT}/global/languages").json()["value"]
    codes = [it["languageCode"] for it in languages]
    assert {"en", "en-us"} < set(codes)
    assert all(set(it) == {"languageName", "languageCode"} for it in languages)
    kind = {"projectKind": "CustomMultiLabelClassification"}
    (config,) = call("GET", f"{CURRENT}/global/training-config-versions", **kind).json()["value"]
    assert config["trainingConfigVersion"] == "2022-05-01"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", config["modelExpirationDate"])
    assert call("GET", f"{CURRENT}/global/training-config-versions").status_code == 400


@pytest.mark.parametrize(
    "path",
    ["import/jobs/x", "export/jobs/x", "train/jobs/x", "deployments/D/jobs/x", "deployments/swap/jobs/x"],
)
def test_an_unknown_job_is_not_found(call: Caller, deployed: Deployed, path: str) -> None:
    answer = call("GET", f"{CURRENT}/{deployed.multi}/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "OperationNotFound")
    answer = call("GET", f"{CURRENT}/none/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ProjectNotFound")


def test_a_job_is_only_found_where_it_belongs(call: Caller, texts: str, project: str) -> None:
    import_labels(call, project, texts)
    job = train(call, project)["jobId"]
    assert call("GET", f"{CURRENT}/{project}/train/jobs/{job}").status_code == 200
    for path in (
        f"{project}/import/jobs",
        f"{project}/deployments/swap/jobs",
        "none/train/jobs",
        "global/deletion-jobs",
    ):
        assert call("GET", f"{CURRENT}/{path}/{job}").status_code == 404
