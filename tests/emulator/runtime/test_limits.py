"""What the service lets through: requests a minute, and text records until the quota is spent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
import requests

from local.language.conditions.clock import Clock
from local.language.conditions.rate_limits import Limits
from tests.emulator.runtime.analyzing import JOBS, submit
from tests.support.language_caller import CURRENT, PREVIEW, Caller, deploy_project, input_document

Start = Callable[..., AbstractContextManager[Caller]]


def throttled(operation: str, api: str, wait: str) -> dict[str, Any]:
    message = (
        f"Requests to the {operation} Operation under {api} have exceeded rate limit of your current TextAnalytics S "
        f"pricing tier. Please retry after {wait}. Please contact Azure support service if you would like to further "
        "increase the default rate limit."
    )
    return {"error": {"code": "429", "message": message}}


@pytest.fixture
def limited(start: Start, clock: Clock) -> Iterator[Callable[..., Caller]]:
    """Starts a service with these limits, under a clock that stands still."""
    with ExitStack() as opened:
        yield lambda **limits: opened.enter_context(start(clock=clock, limits=Limits(**limits)))


def test_a_request_too_many_is_answered_as_the_service_does(limited: Callable[..., Caller], clock: Clock) -> None:
    call = limited(analyze_requests=2)
    assert [call("GET", f"{JOBS}/x").status_code for _ in range(2)] == [404, 404]
    clock.advance(58)
    answer = call("GET", f"{JOBS}/x")
    said = throttled("Get analysis status and results", "Text Analytics API (2023-04-01)", "2 seconds")
    assert (answer.status_code, answer.headers["retry-after"], answer.json()) == (429, "2", said)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "x-ms-error-code" not in answer.headers
    clock.advance(0.5)
    answer = call("POST", JOBS, {})
    said = throttled("Submit analysis job", "Text Analytics API (2023-04-01)", "2 seconds")
    assert (answer.headers["retry-after"], answer.json()) == ("2", said)
    clock.advance(0.5)
    answer = call("POST", "/text/analytics/v3.1-preview.ct.1/analyze", {})
    said = throttled("Submit analysis job", "Text Analytics API (v3.1-preview.ct.1)", "1 second")
    assert (answer.headers["retry-after"], answer.json()) == ("1", said)
    clock.advance(1)
    assert call("GET", f"{JOBS}/x").status_code == 404


def test_authoring_reads_and_writes_are_counted_apart_from_each_other_and_from_analyze_calls(
    limited: Callable[..., Caller],
) -> None:
    call = limited(authoring_reads=2, authoring_writes=1)
    reads = [call("GET", CURRENT), call("GET", f"{PREVIEW}/P/evaluation"), call("GET", CURRENT)]
    assert [answer.status_code for answer in reads] == [200, 400, 429]
    said = throttled("List projects", "Text Authoring API (2023-04-01)", "60 seconds")
    assert reads[-1].json() == said
    writes = [call("POST", PREVIEW, {}), call("DELETE", f"{CURRENT}/P")]
    assert [answer.status_code for answer in writes] == [400, 429]
    assert call("GET", f"{JOBS}/x").status_code == 404
    assert call("GET", "/_local/requests").status_code == 200


def test_strangers_are_not_counted(limited: Callable[..., Caller]) -> None:
    call = limited(analyze_requests=1)
    for _ in range(3):
        headers = {"Ocp-Apim-Subscription-Key": "wrong"}
        assert requests.get(f"{call.service.endpoint}{JOBS}/x", headers=headers, timeout=30).status_code == 401
    assert call("GET", f"{JOBS}/x").status_code == 404


def test_limits_can_be_changed_while_the_service_runs(limited: Callable[..., Caller]) -> None:
    call = limited()
    assert call("GET", f"{JOBS}/x").status_code == 404
    call.service.meter.limits = Limits(analyze_requests=0)
    assert call("GET", f"{JOBS}/x").status_code == 429


def test_a_spent_quota_is_answered_as_the_service_does(
    limited: Callable[..., Caller], clock: Clock, texts: str, project: str
) -> None:
    call = limited(text_records=4)
    deploy_project(call, project, texts)
    long = {"id": "2", "text": "ab " * 700}  # 2,100 characters are three records
    assert submit(call, project, input_document(1, "Space"), long).status_code == 202
    clock.advance(15.5 * 24 * 3600)
    answer = submit(call, project, input_document(1, "Space"))
    message = (
        "Out of call volume quota for TextAnalytics F0 pricing tier. Please retry after 15 days. To increase your call "
        "volume switch to a paid tier."
    )
    assert (answer.status_code, answer.json()) == (403, {"error": {"code": "403", "message": message}})
    assert answer.headers["retry-after"] == str(int(14.5 * 24 * 3600))
    clock.advance(14 * 24 * 3600)
    assert "retry after 1 day." in submit(call, project, input_document(1, "Space")).json()["error"]["message"]
    clock.advance(0.5 * 24 * 3600)
    assert submit(call, project, input_document(1, "Space")).status_code == 202
