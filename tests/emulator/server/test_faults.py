"""Faults on request: what goes wrong, to which calls, and how often."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
import requests

from local.language.conditions.clock import Clock
from local.language.conditions.fault_injection import ERRORS, STATUSES, FaultOrder
from tests.emulator.runtime.analyzing import FAULTS, JOBS, order, struck, submit
from tests.support.language_caller import CURRENT, PREVIEW, Caller, deploy_project, input_document

POLL = f"{JOBS}/x"
Start = Callable[..., AbstractContextManager[Caller]]


@pytest.fixture
def faulty(start: Start, clock: Clock) -> Iterator[Caller]:
    """A service of one's own, under a clock that stands still."""
    with start(clock=clock) as call:
        yield call


@pytest.fixture
def faulty_deployed(faulty: Caller, project: str, texts: str) -> Caller:
    """The same, with a project to analyze with."""
    deploy_project(faulty, project, texts)
    return faulty


def error(answer: requests.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()["error"]
    return found


# --- status -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ERRORS)
def test_a_status_is_answered_in_the_services_envelope(faulty: Caller, status: int) -> None:
    order(faulty, "status", status=status, retryAfter=7)
    answer = faulty("GET", POLL)
    assert (answer.status_code, answer.headers["retry-after"]) == (status, "7")
    assert error(answer)["code"] == answer.headers["x-ms-error-code"] == ERRORS[status]


@pytest.mark.parametrize(("retry_after", "wait"), [(1, "1 second"), (90, "90 seconds"), (None, "1 second")])
def test_a_429_is_the_recorded_one(faulty: Caller, retry_after: int | None, wait: str) -> None:
    order(faulty, "status", status=429, retryAfter=retry_after)
    answer = faulty("GET", POLL)
    assert answer.headers.get("retry-after") == (None if retry_after is None else str(retry_after))
    assert (answer.status_code, error(answer)["code"]) == (429, "429")
    assert error(answer)["message"] == (
        "Requests to the Get analysis status and results Operation under Text Analytics API (2023-04-01) have exceeded "
        f"rate limit of your current TextAnalytics S pricing tier. Please retry after {wait}. Please contact Azure "
        "support service if you would like to further increase the default rate limit."
    )


def test_a_403_is_the_recorded_one_and_a_401_that_of_a_wrong_key(faulty: Caller) -> None:
    order(faulty, "status", status=403, retryAfter=15 * 24 * 3600, count=1)
    order(faulty, "status", status=401)
    spent, refused = faulty("GET", POLL), faulty("GET", POLL)
    assert (spent.status_code, error(spent)["code"]) == (403, "403")
    assert "F0 pricing tier. Please retry after 15 days." in error(spent)["message"]
    assert (refused.status_code, error(refused)["message"][:13]) == (401, "Access denied")


def test_too_much_text_is_answered_as_the_service_does(faulty: Caller) -> None:
    order(faulty, "status", status=413)
    answer = faulty("POST", JOBS, {})
    assert (answer.status_code, error(answer)["innererror"]["code"]) == (413, "InvalidDocumentBatch")


def test_what_is_refused_is_not_done(faulty_deployed: Caller, project: str) -> None:
    order(faulty_deployed, "status", status=500, match={"method": "DELETE"})
    assert faulty_deployed("DELETE", f"{CURRENT}/{project}").status_code == 500
    assert faulty_deployed("GET", f"{CURRENT}/{project}").status_code == 200


# --- which calls, and how often -------------------------------------------------------------------------------------


def test_a_fault_strikes_only_the_calls_that_it_is_meant_for(faulty: Caller) -> None:
    fault = order(
        faulty, "status", status=500, match={"method": "post", "path": "projects$", "body": '"name": ?"P[0-9]"'}
    )
    assert faulty("POST", PREVIEW, {"name": "P1"}).status_code == 500
    assert faulty("POST", PREVIEW, {"name": "Q1"}).status_code == 400
    assert faulty("POST", f"{CURRENT}/P/:train", {"name": "P1"}).status_code == 400
    assert faulty("GET", CURRENT).status_code == 200
    assert struck(faulty) == {fault: (1, 1)}


def test_a_fault_strikes_as_often_as_was_asked(faulty: Caller) -> None:
    fault = order(faulty, "status", status=500, count=2)
    assert [faulty("GET", POLL).status_code for _ in range(4)] == [500, 500, 404, 404]
    assert struck(faulty) == {fault: (4, 2)}


def test_a_share_is_drawn_and_the_same_for_the_same_seed(faulty: Caller) -> None:
    def drawn(seed: int) -> list[int]:
        order(faulty, "status", status=503, share=0.4, seed=seed)
        found = [faulty("GET", POLL).status_code for _ in range(60)]
        assert faulty("DELETE", FAULTS).status_code == 204
        return found

    first = drawn(1)
    assert first == drawn(1) != drawn(2)
    assert 12 <= first.count(503) <= 36


def test_the_first_fault_that_strikes_is_what_happens(faulty: Caller) -> None:
    order(faulty, "latency", seconds=0)
    order(faulty, "status", status=503, count=1)
    order(faulty, "status", status=500)
    assert [faulty("GET", POLL).status_code for _ in range(2)] == [503, 500]
    assert list(struck(faulty).values()) == [(2, 2), (2, 1), (1, 1)]


def test_faults_are_told_and_cleared(faulty: Caller) -> None:
    fault = order(faulty, "status", status=429, retryAfter=3, match={"path": "jobs"}, count=5, share=0.5, seed=9)
    assert faulty("GET", FAULTS).json()["value"] == [
        {
            "id": fault,
            "kind": "status",
            "match": {"method": "", "path": "jobs", "body": ""},
            "share": 0.5,
            "seed": 9,
            "count": 5,
            "seconds": None,
            "status": 429,
            "retryAfter": 3,
            "seen": 0,
            "struck": 0,
        }
    ]
    assert faulty("DELETE", FAULTS).status_code == 204
    assert faulty("GET", FAULTS).json() == {"value": []}


def test_faults_can_be_asked_for_in_the_same_process(faulty: Caller) -> None:
    added = faulty.service.faults.add(FaultOrder("status", status=503, method="GET"))
    assert faulty("GET", POLL).status_code == 503
    assert (added.seen, added.struck) == (1, 1)
    faulty.service.faults.clear()
    assert faulty("GET", POLL).status_code == 404


def test_faults_need_the_key_and_never_strike_what_is_about_this_service(faulty: Caller) -> None:
    order(faulty, "status", status=500)
    assert requests.post(faulty.service.endpoint + FAULTS, json={"kind": "timeout"}, timeout=30).status_code == 401
    assert len(faulty("GET", FAULTS).json()["value"]) == 1


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({}, "kind"),
        ({"kind": "flood"}, "kind"),
        ({"kind": "status"}, "status"),
        ({"kind": "status", "status": 418}, "status"),
        ({"kind": "status", "status": "500"}, "status"),
        ({"kind": "status", "status": 429, "retryAfter": -1}, "retryAfter"),
        ({"kind": "latency"}, "seconds"),
        ({"kind": "lateJob"}, "seconds"),
        ({"kind": "timeout", "seconds": -1}, "seconds"),
        ({"kind": "timeout", "count": 1.5}, "count"),
        ({"kind": "timeout", "share": 1.1}, "share"),
        ({"kind": "timeout", "chance": 0.5}, "chance"),
        ({"kind": "timeout", "match": {"path": "("}}, "match.path"),
        ({"kind": "timeout", "match": {"verb": "GET"}}, "match.verb"),
        ({"kind": "timeout", "match": "GET"}, "match"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(call: Caller, body: dict[str, Any], target: str) -> None:
    answer = call("POST", FAULTS, body)
    assert (answer.status_code, error(answer)["innererror"]["target"]) == (400, target)
    assert call("GET", FAULTS).json() == {"value": []}


def test_every_status_that_may_be_asked_for_is_answered(faulty: Caller) -> None:
    for status in STATUSES:
        order(faulty, "status", status=status, count=1)
        answer = faulty("GET", POLL)
        assert (answer.status_code, set(error(answer)) >= {"code", "message"}) == (status, True)


# --- time ---------------------------------------------------------------------------------------------------------


def test_latency_is_before_the_work(faulty: Caller) -> None:
    order(faulty, "latency", seconds=0.3, count=1)
    began = time.monotonic()
    assert faulty("GET", POLL).status_code == 404
    assert time.monotonic() - began >= 0.3


def test_a_cut_connection_comes_after_the_work(faulty_deployed: Caller, project: str) -> None:
    order(faulty_deployed, "timeout", match={"method": "POST", "path": "jobs$"}, count=1)
    with pytest.raises(requests.ConnectionError):
        submit(faulty_deployed, project, input_document(1, "Space"))
    assert faulty_deployed.service.requests[-1].status == 202
    assert submit(faulty_deployed, project, input_document(1, "Space")).status_code == 202


def test_a_held_answer_lets_callers_run_out_of_patience(faulty_deployed: Caller, project: str) -> None:
    order(faulty_deployed, "timeout", seconds=60, match={"method": "DELETE"})
    key = {"Ocp-Apim-Subscription-Key": faulty_deployed.service.key}
    address = f"{faulty_deployed.service.endpoint}{PREVIEW}/{project}"
    with pytest.raises(requests.Timeout):
        requests.delete(address, headers=key, timeout=0.2)
    deadline = time.monotonic() + 30
    while faulty_deployed("GET", f"{CURRENT}/{project}").status_code == 200:
        assert time.monotonic() < deadline


def test_a_held_answer_comes_in_the_end(faulty: Caller) -> None:
    order(faulty, "timeout", seconds=0.2, count=1)
    began = time.monotonic()
    assert faulty("GET", POLL).status_code == 404
    assert time.monotonic() - began >= 0.2


def test_the_clock_is_moved_over_http(faulty: Caller, clock: Clock) -> None:
    before = clock.now()
    answer = faulty("POST", "/_local/clock", {"advance": 90.5})
    assert (answer.status_code, answer.json()) == (200, faulty("GET", "/_local/clock").json())
    assert (clock.now() - before).total_seconds() == 90.5
    assert answer.json() == {"now": clock.now().isoformat()}


@pytest.mark.parametrize("advance", [None, -1, "60", 1e300, True, [1]])
def test_a_clock_goes_only_forward_and_not_for_ever(call: Caller, advance: Any) -> None:
    answer = call("POST", "/_local/clock", {"advance": advance})
    assert (answer.status_code, error(answer)["innererror"]["target"]) == (400, "advance")


# --- jobs ---------------------------------------------------------------------------------------------------------


def test_a_failed_job_says_so(faulty_deployed: Caller, project: str) -> None:
    order(faulty_deployed, "failedJob", count=1)
    failed = faulty_deployed.ended(submit(faulty_deployed, project, input_document(1, "Space")))
    assert (failed["status"], failed["tasks"]["failed"], failed["errors"][0]["code"]) == (
        "failed",
        1,
        "InternalServerError",
    )
    assert faulty_deployed.ended(submit(faulty_deployed, project, input_document(1, "Space")))["status"] == "succeeded"


def test_documents_are_in_error_one_by_one(faulty_deployed: Caller, project: str) -> None:
    fault = order(faulty_deployed, "documentError", match={"body": "Notice [24]:"})
    documents = [input_document(number, "Space") for number in range(1, 6)]
    job = faulty_deployed.ended(submit(faulty_deployed, project, *documents))
    results = job["tasks"]["items"][0]["results"]
    assert (job["status"], [found["id"] for found in results["documents"]]) == ("succeeded", ["1", "3", "5"])
    assert [(found["id"], found["error"]["code"]) for found in results["errors"]] == [
        ("2", "InvalidArgument"),
        ("4", "InvalidArgument"),
    ]
    assert struck(faulty_deployed) == {fault: (2, 2)}


def test_documents_in_error_are_counted_one_by_one(faulty_deployed: Caller, project: str) -> None:
    order(faulty_deployed, "documentError", share=0.5, count=2, seed=3)
    documents = [input_document(number, "Space") for number in range(1, 9)]
    jobs = [faulty_deployed.ended(submit(faulty_deployed, project, *documents)) for _ in range(2)]
    assert sum(len(job["tasks"]["items"][0]["results"]["errors"]) for job in jobs) == 2


def test_a_lost_job_was_accepted_and_is_unknown(faulty_deployed: Caller, project: str) -> None:
    order(faulty_deployed, "lostJob", count=1)
    accepted = submit(faulty_deployed, project, input_document(1, "Space"))
    answer = faulty_deployed("GET", accepted.headers["operation-location"])
    assert (accepted.status_code, answer.status_code, error(answer)["code"]) == (202, 404, "OperationNotFound")


def test_a_late_job_ends_when_it_was_told_to(faulty_deployed: Caller, project: str, clock: Clock) -> None:
    order(faulty_deployed, "lateJob", seconds=600, count=1)
    address = submit(faulty_deployed, project, input_document(1, "Space")).headers["operation-location"]
    clock.advance(599)
    assert faulty_deployed.until(address, lambda job: job["status"] == "running")
    clock.advance(1)
    assert faulty_deployed.until(address, lambda job: job["status"] == "succeeded")


def test_an_expired_job_never_ends(faulty_deployed: Caller, project: str, clock: Clock) -> None:
    order(faulty_deployed, "expiredJob", count=1)
    address = submit(faulty_deployed, project, input_document(1, "Space")).headers["operation-location"]
    clock.advance(24 * 3600 - 1)
    assert faulty_deployed.until(address, lambda job: job["status"] == "running")
    clock.advance(1)
    assert error(faulty_deployed("GET", address))["code"] == "OperationNotFound"


def test_the_fate_of_a_job_outlives_a_restart(start: Start, clock: Clock, project: str, texts: str) -> None:
    with start(clock=clock) as call:
        deploy_project(call, project, texts)
    with start(clock=clock, pace="seconds") as call:
        order(call, "documentError")
        first = call.service.endpoint
        address = submit(call, project, input_document(1, "Space")).headers["operation-location"]
    with start(clock=clock) as call:
        clock.advance(10)
        job = call.until(address.replace(first, call.service.endpoint), lambda job: job["status"] == "succeeded")
        assert [found["id"] for found in job["tasks"]["items"][0]["results"]["errors"]] == ["1"]
