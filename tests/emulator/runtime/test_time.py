"""What time and restarts do: expiry, paces, work that is done again, state that stays."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from msgspec.structs import replace

from local.errors import SetupError
from local.language.conditions.clock import Clock
from local.language.conditions.pacing import PACES, Pace, steps
from local.language.jobs.partial_results import PartialResults
from local.language.jobs.runner import MAX_SWEPT, Effect, JobRunner
from local.language.protocol.service_errors import ServiceError
from local.language.server import handlers
from local.language.server.router import Router
from local.language.state.json_table import JsonTable
from local.language.state.records import Ending, Job
from local.language.state.state import State
from tests.emulator.runtime.analyzing import submit
from tests.support.language_caller import (
    CURRENT,
    PREVIEW,
    START,
    Caller,
    create_preview,
    current_labels,
    deploy_model,
    deploy_project,
    import_labels,
    input_document,
    train,
)

JOBS = "/language/analyze-text/jobs"
TRAINING = {"modelLabel": "M", "trainingConfigVersion": "latest"}


def submitted(call: Caller, project: str) -> str:
    """The address of an analyze job."""
    answer = submit(call, project, input_document(1, "Space"))
    assert answer.status_code == 202, answer.text
    return answer.headers["operation-location"]


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("kind", ["train", "analyze", "import", "deploy"])
def test_every_pace_has_a_moment_for_every_step(pace: str, kind: str) -> None:
    moments = PACES[pace].get(kind, PACES[pace]["other"])
    assert len(moments) == len(steps(kind)) - 1
    assert list(moments) == sorted(moments)


@pytest.mark.parametrize(
    ("pace", "kind", "seconds"),
    [
        ("seconds", "train", (0.4, 0.8, 1.6, 2.2, 2.6)),
        ("5s", "analyze", (1.25, 5)),
        ("7.5s", "deploy", (2, 7.5)),
        ("0s", "train", (0, 0, 0, 0, 0)),
        ("analyze=5s", "import", (0, 0)),
        ("seconds, analyze=instant, import=15s", "analyze", (0, 0)),
        ("seconds, analyze=instant, import=15s", "import", (4, 15)),
        ("analyze=instant,realistic", "swap", (3, 20)),
    ],
)
def test_a_pace_is_a_word_or_a_number_for_all_or_for_some(pace: str, kind: str, seconds: tuple[float, ...]) -> None:
    moments = Pace.parse(pace, handlers.KINDS).moments(kind, START)
    assert [round((moment - START).total_seconds(), 6) for moment in moments] == list(seconds)


@pytest.mark.parametrize(
    "pace", ["", "fast", "5", "s", "-1s", "nans", "infs", "1e9s", "analyze=", "analyze=soon", "dance=5s", "=5s"]
)
def test_a_pace_that_makes_no_sense_is_named(pace: str) -> None:
    with pytest.raises(SetupError, match=r"does not exist: use instant|no kind of job"):
        Pace.parse(pace, handlers.KINDS)


def test_a_clock_goes_with_the_machine_or_stands_and_can_be_moved() -> None:
    standing, going = Clock(START), Clock()
    before = going.now()
    for clock in (standing, going):
        clock.advance(90)
    assert standing.now() == START + timedelta(seconds=90)
    assert going.now() >= before + timedelta(seconds=90)


def test_analyze_jobs_expire_after_a_day_and_authoring_jobs_after_a_week(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        deploy_project(call, project, texts)
        training = f"{CURRENT}/{project}/train/jobs"
        (job,) = call("GET", training).json()["value"]
        address = submitted(call, project)
        call.until(address, lambda job: job["status"] == "succeeded")
        clock.advance(24 * 3600 - 1)
        assert call("GET", address).status_code == 200
        clock.advance(1)
        assert call("GET", address).json()["error"]["code"] == "OperationNotFound"
        clock.advance(6 * 24 * 3600 - 1)
        assert call("GET", f"{training}/{job['jobId']}").status_code == 200
        clock.advance(1)
        assert call("GET", f"{training}/{job['jobId']}").json()["error"]["code"] == "OperationNotFound"
        assert call("GET", training).json()["value"] == []
        assert call("GET", f"{CURRENT}/{project}/models/M").status_code == 200


def test_what_a_job_made_has_the_times_of_its_end_whenever_somebody_asks(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        import_labels(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        job = call("POST", f"{CURRENT}/{project}/:train", TRAINING).headers["operation-location"]
        clock.advance(31)
        call.until(job, lambda job: job["result"]["trainingStatus"]["status"] == "succeeded")
        clock.advance(3600)
        model = call("GET", f"{CURRENT}/{project}/models/M").json()
        assert model["lastTrainedDateTime"] == "2026-03-04T05:07:42Z"  # 95 seconds after it was asked for
        assert (model["lastTrainingDurationInSeconds"], model["modelId"][:17]) == (95, "M-20260304T050742")


def test_what_expired_is_removed_from_disk(
    start: Callable[..., Any], clock: Clock, tmp_path: Path, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        deploy_project(call, project, texts)
        call.until(submitted(call, project), lambda job: job["status"] == "succeeded")
        files = [*(tmp_path / "language" / "analyses").iterdir(), *(tmp_path / "language" / "jobs").iterdir()]
        assert len(files) == 4
        clock.advance(8 * 24 * 3600)
        call("GET", CURRENT)
        assert [file for file in files if file.exists()] == []


def test_projects_models_and_jobs_outlive_a_restart(start: Callable[..., Any], texts: str, project: str) -> None:
    with start() as call:
        deploy_project(call, project, texts)
        first = call.service.endpoint
        address = submitted(call, project)
        job = call.until(address, lambda job: job["status"] == "succeeded")
        paths = [f"{CURRENT}/{project}{path}" for path in ("", "/models", "/train/jobs", "/deployments/D")]
        before = [call("GET", path).json() for path in paths]
    with start() as call:
        assert [call("GET", path).json() for path in paths] == before
        assert call("GET", address.replace(first, call.service.endpoint)).json() == job
        again = call.until(submitted(call, project), lambda job: job["status"] == "succeeded")
        assert again["tasks"]["items"][0]["results"] == job["tasks"]["items"][0]["results"]
        summary = call("GET", f"{CURRENT}/{project}/models/M/evaluation/summary-result")
        assert summary.status_code == 200


def test_what_was_under_way_is_done_after_a_restart(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        deploy_project(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        first = call.service.endpoint
        training = call("POST", f"{CURRENT}/{project}/:train", {**TRAINING, "modelLabel": "N"})
        importing = call("POST", f"{CURRENT}/{project}2/:import", current_labels(texts))
        addresses = [submitted(call, project), *(it.headers["operation-location"] for it in (training, importing))]
    clock.advance(3600)
    with start(clock=clock, pace="realistic") as call:
        for address in addresses:
            here = address.replace(first, call.service.endpoint)
            call.until(here, lambda job: job["status"] == "succeeded")
        assert call("GET", f"{CURRENT}/{project}/models/N").status_code == 200
        assert call("GET", f"{CURRENT}/{project}2").status_code == 200


def test_no_work_is_taken_up_before_the_routes_are_made(start: Callable[..., Any]) -> None:
    """Both use Python's parser, which in 3.11 may raise a SystemError if two threads are in it at once."""
    steps = {Router.__init__.__code__: "routes", handlers.start.__code__: "works"}
    seen = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code in steps:
            seen.append(frame.f_code)

    sys.setprofile(note)
    try:
        with start():
            pass
    finally:
        sys.setprofile(None)
    assert [steps[code] for code in seen] == ["routes", "works"]


