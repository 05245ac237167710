"""What azure-ai-textanalytics 5.4.0 makes of a service that is throttled or whose quota is spent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from local.language.server.server import LanguageService
from tests.sdk_clients.client_process import Client, Raised
from tests.support.language_caller import Deployed, input_document

JOBS = "/language/analyze-text/jobs"
SUBMIT, POLL = {"method": "POST", "path": f"{JOBS}$"}, {"method": "GET", "path": f"{JOBS}/"}
SIBLING = "/text/analytics/v3.2-preview.2/analyze/jobs/3fa85f64-5717-4562-b3fc-2c963f66afa6"


@pytest.fixture
def service(start: Callable[..., Any]) -> Iterator[LanguageService]:
    """One of the test's own: faults strike every caller."""
    with start() as started:
        yield started


def ask(service: LanguageService, method: str, path: str, body: Any = None) -> requests.Response:
    headers = {"Ocp-Apim-Subscription-Key": service.key}
    return requests.request(method, service.endpoint + path, json=body, headers=headers, timeout=30)


def throttle(service: LanguageService, match: dict[str, str], retry_after: int | None, status: int = 429) -> None:
    fault = {"kind": "status", "match": match, "status": status, "retryAfter": retry_after, "count": 1}
    assert ask(service, "POST", "/_local/faults", fault).status_code == 201


def classify(today: Client, service: LanguageService, deployed: Deployed) -> Any:
    at, target = [service.endpoint, service.key, "2023-04-01"], [deployed.multi, "D"]
    return today("classify", kind="multi", documents=[input_document(1, "Space")], target=target, at=at)


def statuses(service: LanguageService, method: str) -> list[int]:
    return [it.status for it in service.requests if it.method == method and it.path.startswith(JOBS)]


@pytest.mark.parametrize(("match", "expected"), [(SUBMIT, [429, 202]), (POLL, [429, 200])], ids=["submit", "poll"])
def test_with_retry_after_it_tries_again(
    today: Client, service: LanguageService, deployed: Deployed, match: dict[str, str], expected: list[int]
) -> None:
    throttle(service, match, 1)
    assert classify(today, service, deployed)["details"]["status"] == "succeeded"
    assert statuses(service, match["method"])[:2] == expected


def test_without_retry_after_a_submission_is_given_up_at_once(
    today: Client, service: LanguageService, deployed: Deployed
) -> None:
    throttle(service, SUBMIT, None)
    with pytest.raises(Raised, match="have exceeded rate limit") as raised:
        classify(today, service, deployed)
    assert (raised.value.kind, raised.value.status) == ("HttpResponseError", 429)
    assert statuses(service, "POST") == [429]


def test_a_spent_quota_is_not_waited_for(today: Client, service: LanguageService, deployed: Deployed) -> None:
    throttle(service, SUBMIT, 15 * 24 * 3600, status=403)
    with pytest.raises(Raised, match="Out of call volume quota for TextAnalytics F0 pricing tier") as raised:
        classify(today, service, deployed)
    assert (raised.value.kind, raised.value.status, statuses(service, "POST")) == ("HttpResponseError", 403, [403])


def test_throttling_answers_as_recorded(service: LanguageService) -> None:
    throttle(service, {"method": "GET", "path": SIBLING}, 1)
    answer = ask(service, "GET", SIBLING)
    message = (
        "Requests to the Get analysis status and results Operation under Text Analytics API (v3.2-preview.2) have "
        "exceeded rate limit of your current TextAnalytics S pricing tier. Please retry after 1 second. Please contact "
        "Azure support service if you would like to further increase the default rate limit."
    )
    assert (answer.status_code, answer.json()) == (429, {"error": {"code": "429", "message": message}})
    assert (answer.headers["retry-after"], answer.headers["content-type"]) == ("1", "application/json")
