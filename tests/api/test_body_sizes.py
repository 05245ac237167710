"""What a body may cost: too large, too deep or too many values are refused before memory is spent on them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from shared.api import routes
from shared.api.requests import Request, Response
from shared.api.route import Route
from shared.api.routes import ROUTES
from shared.domain.text import MAX_FILE
from shared.language.bounded_json import TooManyValues, decode
from tests.support.in_memory_app import Stage
from tests.support.values import NOW

TAKING = [route for route in ROUTES if route.request_schema]
TIMES = 6  # what a body may take besides itself: its characters take up to four bytes each, and once more as a value
BOMBS: dict[str, bytes] = {
    "lists": b"[[]],",
    "objects": b'{"":{}},',
    "depth": b"[",
    "objects in depth": b'{"":',
    "strings": b'"",',
    "numbers": b"[1,",
    "quotes": b'"',
    "escaped quotes": rb"\"",
    "digits": b"1",
    "blanks": b" ",
}


def called(route: Route, body: bytes, kind: str = "") -> Response:
    services = Stage().instance().services
    return routes.answer(request(route, body, kind), lambda: services, NOW)


def request(route: Route, body: bytes, kind: str) -> Request:
    path = route.template.replace("{", "").replace("}", "")
    return Request(route.method, path, {}, body, kind)


def peak(act: Callable[[], Response]) -> tuple[Response, int]:
    tracemalloc.start()
    try:
        return act(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("route", TAKING, ids=lambda route: f"{route.method} {route.path}")
def test_a_body_over_the_limit_of_its_route_is_not_even_decoded(route: Route) -> None:
    body = b'{"a": "' + b"[" * (route.max_body - 8) + b'"}'
    answer, taken = peak(lambda: called(route, body))
    assert answer.status == 413
    assert answer.body["error"]["code"] == "ContentTooLarge"
    assert f"the maximum is {route.max_body:,}" in answer.body["error"]["message"]
    assert taken < 1_000_000
    assert called(route, body[:-2] + b"}").status == 400  # one byte less is looked at


def test_a_plain_text_over_its_limit_is_not_even_decoded() -> None:
    [route] = [route for route in TAKING if route.accepts_text]
    assert called(route, b"x" * (MAX_FILE + 1), "text/plain").status == 413


@pytest.mark.parametrize("route", TAKING, ids=lambda route: f"{route.method} {route.path}")
def test_a_body_that_the_host_dropped_is_not_taken_for_an_empty_one(route: Route) -> None:
    chunked = replace(request(route, b"", "text/plain"), is_chunked=True)
    answer = routes.answer(chunked, lambda: Stage().instance().services, NOW)
    assert (answer.status, answer.body["error"]["code"]) == (411, "LengthRequired")
    assert "Send a Content-Length" in answer.body["error"]["message"]


@pytest.mark.parametrize("part", BOMBS.values(), ids=BOMBS)
def test_a_body_that_grows_when_it_is_decoded_is_refused_first(part: bytes) -> None:
    for route in TAKING:
        for before in (b"", b'{"tasks": [', b'{"text": '):
            body = before + part * ((route.max_body - 20) // len(part))
            answer, taken = peak(partial(called, route, body))
            assert answer.status == 400, route
            assert taken < TIMES * len(body)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_values_are_counted_outside_strings_in_any_encoding(encoding: str) -> None:
    harmless = '{"a": "[[[,,,{{{ \\\\ \\" [[[ ∢", "b": [1, 2]}'  # ∢ holds the byte of a quote in UTF-16
    assert decode(harmless.encode(encoding), 9)["b"] == [1, 2]
    with pytest.raises(TooManyValues):
        decode(harmless.encode(encoding), 6)
