"""What every protocol shares: the key, the addresses, the api-version, bodies that make no sense."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.support.language_caller import CURRENT, PREVIEW, Caller

JOBS = "/language/analyze-text/jobs"
ANALYZE = "/text/analytics/v3.1-preview.ct.1/analyze"
WRONG_KEY = {
    "error": {
        "code": "401",
        "message": "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid "
        "key for an active subscription and use a correct regional API endpoint for your resource.",
    }
}


def send(call: Caller, method: str, path: str, content: bytes = b"", **headers: str) -> requests.Response:
    return requests.request(method, call.service.endpoint + path, data=content, headers=headers, timeout=30)


def keyed(call: Caller) -> dict[str, str]:
    return {"Ocp-Apim-Subscription-Key": call.service.key}


@pytest.mark.parametrize(
    "path", [f"{PREVIEW}/P", CURRENT, f"{JOBS}/x", f"{ANALYZE}/jobs/x", "/nowhere", "/_local/requests"]
)
@pytest.mark.parametrize(
    "headers",
    [{}, {"Ocp-Apim-Subscription-Key": "wrong"}, {"Ocp-Apim-Subscription-Key": ""}, {"Authorization": "Bearer wrong"}],
)
def test_without_the_key_nothing_is_answered(call: Caller, path: str, headers: dict[str, str]) -> None:
    answer = send(call, "GET", path, b"", **headers)
    assert (answer.status_code, answer.json()) == (401, WRONG_KEY)
    assert answer.headers["content-type"] == "application/json"
    assert "apim-request-id" in answer.headers


def test_the_key_is_taken_as_a_bearer_token_too(call: Caller) -> None:
    answer = send(call, "GET", f"{CURRENT}?api-version=2023-04-01", Authorization=f"Bearer {call.service.key}")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/language",
        f"{PREVIEW}/P/q",
        f"{CURRENT}/P/models/M/x",
        "/text/analytics/v3.1/analyze",
        f"{CURRENT}/a%2Fb/models",
    ],
)
def test_an_address_that_is_not_there(call: Caller, path: str) -> None:
    answer = call("GET", path)
    assert (answer.status_code, answer.json()) == (404, {"error": {"code": "404", "message": "Resource not found"}})


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", PREVIEW, {"POST"}),
        ("DELETE", CURRENT, {"GET", "HEAD"}),
        ("POST", f"{CURRENT}/P", {"GET", "HEAD", "PATCH", "DELETE"}),
        ("GET", JOBS, {"POST"}),
        ("DELETE", f"{ANALYZE}/jobs/x", {"GET", "HEAD"}),
    ],
)
def test_a_method_that_is_not_taken(call: Caller, method: str, path: str, allowed: set[str]) -> None:
    answer = call(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "405")
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", [CURRENT, f"{JOBS}/x"])
@pytest.mark.parametrize("version", [None, "2019-01-01", "2023-04-01 "])
def test_todays_protocols_need_an_api_version_that_they_know(call: Caller, path: str, version: str | None) -> None:
    answer = call("GET", path, **{"api-version": version})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["innererror"]["target"]) == (400, "InvalidArgument", "api-version")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe{}", b"[" * 100_000, b'{"a":' * 50_000, b"1" * 6_000],
    ids=["nothing", "cut", "list", "null", "text", "bytes", "deep list", "deep object", "long number"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", PREVIEW),
        ("POST", ANALYZE),
        ("POST", f"{JOBS}?api-version=2023-04-01"),
        ("PATCH", f"{CURRENT}/P?api-version=2023-04-01"),
        ("POST", f"{CURRENT}/P/:import?api-version=2023-04-01"),
    ],
)
def test_a_body_that_is_no_json_object(call: Caller, method: str, path: str, content: bytes) -> None:
    answer = send(call, method, path, content, **keyed(call))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "InvalidRequest")
    assert error["innererror"]["code"] == "InvalidRequestBodyFormat"


def test_half_a_surrogate_pair_is_text_like_any_other(call: Caller, project: str) -> None:
    body = {
        "projectKind": "CustomMultiLabelClassification",
        "storageInputContainerName": "texts",
        "projectName": project,
        "language": "en",
        "description": "\ud83d",
    }
    answer = call("PATCH", f"{CURRENT}/{project}", body)
    assert (answer.status_code, answer.json()["description"]) == (201, "\ud83d")


def test_what_was_asked_is_recorded_without_the_key(call: Caller, project: str) -> None:
    body: dict[str, Any] = {"name": project}
    call("POST", PREVIEW, body, note="1")
    send(call, "POST", PREVIEW, b"no json", **keyed(call), Authorization="Bearer secret")
    asked, broken = call.service.requests[-2:]
    assert (asked.method, asked.path, asked.query, asked.body, asked.status) == (
        "POST",
        PREVIEW,
        {"note": "1"},
        body,
        400,
    )
    assert asked.headers["content-type"] == "application/json"
    assert broken.body == "no json"
    assert {"ocp-apim-subscription-key", "authorization"}.isdisjoint({*asked.headers, *broken.headers})


def test_what_lets_somebody_copy_a_project_is_not_recorded(call: Caller, project: str) -> None:
    for sent in (b'{"accessToken" : "a\\"secret", "projectKind": 1}', b'{"accessToken": "a secret'):
        send(call, "POST", f"{CURRENT}/{project}/:copy", sent, **keyed(call))
        assert b"secret" not in call.service.requests[-1].content
    assert call.service.requests[-2].body == {"accessToken": "", "projectKind": 1}


def test_what_was_asked_is_told_over_http(call: Caller, project: str) -> None:
    call("GET", f"{CURRENT}/{project}")
    told = call("GET", "/_local/requests").json()["value"]
    assert call.service.key not in json.dumps(told)
    last = told[-1]
    assert set(last) == {"method", "path", "query", "headers", "body", "at", "status"}
    assert (last["method"], last["path"], last["body"], last["status"]) == ("GET", f"{CURRENT}/{project}", None, 404)
    assert call.service.requests[-1].path == f"{CURRENT}/{project}"
