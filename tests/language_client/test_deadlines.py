"""Total deadlines: whatever trickles, at whichever point of an exchange, a call ends in its time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from time import monotonic

import pytest
import requests
from urllib3.util import Retry

from shared.domain.singletons import Gate
from shared.errors import InvalidResponse, StorageUnavailable, Unavailable
from shared.language import deadlines, parsing
from shared.language.alarms import Alarms
from shared.language.deadlines import Deadline, session_with_deadlines
from shared.language.transport import Transport
from shared.services import Services, build
from shared.settings import load
from shared.storage import blobs, tables
from tests.fakes.services import ENVIRON
from tests.support.wire import KEY, Reply, Wire, recording, said

SECONDS = 1.5
PATIENCE = 30.0  # far more than a call may take, far less than what trickles lasts
HEAD = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True)
class Peer:
    """What it does on each connection, until `ended` is set."""

    talk: Callable[[socket.socket], None]
    ended: threading.Event


def trickle(*first: bytes, endless: bytes) -> Peer:
    """A peer that sends `first` at once, and then a few bytes again and again, long before any time-out of a read."""

    def talk(peer: socket.socket) -> None:
        for part in first:
            peer.sendall(part)
        while not ended.wait(0.02):
            peer.sendall(endless)

    ended = threading.Event()
    return Peer(talk, ended)


TRICKLES: dict[str, Callable[[], Peer]] = {
    "nothing": lambda: trickle(endless=b""),
    "a status line": lambda: trickle(b"HTTP/1.1 200 O", endless=b"O"),
    "headers": lambda: trickle(HEAD, b"X: ", endless=b"x"),
    "lines of headers": lambda: trickle(HEAD, endless=b"X: y\r\n"),
    "interim answers": lambda: trickle(endless=b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a body of a length": lambda: trickle(HEAD, b"Content-Length: 999999\r\n\r\n", endless=b"x"),
    "a body in chunks": lambda: trickle(HEAD, b"Transfer-Encoding: chunked\r\n\r\n", endless=b"1\r\nx\r\n"),
    "a body until the end": lambda: trickle(HEAD, b"Connection: close\r\n\r\n", endless=b" "),
    "the body of an error": lambda: trickle(b"HTTP/1.1 500 No\r\nContent-Length: 999\r\n\r\n", endless=b"x"),
}


@contextmanager
def listening(peer: Peer) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server, peer.talk))
        thread.start()
        try:
            yield f"127.0.0.1:{server.getsockname()[1]}"
        finally:
            peer.ended.set()
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(server: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    with suppress(OSError):
        while True:
            peer, _ = server.accept()
            with peer, suppress(OSError):
                talk(peer)


@contextmanager
def in_time() -> Iterator[None]:
    began = monotonic()
    yield
    assert monotonic() - began < PATIENCE


def asked(address: str, method: str = "GET") -> Unavailable:
    transport = Transport(f"http://{address}", key=KEY, token=None, seconds=SECONDS)
    try:
        with in_time(), pytest.raises(Unavailable) as caught:
            transport.call(method, "/", body={"x": "y" * 2**22} if method == "POST" else None)
    finally:
        transport.close()
    return caught.value


@pytest.mark.parametrize("trickling", TRICKLES.values(), ids=TRICKLES)
def test_an_answer_that_trickles_is_cut_off(trickling: Callable[[], Peer]) -> None:
    with listening(trickling()) as address:
        assert asked(address).sent


def test_a_peer_that_takes_no_request_is_left() -> None:
    with listening(TRICKLES["nothing"]()) as address:
        assert asked(address, "POST").sent


def test_a_tls_handshake_that_trickles_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record of the handshake that never ends; the certificate never comes."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    hello = bytes([22, 3, 3, 0x40, 0])
    with listening(trickle(hello, endless=b"\x02")) as address:
        transport = Transport(f"https://{address}", key=KEY, token=None, seconds=SECONDS)
        with in_time(), pytest.raises(Unavailable):
            transport.call("GET", "/")
        transport.close()


def test_a_kept_connection_that_trickles_later_is_cut_off() -> None:
    ended = threading.Event()

    def talk(peer: socket.socket) -> None:
        peer.recv(2**16)
        peer.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")
        peer.recv(2**16)
        while not ended.wait(0.02):
            peer.sendall(b"H")

    with listening(Peer(talk, ended)) as address:
        transport = Transport(f"http://{address}", key=KEY, token=None, seconds=SECONDS)
        assert transport.call("GET", "/").body == {}
        with in_time(), pytest.raises(Unavailable, match="in time"):
            transport.call("GET", "/")
        transport.close()


def test_what_could_not_be_sent_in_time_is_not_sent() -> None:
    """The identity took its time, or the process was frozen: by now the job may have been given up."""
    with recording() as wire:
        slow = threading.Event()

        def token() -> str:
            slow.wait(2 * SECONDS)
            return "token-token"

        transport = Transport(wire.url, key=None, token=token, seconds=SECONDS)
        with pytest.raises(Unavailable) as caught:
            transport.call("POST", "/", body={})
        assert not caught.value.sent
        assert not wire.requests
        transport.close()


def test_a_deadline_does_not_touch_what_comes_after_it_on_the_same_connection() -> None:
    with recording() as wire, session_with_deadlines(Retry(0), 1) as session:
        wire.otherwise = lambda _: said({})
        with Deadline(PATIENCE) as deadline:
            session.get(wire.url)
        deadline.cut()
        assert session.get(wire.url).json() == {}


def test_all_pages_together_have_the_time_of_one_call(wire: Wire) -> None:
    slow = threading.Event()
    wire.otherwise = lambda seen: (
        said({"nextLink": f"/?page={len(wire.requests)}"}) if slow.wait(0.3) or seen else Reply()
    )
    transport = Transport(wire.url, key=KEY, token=None, seconds=SECONDS)
    with pytest.raises(Unavailable):
        list(parsing.pages(transport, "/", {}, "nextLink"))
    assert len(wire.requests) < 10
    transport.close()


def test_all_pages_of_a_job_together_have_a_largest_size(wire: Wire) -> None:
    filler = "x" * 200_000
    wire.otherwise = lambda _: said({"nextLink": f"/?page={len(wire.requests)}", "filler": filler})
    transport = Transport(wire.url, key=KEY, token=None)
    with pytest.raises(InvalidResponse, match="longer than"):
        list(parsing.pages(transport, "/", {}, "nextLink", bounds=parsing.JOB))
    assert len(wire.requests) == parsing.JOB.size // 200_000 + 1
    wire.otherwise = lambda _: said({"nextLink": f"/?page={len(wire.requests)}"})
    wire.requests.clear()
    with pytest.raises(InvalidResponse, match="does not end"):
        list(parsing.pages(transport, "/", {}, "nextLink", bounds=parsing.JOB))
    assert len(wire.requests) == parsing.JOB.pages
    transport.close()


@pytest.mark.parametrize("part", [b"[],", b"{},", b'"",', b"1,", b'{"a":0},'])
def test_an_answer_of_very_many_values_is_garbled_before_they_are_built(wire: Wire, part: bytes) -> None:
    body = b"[" + part * (1_000_000 // len(part)) + b"0]"
    wire.otherwise = lambda _: Reply(content=body)
    transport = Transport(wire.url, key=KEY, token=None)
    [answer] = [next(parsing.pages(transport, "/", {}, "nextLink", bounds=parsing.JOB))]
    with pytest.raises(InvalidResponse, match="more than"):
        _ = answer.body
    transport.close()


PART = b"HTTP/1.1 206 Part\r\nContent-Length: 9999\r\nContent-Range: bytes 0-9998/9999\r\n\r\n"
STORED = (
    "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=http://{0}/a;TableEndpoint=http://{0}/a;"
)


@pytest.mark.parametrize("trickling", [TRICKLES["headers"], lambda: trickle(PART, endless=b"x")])
@pytest.mark.parametrize("act", [lambda app: app.documents.read("a.txt", "e"), lambda app: app.ledger.read(Gate)])
def test_storage_that_trickles_is_unavailable(
    trickling: Callable[[], Peer], act: Callable[[Services], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "STORAGE_SECONDS", SECONDS)
    monkeypatch.setattr(blobs, "STORAGE_SECONDS", SECONDS)
    with listening(trickling()) as address:
        app = build(load({**ENVIRON, "DOCUMENTS_STORAGE": STORED.format(address)}))
        with in_time(), pytest.raises(StorageUnavailable):
            act(app)


IDENTITY = {
    "DOCUMENTS_STORAGE__blobServiceUri": "https://account.blob.core.windows.net",
    "DOCUMENTS_STORAGE__queueServiceUri": "https://account.queue.core.windows.net",
    "DOCUMENTS_STORAGE__tableServiceUri": "https://account.table.core.windows.net",
}


@pytest.mark.parametrize(
    "storage", [{"DOCUMENTS_STORAGE": STORED.format("localhost:1")}, IDENTITY], ids=["key", "role"]
)
def test_every_client_of_storage_has_deadlines(storage: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = []

    def counted(retries: Retry, connections: int) -> object:
        sessions.append(session_with_deadlines(retries, connections))
        return sessions[-1]

    monkeypatch.setattr(deadlines, "session_with_deadlines", counted)
    build(load({**{name: value for name, value in ENVIRON.items() if name != "DOCUMENTS_STORAGE"}, **storage}))
    assert len(sessions) == len(["tables", "blobs"])


def test_all_deadlines_share_one_thread() -> None:
    with Deadline(PATIENCE):
        before = threading.active_count()
        with ExitStack() as stack:
            for _ in range(50):
                stack.enter_context(Deadline(PATIENCE))
            assert threading.active_count() == before


def test_an_earlier_alarm_rings_before_a_later_one_and_a_cancelled_one_never() -> None:
    alarms, rang, done = Alarms(), list[str](), threading.Event()
    alarms.set(monotonic() + 10 * PATIENCE, lambda: rang.append("later"))
    cancelled = alarms.set(monotonic() + 10 * PATIENCE, lambda: rang.append("cancelled"))
    alarms.cancel(cancelled)
    alarms.set(monotonic() - 1, lambda: rang.append("overdue"))
    alarms.set(monotonic() + 0.01, done.set)
    assert done.wait(PATIENCE)
    assert rang == ["overdue"]


def test_an_alarm_that_fails_keeps_no_other_from_ringing(caplog: pytest.LogCaptureFixture) -> None:
    alarms, done = Alarms(), threading.Event()

    def failing() -> None:
        raise RuntimeError

    soon = monotonic() + 0.01
    alarms.set(soon, failing)
    alarms.set(soon, done.set)
    assert done.wait(PATIENCE)
    assert "An alarm failed." in caplog.text


def test_a_session_reads_the_proxies_of_the_environment_once_for_each_host(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    wire.otherwise = lambda _: Reply(200, b"")
    used, fresh = (session_with_deadlines(Retry(total=False), 1) for _ in range(2))
    assert used.get(wire.url).status_code == 200
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert used.get(wire.url).status_code == 200
    with pytest.raises(requests.exceptions.ProxyError):
        fresh.get(wire.url)
