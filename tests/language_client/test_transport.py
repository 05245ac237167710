"""The client of the service, over real HTTP: what is sent, what comes back, and what is never done."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest
from urllib3.exceptions import HTTPError

from shared.errors import (
    AccessDenied,
    Busy,
    InvalidResponse,
    LanguageError,
    QuotaSpent,
    Rejected,
    ResourceNotFound,
    SettingsError,
    Throttled,
    Unavailable,
    Unexpected,
)
from shared.language.responses import MAX_BYTES
from shared.language.transport import Transport
from tests.support.wire import KEY, Reply, Seen, Wire, accepted, recording, refused, said


@pytest.fixture
def transport(wire: Wire) -> Iterator[Transport]:
    connected = Transport(wire.url + "/", key=KEY, token=None)
    yield connected
    connected.close()


def test_a_request_carries_the_key_and_its_body_to_the_letter(wire: Wire, transport: Transport) -> None:
    wire.script(said({"ok": True}, Retry_After="7"))
    query = {"$skip": "20", "name": "a b&c"}
    answer = transport.call(
        "PATCH", "/projects/a%2Fb", query=query, body={"é": "😀"}, content_type="application/x+json"
    )
    [seen] = wire.requests
    assert seen.line == "PATCH /projects/a%2Fb?$skip=20&name=a%20b%26c"
    assert seen.headers["ocp-apim-subscription-key"] == KEY
    assert seen.headers["content-type"] == "application/x+json"
    assert seen.headers["accept"] == "application/json"
    assert "authorization" not in seen.headers
    assert seen.content == '{"é":"😀"}'.encode()
    assert (answer.body, answer.retry_after) == ({"ok": True}, 7.0)


def test_a_request_without_a_body_says_nothing_of_one(wire: Wire, transport: Transport) -> None:
    wire.script(Reply(204))
    transport.call("DELETE", "/projects/P")
    [seen] = wire.requests
    assert seen.line == "DELETE /projects/P"
    assert "content-type" not in seen.headers
    assert seen.content == b""


@pytest.mark.parametrize(
    "segment", ["..%2Fx", "%252e%252e", "%252f", "a%3Fb%23c", "a%0Ab", "%F0%9F%98%80", "%3Aimport", "~"]
)
def test_a_path_arrives_as_it_was_built(wire: Wire, transport: Transport, segment: str) -> None:
    wire.script(Reply(204))
    transport.call("DELETE", f"/projects/{segment}/models/m")
    assert wire.lines == [f"DELETE /projects/{segment}/models/m"]


def test_an_identitys_token_is_asked_for_every_request(wire: Wire) -> None:
    tokens = iter(["first", "second"])
    transport = Transport(wire.url, key=None, token=lambda: next(tokens))
    wire.script(Reply(204), Reply(204))
    transport.call("GET", "/")
    transport.call("GET", "/")
    transport.close()
    assert [seen.headers["authorization"] for seen in wire.requests] == ["Bearer first", "Bearer second"]
    assert all("ocp-apim-subscription-key" not in seen.headers for seen in wire.requests)


def _no_token() -> str:
    raise LookupError("no managed identity here, client hunter2")


@pytest.mark.parametrize("token", [_no_token, lambda: "", lambda: "two\r\nHost: lines", lambda: "é"])
def test_without_a_usable_token_nothing_is_sent(wire: Wire, token: Callable[[], str]) -> None:
    transport = Transport(wire.url, key=None, token=token)
    with pytest.raises(AccessDenied, match="The identity gave") as caught:
        transport.call("GET", "/")
    assert "hunter2" not in str(caught.value)
    assert wire.requests == []


@pytest.mark.parametrize("key", ["hunter2\n", "hunter2 hunter2", "hunter2\r\nX: y", "hunter2é", "\x00hunter2"])
def test_a_key_that_no_header_can_hold_is_refused_unseen(key: str) -> None:
    with pytest.raises(SettingsError, match="LANGUAGE_KEY") as caught:
        Transport("https://name.example", key=key, token=None)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("key", [None, ""])
def test_there_must_be_a_key_or_an_identity(key: str | None) -> None:
    with pytest.raises(SettingsError, match="LANGUAGE_KEY is missing"):
        Transport("https://name.example", key=key, token=None)


def test_an_endpoint_in_plain_text_is_refused() -> None:
    with pytest.raises(SettingsError, match="https://"):
        Transport("http://name.example", key=KEY, token=None)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Rejected),
        (401, AccessDenied),
        (403, AccessDenied),
        (404, ResourceNotFound),
        (408, Throttled),
        (409, Busy),
        (413, Rejected),
        (415, Rejected),
        (418, Unexpected),
        (422, Rejected),
        (429, Throttled),
        (500, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_status_is_one_error_after_one_request(
    wire: Wire, transport: Transport, status: int, kind: type[LanguageError], method: str
) -> None:
    wire.script(refused(status, "So it is.", Retry_After="3600"))
    with pytest.raises(LanguageError) as caught:
        transport.call(method, "/")
    assert type(caught.value) is kind
    assert str(caught.value) == f"The Language service answered {status}: So it is."
    assert caught.value.retry_after == 3600.0
    assert len(wire.requests) == 1


def test_a_spent_quota_is_no_refused_key(wire: Wire, transport: Transport) -> None:
    message = "Out of call volume quota for TextAnalytics F0 pricing tier. Please retry after 15 days."
    wire.script(refused(403, message, Retry_After="1296000"))
    with pytest.raises(QuotaSpent) as caught:
        transport.call("GET", "/")
    assert caught.value.retry_after == 86_400.0


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_no_redirect_is_followed(wire: Wire, transport: Transport, status: int) -> None:
    with recording() as other:
        wire.script(Reply(status, headers={"Location": other.url + "/elsewhere"}))
        with pytest.raises(LanguageError) as caught:
            transport.call("GET", "/")
        assert other.requests == []
    assert isinstance(caught.value, InvalidResponse if status == 303 else Unexpected)
    assert len(wire.requests) == 1


def test_the_key_is_not_in_an_error_that_repeats_it(wire: Wire, transport: Transport) -> None:
    wire.script(refused(401, f"Your key {KEY} is wrong."))
    with pytest.raises(AccessDenied, match=r"Your key \*\*\* is wrong\.") as caught:
        transport.call("GET", "/")
    assert KEY not in repr(caught.value)


def test_no_proxy_sees_what_is_not_encrypted(wire: Wire, transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    with recording() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        wire.script(Reply(204))
        transport.call("GET", "/")
        assert proxy.requests == []


def test_no_cookie_is_kept(wire: Wire, transport: Transport) -> None:
    wire.script(Reply(204, headers={"Set-Cookie": "affinity=1; Path=/"}), Reply(204))
    transport.call("GET", "/")
    transport.call("GET", "/")
    assert "cookie" not in wire.requests[1].headers


def test_a_service_that_says_nothing_is_unavailable_and_not_asked_twice(wire: Wire) -> None:
    released = threading.Event()
    transport = Transport(wire.url, key=KEY, token=None, timeouts=(5.0, 0.1))
    wire.script(Reply(held=released))
    try:
        with pytest.raises(Unavailable, match="did not answer in time") as caught:
            transport.call("GET", "/")
    finally:
        released.set()
        transport.close()
    assert caught.value.sent
    assert len(wire.requests) == 1


@pytest.mark.parametrize(("method", "times"), [("GET", 2), ("POST", 1), ("PUT", 1), ("PATCH", 1), ("DELETE", 1)])
def test_of_requests_whose_connection_is_closed_only_a_get_is_sent_again_and_that_once(
    wire: Wire, transport: Transport, method: str, times: int
) -> None:
    wire.script(Reply(cut=0), Reply(cut=0))
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        transport.call(method, "/", body={})
    assert caught.value.sent
    assert len(wire.requests) == times


def test_a_get_whose_connection_is_closed_has_the_answer_to_the_second(wire: Wire, transport: Transport) -> None:
    wire.script(said({"ok": 1}), Reply(cut=0), said({"ok": 2}))
    transport.call("GET", "/")  # leaves a connection that is kept
    assert transport.call("GET", "/").body == {"ok": 2}
    assert transport.sent == len(wire.requests) == 3


def test_a_get_that_is_cut_off_at_its_deadline_is_not_sent_again(wire: Wire) -> None:
    released = threading.Event()
    transport = Transport(wire.url, key=KEY, token=None, seconds=0.2)
    wire.script(Reply(held=released), said({"ok": True}))
    try:
        with pytest.raises(Unavailable, match="did not answer in time"):
            transport.call("GET", "/")
    finally:
        released.set()
        transport.close()
    assert len(wire.requests) == 1


def test_an_answer_that_breaks_off_is_unavailable(wire: Wire, transport: Transport) -> None:
    wire.script(Reply(content=b'{"half":', headers={"Content-Length": "500"}, cut=8))
    with pytest.raises(Unavailable) as caught:
        transport.call("GET", "/")
    assert caught.value.sent


CHUNKED = {"Transfer-Encoding": "chunked"}
NEGATIVE = b"-5\r\nhello\r\n0\r\n\r\n"  # a chunk of -5 bytes


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_body_that_is_not_http_is_garbled(wire: Wire, transport: Transport, method: str) -> None:
    wire.script(Reply(content=NEGATIVE, headers=CHUNKED))
    with pytest.raises(InvalidResponse, match=r"not valid HTTP \(ValueError\)") as caught:
        transport.call(method, "/")
    assert caught.value.sent
    assert len(wire.requests) == 1


@pytest.mark.parametrize("raised", [HTTPException("hunter2"), HTTPError("hunter2"), ValueError("hunter2")])
@pytest.mark.parametrize("place", ["requests.Session.send", "requests.Response.iter_content"])
def test_what_the_http_client_raises_besides_its_own_errors_is_garbled(
    wire: Wire, transport: Transport, monkeypatch: pytest.MonkeyPatch, raised: Exception, place: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise raised

    wire.script(Reply(content=b"{}"))
    monkeypatch.setattr(place, fail)
    with pytest.raises(InvalidResponse, match="not valid HTTP") as caught:
        transport.call("GET", "/")
    assert "hunter2" not in str(caught.value)


def test_an_error_keeps_its_status_when_its_body_is_not_http(wire: Wire, transport: Transport) -> None:
    wire.script(Reply(429, NEGATIVE, {**CHUNKED, "Retry-After": "7"}))
    with pytest.raises(Throttled) as caught:
        transport.call("GET", "/")
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("address", ["http://[", "\xff\xfe", "/elsewhere"])
def test_the_address_of_a_redirect_is_not_even_read(wire: Wire, transport: Transport, address: str) -> None:
    wire.script(Reply(302, NEGATIVE, {**CHUNKED, "Location": address}))
    with pytest.raises(Unexpected, match="302"):
        transport.call("GET", "/")


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        transport = Transport(f"http://127.0.0.1:{bound.getsockname()[1]}", key=KEY, token=None)
        with pytest.raises(Unavailable, match="cannot be reached") as caught:
            transport.call("POST", "/", body={})
    assert not caught.value.sent
    assert KEY not in repr(caught.value)


def test_what_is_longer_than_any_answer_is_garbled(wire: Wire, transport: Transport) -> None:
    endless = b" " * (MAX_BYTES + 2**20)
    wire.script(Reply(content=endless), Reply(429, content=endless))
    with pytest.raises(InvalidResponse, match="longer than"):
        transport.call("GET", "/")
    with pytest.raises(Throttled):
        transport.call("GET", "/")


def test_a_page_in_place_of_json_is_garbled(wire: Wire, transport: Transport) -> None:
    wire.script(Reply(content=b"<html>Sign in</html>"))
    with pytest.raises(InvalidResponse, match="not JSON"):
        _ = transport.call("GET", "/").body


def test_half_a_character_is_refused_before_it_is_sent(wire: Wire, transport: Transport) -> None:
    with pytest.raises(Rejected, match="half a character"):
        transport.call("POST", "/", body={"text": "\ud800"})
    assert wire.requests == []


@pytest.mark.parametrize("header", ["operation-location", "Operation-Location", "location"])
def test_the_job_id_is_taken_from_either_header(wire: Wire, transport: Transport, header: str) -> None:
    wire.script(accepted(f"{wire.url}/language/analyze-text/jobs/J-1?api-version=2023-04-01", header))
    assert transport.job_id(transport.call("POST", "/")) == "J-1"


def test_a_job_without_a_link_is_garbled(wire: Wire, transport: Transport) -> None:
    wire.script(Reply(202))
    with pytest.raises(InvalidResponse, match="did not say where"):
        transport.job_id(transport.call("POST", "/"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:1", "backend.example"])
def test_of_a_link_to_another_host_only_the_id_is_taken(wire: Wire, transport: Transport, host: str) -> None:
    """As behind a gateway or a custom domain."""
    wire.script(accepted(f"https://{host}/jobs/J-1"))
    assert transport.job_id(transport.call("POST", "/")) == "J-1"
    assert len(wire.requests) == 1


def test_once_the_link_to_a_job_has_arrived_the_rest_of_the_answer_may_be_cut(wire: Wire, transport: Transport) -> None:
    link = {"operation-location": f"{wire.url}/jobs/J-1", "Content-Length": "500"}
    wire.script(Reply(202, content=b'{"half":', headers=link, cut=8))
    assert transport.job_id(transport.call("POST", "/")) == "J-1"


def test_once_the_link_to_a_job_has_arrived_the_rest_need_not_be_http(wire: Wire, transport: Transport) -> None:
    wire.script(Reply(202, NEGATIVE, {**CHUNKED, "operation-location": f"{wire.url}/jobs/J-1"}))
    assert transport.job_id(transport.call("POST", "/")) == "J-1"


def test_threads_share_one_and_each_gets_its_own_answer(wire: Wire, transport: Transport) -> None:
    def echo(seen: Seen) -> Reply:
        return said({"target": seen.target})

    wire.otherwise = echo
    targets = [f"/jobs/{number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda target: transport.call("GET", target).body, targets))
    assert answers == [{"target": target} for target in targets]
