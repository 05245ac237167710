"""`GET /api`: the way to the console for a browser, JSON for everyone else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest
import schemathesis
from schemathesis.checks import CHECKS, load_all_checks

import function_app
from shared import services
from shared.services import Services
from tests.fakes.services import in_memory
from tests.support.served import wsgi_app

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
BROWSERS = [FIREFOX, CHROME, "text/html", "TEXT/HTML;q=0.2", "application/json;q=0.5, text/html;q=0.6"]
OTHERS = [
    "",
    "*/*",
    "application/json",
    "application/json, text/html",
    "application/json, text/html;q=0.9",
    "text/html;q=0",
    "text/html;q=none",
    "text/plain",
    ",;=\x00",
]


@pytest.fixture(autouse=True)
def app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "services", in_memory)


def without_console() -> Services:
    made = in_memory()
    return replace(made, settings=replace(made.settings, has_console=False))


def ask(accept: str, url: str = "https://textdrop.example/api", method: str = "GET") -> func.HttpResponse:
    headers = {"Accept": accept} if accept else {}
    request = func.HttpRequest(method=method, url=url, headers=headers, route_params={}, body=b"")
    answer: func.HttpResponse = function_app.manage(request)
    return answer


@pytest.mark.parametrize("accept", BROWSERS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_browser_is_sent_to_the_console(accept: str, method: str) -> None:
    answer = ask(accept, method=method)
    assert (answer.status_code, answer.get_body()) == (302, b"")
    assert (answer.headers["Location"], answer.headers["Cache-Control"]) == ("/api/console/", "no-store")


@pytest.mark.parametrize("accept", OTHERS)
def test_everyone_else_gets_json_with_a_link_to_the_console(accept: str) -> None:
    answer = ask(accept)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    links = json.loads(answer.get_body())["links"]
    assert (links["console"], links["documents"]) == ("/api/console/", "/api/documents")


@pytest.mark.parametrize(
    ("url", "console"),
    [
        ("https://textdrop.example/api/", "/api/console/"),
        ("https://textdrop.example/api?code=key", "/api/console/"),
        ("https://textdrop.example/api/?next=https://elsewhere.example/", "/api/console/"),
        ("https://textdrop.example/API", "/API/console/"),
        ("https://textdrop.example/text%20drop/v1", "/text%20drop/v1/console/"),
        ("https://textdrop.example/", "/console/"),
        ("https://textdrop.example", "/console/"),
        ("https://textdrop.example//", "/console/"),
        ("http://[/api/", "/api/console/"),  # a host's name that is none
    ],
)
def test_the_console_is_below_the_apps_own_prefix(url: str, console: str) -> None:
    assert ask(FIREFOX, url).headers["Location"] == console


def test_only_the_index_sends_elsewhere() -> None:
    request = func.HttpRequest(
        method="GET",
        url="https://textdrop.example/api/nothing",
        headers={"Accept": FIREFOX},
        route_params={"path": "nothing"},
        body=b"",
    )
    assert function_app.manage(request).status_code == 404


def test_without_a_console_a_browser_gets_json_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "services", without_console)
    answer = ask(FIREFOX)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert "console" not in json.loads(answer.get_body())["links"]


def test_the_way_to_the_console_is_as_the_document_says() -> None:
    load_all_checks()
    names = ["status_code_conformance", "content_type_conformance", "response_headers_conformance"]
    checks: list[Any] = CHECKS.get_by_names(names)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", wsgi_app)
    index = schema["/"]["GET"]
    case = index.Case(headers={"Accept": FIREFOX})
    answer = case.call()
    assert answer.status_code == 302
    case.validate_response(answer, checks=checks)
    assert index.definition.raw["responses"]["302"]["headers"]["Location"]["required"]
