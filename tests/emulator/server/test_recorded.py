"""Every exchange that was recorded from the service, once more with this one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from local.language.conditions.clock import Clock
from tests.emulator.server.replay import RECORDED, replay_exchange, replay_poll
from tests.support.language_caller import Caller, Deployed, current_labels, deploy_both, input_document, text_about

NAMES = {
    "unlike1": ("whisk sail " * 27)[:295],  # a little of each of two classes is none of either
    "unlike2": ("whisk sail " * 27)[:158],
    "like": f"{text_about('Space'):.<121}"[:121],
    "class": "Space",
}
COUNTED = (295, 158, 121)


def job_of(answer: requests.Response) -> str:
    address = answer.headers["operation-location"]
    return address.rpartition("/")[2].partition("?")[0]


def test_the_texts_are_as_long_as_those_that_were_recorded() -> None:
    assert tuple(len(NAMES[name]) for name in ("unlike1", "unlike2", "like")) == COUNTED


def test_every_recorded_exchange_is_replayed() -> None:
    source = Path(__file__).read_text()
    assert [name for name in RECORDED if f'"{name}"' not in source] == []


def test_an_analyze_job(call: Caller, deployed: Deployed) -> None:
    names = {**NAMES, "project": deployed.multi}
    submitted = replay_exchange(call.service, "submit", **names)
    call.done(submitted)
    replay_exchange(call.service, "status with statistics", job=job_of(submitted), **names)
    replay_exchange(call.service, "cancel a finished job", job=job_of(submitted), **names)


def test_an_error_of_one_document(call: Caller, deployed: Deployed) -> None:
    names = {**NAMES, "project": deployed.single}
    submitted = replay_exchange(call.service, "submit with an empty document", **names)
    call.done(submitted)
    replay_exchange(call.service, "status with an error of one document", job=job_of(submitted), **names)


@pytest.mark.parametrize("name", ["all documents empty", "too many documents", "duplicate ids"])
def test_documents_that_are_refused(call: Caller, deployed: Deployed, name: str) -> None:
    many = [input_document(number, "Space") for number in range(26)]
    replay_exchange(call.service, name, project=deployed.multi, many=many, **NAMES)


def test_tasks_without_names_of_their_own(call: Caller, deployed: Deployed) -> None:
    replay_exchange(call.service, "v3.2-preview.2 submit with two tasks without names", project=deployed.multi, **NAMES)


def test_a_wrong_key(call: Caller, deployed: Deployed) -> None:
    replay_exchange(call.service, "wrong key", key="wrong", project=deployed.multi, **NAMES)


@pytest.mark.parametrize(
    ("name", "status", "retry_after"), [("throttled", 429, 1), ("quota spent", 403, 15 * 24 * 3600)]
)
def test_too_much(start: Callable[..., Any], name: str, status: int, retry_after: int) -> None:
    with start() as call:
        fault = {"kind": "status", "status": status, "retryAfter": retry_after, "count": 1}
        assert call("POST", "/_local/faults", fault).status_code == 201
        replay_exchange(call.service, name, project="P", job="3fa85f64-5717-4562-b3fc-2c963f66afa6", **NAMES)


def test_an_unknown_project(call: Caller, project: str) -> None:
    replay_exchange(call.service, "unknown project", project=project)


def test_the_class_none_of_a_single_label_evaluation(call: Caller, deployed: Deployed) -> None:
    replay_exchange(call.service, "the class None of a single-label evaluation", project=deployed.single)


def test_the_sibling_of_the_quickstart(start: Callable[..., Any], clock: Clock, texts: str) -> None:
    with start() as call:
        names = {**NAMES, "project": deploy_both(call, texts).multi}
    with start(clock=clock, pace="realistic", shape="observed") as call:
        submitted = replay_exchange(call.service, "v3.2-preview.2 submit", **names)
        replay_exchange(call.service, "v3.2-preview.2 not started", job=job_of(submitted), **names)
        clock.advance(12)
        call.done(submitted)
        replay_exchange(call.service, "v3.2-preview.2 succeeded", job=job_of(submitted), **names)


def test_cancelling_a_running_job(start: Callable[..., Any], clock: Clock, texts: str) -> None:
    with start() as call:
        names = {**NAMES, "project": deploy_both(call, texts).multi}
    with start(clock=clock, pace="realistic") as call:
        parameters = {"projectName": names["project"], "deploymentName": "D"}
        task = {"kind": "CustomMultiLabelClassification", "parameters": parameters}
        tasks = [{**task, "taskName": str(number)} for number in range(5)]
        body = {"analysisInput": {"documents": [input_document(1, "Space")]}, "tasks": tasks}
        submitted = call("POST", "/language/analyze-text/jobs", body, **{"api-version": "2022-05-01"})
        clock.advance(7)  # of the ten seconds from 2 to 12, a fifth is each task's turn
        call.until(submitted.headers["operation-location"], lambda job: job["tasks"]["completed"] == 2)
        replay_exchange(call.service, "cancel a running job", job=job_of(submitted), **names)
        replay_exchange(call.service, "a cancelled job", job=job_of(submitted), **names)


def test_the_life_of_a_project(start: Callable[..., Any], clock: Clock, texts: str, project: str) -> None:
    names: dict[str, Any] = {"project": project, "container": texts, "assets": current_labels(texts)["assets"]}

    def follow(begin: str, poll: str, *moments: float) -> None:
        """`moments`: after how many seconds more the poll was answered with each of the recorded answers."""
        job = job_of(replay_exchange(call.service, begin, **names))
        for which, moment in enumerate(moments):
            clock.advance(moment)
            replay_poll(call.service, poll, which, job=job, **names)

    with start(clock=clock, pace="realistic") as call:
        replay_exchange(call.service, "create a project", **names)
        replay_exchange(call.service, "a project", **names)
        follow("import", "an import", 0, 3, 17)
        follow("train", "a training", 0, 3, 28, 64)
        follow("export", "an export", 20)
        deploying = replay_exchange(call.service, "deploy", **names)
        clock.advance(20)
        call.done(deploying)
        job = job_of(replay_exchange(call.service, "train", **names))
        replay_exchange(call.service, "cancel a training", job=job, **names)
        replay_exchange(call.service, "delete a project", **names)
