"""Connections by the byte: callers who leave, who send no end of headers, or who have no key to send anything."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from local import connections
from local.connections import MAX_HEAD
from tests.support.language_caller import CURRENT, VERSION, Caller


def connected(call: Caller) -> socket.socket:
    port = int(call.service.endpoint.rsplit(":", 1)[1])
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def head(call: Caller, *more: str, key: str | None = None) -> bytes:
    lines = [f"PATCH {CURRENT}/P?api-version={VERSION} HTTP/1.1", "Host: x", "Content-Length: 1000"]
    return "\r\n".join([*lines, f"Ocp-Apim-Subscription-Key: {key or call.service.key}", *more, "", ""]).encode()


def error(answer: bytes) -> Any:
    return json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


def test_a_caller_who_leaves_while_asking_breaks_nothing(
    start: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    with start() as call:
        with connected(call) as connection:
            connection.sendall(head(call) + b'{"projectKind": ')
        assert call("GET", CURRENT).status_code == 200
        assert {asked.method for asked in call.service.requests} == {"GET"}
    assert caplog.records == []


def test_nobody_without_the_key_is_listened_to(call: Caller) -> None:
    """The answer comes before the body does, which may be huge."""
    with connected(call) as connection:
        connection.sendall(head(call, key="wrong"))
        answer = b""
        while not answer.endswith(b"}"):
            answer += connection.recv(65536)
    assert (answer.split(b" ")[1], error(answer)["code"]) == (b"401", "401")


@pytest.mark.parametrize("content", [b"", b"GET / HTTP/1.1\r\nX", None], ids=["nothing", "head", "body"])
def test_nobody_is_waited_for_without_end(call: Caller, monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    monkeypatch.setattr(connections, "SECONDS_TO_SEND", 0.2)
    with connected(call) as connection:
        connection.sendall(head(call) if content is None else content)
        assert connection.recv(65536) == b""
    assert call("GET", CURRENT).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b"GET /x HTTP/1.1\r\nX: " + b"x" * 4 * MAX_HEAD,
        b"GET /x HTTP/1.1\r\n" + b"X: x\r\n" * MAX_HEAD,
    ],
    ids=["long", "many"],
)
def test_headers_without_end_are_refused(call: Caller, content: bytes) -> None:
    answer = b""
    with connected(call) as connection:
        try:
            connection.sendall(content)
            while chunk := connection.recv(65536):
                answer += chunk
        except ConnectionError:  # it may be cut while there is still something to send
            pass
    assert answer == b"" or error(answer) == {
        "code": "431",
        "message": "The request line and the headers are too large.",
    }
    assert call.service.requests == [] or "x" not in call.service.requests[-1].headers


def test_the_key_is_recorded_under_no_name(call: Caller) -> None:
    query = {"subscription-key": call.service.key, "api-version": VERSION}
    with connected(call) as connection:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        lines = [f"GET {CURRENT}/Keyless?{asked} HTTP/1.1", "Host: x", "Connection: close"]
        lines += [f"{name}: {call.service.key}" for name in ("Ocp-Apim-Subscription-Key", "api-key")]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert b"404" in b"".join(iter(lambda: connection.recv(4096), b""))
    recorded = next(asked for asked in call.service.requests if asked.path.endswith("/Keyless"))
    assert call.service.key not in json.dumps(recorded.wire())
    assert recorded.query == {"api-version": VERSION}