def test_a_job_under_way_keeps_its_model_from_being_removed(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        deploy_project(call, project, texts)
    with start(clock=clock, pace="realistic") as call:
        first, address = call.service.endpoint, submitted(call, project)
    with start(clock=clock) as call:
        call.done(call("DELETE", f"{CURRENT}/{project}/deployments/D"))
        assert call("DELETE", f"{CURRENT}/{project}/models/M").status_code == 204
    with start(clock=clock) as call:
        clock.advance(12)
        job = call.until(
            f"{call.service.endpoint}{address.removeprefix(first)}", lambda job: job["tasks"]["items"] != []
        )
    assert job["tasks"]["items"][0]["results"]["documents"][0]["class"][0]["category"] == "Space"


def test_a_project_is_busy_after_a_restart_too(
    start: Callable[..., Any], clock: Clock, texts: str, project: str
) -> None:
    with start(clock=clock) as call:
        create_preview(call, project, texts)
    with start(clock=clock, pace="seconds") as call:
        task = {"tasks": [{"trainingModelName": "M"}]}
        assert call("POST", f"{PREVIEW}/{project}/train", task).status_code == 202
    with start(clock=clock, pace="seconds") as call:
        assert call("POST", f"{PREVIEW}/{project}/train", task).status_code == 409


def test_models_that_nothing_refers_to_are_removed_from_disk(
    start: Callable[..., Any], tmp_path: Path, texts: str, project: str
) -> None:
    folder = tmp_path / "language" / "models"
    with start() as call:
        deploy_project(call, project, texts)
        (deployed,) = folder.iterdir()
        train(call, project)
        assert len(list(folder.iterdir())) == 2
        deploy_model(call, project)
        assert not deployed.exists()
        call.done(call("DELETE", f"{CURRENT}/{project}"))
        assert list(folder.iterdir()) == []


def test_a_state_folder_that_cannot_be_read_is_named(start: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "language" / "projects").mkdir(parents=True)
    broken = tmp_path / "language" / "projects" / "x.json"
    broken.write_text('{"name": "x", "value": {}}')
    with pytest.raises(SetupError, match=r"x\.json cannot be read"), start():
        pass


def test_a_state_folder_is_for_one_service_at_a_time(start: Callable[..., Any]) -> None:
    with start() as call:
        expected = pytest.raises(SetupError, match=f"in use by another Language service .process {os.getpid()}.")
        with expected, start():
            pass
        assert call("GET", CURRENT).status_code == 200
    with start():
        pass


def test_a_state_folder_that_cannot_be_made_is_named(start: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "language").write_text("a file")
    with pytest.raises(SetupError, match=f"The state folder {tmp_path / 'language'} cannot be used"), start():
        pass


def test_what_a_process_was_writing_when_it_was_ended_is_taken_away(start: Callable[..., Any], tmp_path: Path) -> None:
    with start() as call:
        call("PATCH", f"{CURRENT}/P", {**current_labels("texts")["metadata"], "projectName": "P"})
    (written,) = (tmp_path / "language" / "projects").iterdir()
    draft = written.with_suffix(".draft")
    draft.write_text('{"name": "P", "val')
    with start() as call:
        assert call("GET", f"{CURRENT}/P").status_code == 200
        assert not draft.exists()


@pytest.fixture
def jobs(tmp_path: Path, clock: Clock) -> Any:
    """Jobs without a service: their works are the tests' own."""
    state = State(tmp_path / "state")
    made = JobRunner(state.jobs, state.lock, clock, {"other": 1})
    yield made
    made.stop()


def succeeding(_at: datetime) -> Ending:
    return Ending()


def job_in(seconds: float) -> Job:
    moments = (START, START + timedelta(seconds=seconds))
    return Job("j", "work", "P", START, START + timedelta(days=7), moments)


def test_a_job_is_never_seen_ahead_of_its_work(jobs: JobRunner, clock: Clock) -> None:
    started, released = threading.Event(), threading.Event()

    def work(_job: Job) -> Effect:
        started.set()
        assert released.wait(30)
        return lambda _at: Ending(result={"found": 1})

    jobs.start({"work": work})
    job = jobs.begin(job_in(5))
    assert started.wait(30)
    clock.advance(60)
    jobs.settle()
    assert (jobs.step(jobs.get("j")), jobs.updated(job)) == ("running", START)
    released.set()
    jobs.stop()
    jobs.settle()
    ended = jobs.get("j")
    assert (jobs.step(ended), ended.ended) == ("succeeded", START + timedelta(seconds=60))
    assert ended.ending == Ending(result={"found": 1})


def test_the_steps_of_a_job_are_put_off_until_its_work_has_begun_and_ended(jobs: JobRunner, clock: Clock) -> None:
    began, told = START + timedelta(seconds=1), []

    def work(_job: Job) -> Effect:
        clock.advance(59)
        return effect

    def effect(at: datetime) -> Ending:
        told.append(at)
        return Ending(result={"found": 1})

    clock.advance(1)
    jobs.start({"train": work})
    jobs.begin(replace(job_in(0), kind="train", moments=(START,) * 5))
    jobs.stop()
    clock.advance(3600)
    jobs.settle()
    assert jobs.get("j").moments == (began, began, *(began + timedelta(seconds=59),) * 3)
    assert told == [jobs.get("j").ended] == [began + timedelta(seconds=59)]


def test_a_job_is_never_seen_ahead_of_its_pace(jobs: JobRunner, clock: Clock) -> None:
    jobs.start({"work": lambda _job: succeeding})
    jobs.begin(job_in(5))
    jobs.stop()
    clock.advance(4.9)
    jobs.settle()
    assert jobs.step(jobs.get("j")) == "running"
    clock.advance(0.1)
    jobs.settle()
    assert (jobs.step(jobs.get("j")), jobs.get("j").ended) == ("succeeded", START + timedelta(seconds=5))


def test_of_very_many_expired_jobs_each_call_forgets_a_part(tmp_path: Path, clock: Clock) -> None:
    table = JsonTable(tmp_path, Job, durable=False)
    for number in range(MAX_SWEPT + 1):
        table.put(str(number), replace(job_in(0), id=str(number)))
    jobs = JobRunner(table, threading.RLock(), clock, {})
    clock.advance(8 * 24 * 3600)
    assert jobs.values() == []
    jobs.settle()
    assert len(table.items()) == 1
    jobs.settle()
    assert table.items() == []


def test_an_effect_that_breaks_ends_its_job_and_nobodys_call(jobs: JobRunner, caplog: pytest.LogCaptureFixture) -> None:
    def effect(_at: datetime) -> Ending:
        raise RuntimeError("a defect")

    jobs.start({"work": lambda _job: effect})
    jobs.begin(job_in(0))
    jobs.stop()
    jobs.settle()
    ending = jobs.get("j").ending
    assert ending is not None
    assert (ending.status, ending.errors[0].code) == ("failed", "InternalServerError")
    assert "a defect" in caplog.text


@pytest.mark.parametrize("way", ["stopped", "ended"])
def test_long_work_stops_when_it_is_not_wanted_any_more(jobs: JobRunner, way: str) -> None:
    started, released, deadline = threading.Event(), threading.Event(), time.monotonic() + 30

    def work(job: Job) -> Effect:
        started.set()
        while time.monotonic() < deadline:
            jobs.require_wanted(job)
            released.wait(0.001)
        return succeeding

    jobs.start({"work": work})
    job = jobs.begin(job_in(0))
    assert started.wait(30)
    if way == "ended":
        jobs.end(job, Ending("cancelled"))
    jobs.stop()
    assert time.monotonic() < deadline
    jobs.settle()
    assert jobs.step(jobs.get("j")) == ("cancelled" if way == "ended" else "notStarted")


@pytest.mark.parametrize(("after", "status", "ended"), [(3, "cancelled", 3), (5, "succeeded", 5), (9, "succeeded", 5)])
def test_a_job_ends_with_its_work_or_is_cancelled_whichever_is_first(
    jobs: JobRunner, clock: Clock, after: int, status: str, ended: int
) -> None:
    jobs.start({"work": lambda _job: succeeding})
    jobs.begin(replace(job_in(5), cancel_at=START + timedelta(seconds=after)))
    jobs.stop()
    clock.advance(60)
    jobs.settle()
    job = jobs.get("j")
    assert (jobs.step(job), job.ended) == (status, START + timedelta(seconds=ended))


@pytest.mark.parametrize("fate", ["breaks", "expires"])
def test_what_the_first_tasks_found_is_forgotten_with_their_job(tmp_path: Path, clock: Clock, fate: str) -> None:
    state, findings, found, released = State(tmp_path / "state"), PartialResults(), threading.Event(), threading.Event()
    jobs = JobRunner(state.analyses, state.lock, clock, {"other": 1}, findings.forget)

    def work(job: Job) -> Effect:
        findings.add(job, {"at": START.isoformat()})
        found.set()
        assert released.wait(30)
        raise RuntimeError("a defect")

    jobs.start({"work": work})
    job = jobs.begin(replace(job_in(0), request={"tasks": [{}, {}]}))
    assert found.wait(30)
    assert len(findings.visible(job, clock.now())) == 1
    if fate == "expires":
        clock.advance(8 * 24 * 3600)
        jobs.settle()
        assert findings.visible(job, clock.now()) == []
    released.set()
    jobs.stop()
    jobs.settle()
    assert findings.visible(job, clock.now()) == []


def test_work_that_breaks_ends_its_job(jobs: JobRunner, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    def work(_job: Job) -> Effect:
        raise RuntimeError("a defect")

    jobs.start({"work": work})
    jobs.begin(job_in(0))
    jobs.stop()
    jobs.settle()
    ending = jobs.get("j").ending
    assert ending is not None
    assert (ending.status, ending.errors[0].code) == ("failed", "InternalServerError")
    assert "a defect" in caplog.text
    clock.advance(7 * 24 * 3600)
    with pytest.raises(ServiceError):
        jobs.get("j")
