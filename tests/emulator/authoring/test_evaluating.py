"""Models evaluated again, in the previews of today's authoring protocol."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.language.conditions.clock import Clock
from tests.emulator.authoring.previewing import NEWEST, evaluation, newest, refusal
from tests.support.language_caller import CURRENT, Caller, Deployed, current_labels, import_labels, train, train_project

HALF = {"kind": "percentage", "trainingSplitPercentage": 50, "testingSplitPercentage": 50}


def evaluate(call: Caller, project: str, options: dict[str, Any]) -> dict[str, Any]:
    return call.done(newest(call, "POST", f"/{project}/models/M/:evaluate", options))


def test_an_evaluation_is_made_of_the_documents_that_its_split_holds_out(
    call: Caller, texts: str, project: str
) -> None:
    train_project(call, project, texts)
    _, first = evaluation(call, project)
    job = evaluate(call, project, HALF)
    summary, documents = evaluation(call, project)
    assert (len(first), len(documents)) == (5, 13)
    assert summary["evaluationOptions"] == HALF
    counted = sum(it["truePositiveCount"] + it["falseNegativeCount"] for it in counts(summary).values())
    assert counted == sum(len(it["customMultiLabelClassificationResult"]["expectedClasses"]) for it in documents)
    assert job["result"] == {
        "evaluationOptions": HALF,
        "modelLabel": "M",
        "trainingConfigVersion": "2022-05-01",
        "percentComplete": 100,
    }
    assert job["warnings"] == []


def counts(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = summary["customMultiLabelClassificationEvaluation"]["classes"]
    return found


def test_the_split_of_its_training_gives_the_evaluation_that_its_training_gave(
    call: Caller, texts: str, project: str
) -> None:
    train_project(call, project, texts, "CustomSingleLabelClassification")
    before = evaluation(call, project)
    evaluate(call, project, HALF)
    assert evaluation(call, project) != before
    evaluate(call, project, {})
    assert evaluation(call, project) == before


def test_a_manual_split_is_evaluated_on_the_labels_as_they_are_now(call: Caller, texts: str, project: str) -> None:
    train_project(call, project, texts)
    labels = current_labels(texts)
    labels["assets"]["classes"].append({"category": "Gardens"})  # of which the model knows nothing
    for document in labels["assets"]["documents"][:3]:
        document |= {"dataset": "Test", "classes": [{"category": "Gardens"}]}
    call.done(call("POST", f"{CURRENT}/{project}/:import", labels))
    evaluate(call, project, {"kind": "manual"})
    summary, documents = evaluation(call, project)
    assert summary["evaluationOptions"] == {"kind": "manual"}
    assert {it["location"] for it in documents} == {it["location"] for it in labels["assets"]["documents"][:3]}
    assert (counts(summary)["Gardens"]["falseNegativeCount"], counts(summary)["Gardens"]["recall"]) == (3, 0)


def test_a_training_makes_an_evaluation_of_its_own_and_the_other_goes_with_its_model(
    start: Callable[..., Any], tmp_path: Path, texts: str, project: str
) -> None:
    folder = tmp_path / "language" / "evaluations"
    with start() as call:
        train_project(call, project, texts)
        evaluate(call, project, HALF)
        assert len(list(folder.iterdir())) == 1
        train(call, project)
        assert evaluation(call, project)[0]["evaluationOptions"]["testingSplitPercentage"] == 20
        assert list(folder.iterdir()) == []


def test_a_training_that_holds_nothing_out_warns_that_there_is_no_evaluation(
    call: Caller, texts: str, project: str
) -> None:
    import_labels(call, project, texts)
    job = train(call, project, evaluationOptions={"kind": "manual"})
    assert ["no evaluation" in warning["message"] for warning in job["warnings"]] == [True]
    assert call("GET", f"{CURRENT}/{project}/models/M/evaluation/summary-result").status_code == 404


def test_where_nothing_is_held_out_the_evaluation_fails(call: Caller, texts: str, project: str) -> None:
    train_project(call, project, texts)
    job = call.ended(newest(call, "POST", f"/{project}/models/M/:evaluate", {"kind": "manual"}))
    assert (job["status"], job["result"]["percentComplete"]) == ("failed", 0)
    assert "No document is held out" in job["errors"][0]["message"]


@pytest.mark.parametrize(
    ("model", "options", "version", "expected"),
    [
        ("M", {"kind": "dice"}, NEWEST, (400, "InvalidArgument")),
        ("M", {"trainingSplitPercentage": 50, "testingSplitPercentage": 40}, NEWEST, (400, "InvalidArgument")),
        ("M", {"kind": 1}, NEWEST, (400, "InvalidRequest")),
        ("nobody", {}, NEWEST, (404, "NotFound")),
        ("M", {}, "2023-04-01", (404, "404")),
    ],
)
def test_an_evaluation_that_cannot_be(
    *, call: Caller, deployed: Deployed, model: str, options: dict[str, Any], version: str, expected: tuple[int, str]
) -> None:
    path = f"/{deployed.multi}/models/{model}/:evaluate"
    assert refusal(newest(call, "POST", path, options, **{"api-version": version})) == expected


def test_an_evaluation_under_way_is_seen_done_after_a_restart_and_stays(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        train_project(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        answer = newest(call, "POST", f"/{project}/models/M/:evaluate", HALF)
        address = answer.headers["operation-location"].removeprefix(call.service.endpoint)
        assert re.fullmatch(rf"{CURRENT}/{project}/models/M/evaluate/jobs/[^/]+\?api-version={NEWEST}", address)
        assert evaluation(call, project)[0]["evaluationOptions"]["testingSplitPercentage"] == 20
    clock.advance(3600)
    with start(clock=clock) as call:
        call.until(call.service.endpoint + address, lambda job: job["status"] == "succeeded")
        found = evaluation(call, project)
        assert found[0]["evaluationOptions"] == HALF
    with start(clock=clock) as call:
        assert evaluation(call, project) == found


def test_a_model_trained_again_meanwhile_is_not_given_the_evaluation_of_the_other(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock, pace="evaluate=60s") as call:
        train_project(call, project, texts)
        evaluating = newest(call, "POST", f"/{project}/models/M/:evaluate", HALF)
        train(call, project)
        clock.advance(60)
        job = call.ended(evaluating)
        assert (job["status"], job["errors"][0]["code"]) == ("failed", "Conflict")
        assert evaluation(call, project)[0]["evaluationOptions"]["testingSplitPercentage"] == 20
