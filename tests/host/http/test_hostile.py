"""What nobody should send to the host, byte for byte, and what no function should do: each harms only itself."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from local.host import cli as host_app
from local.host.launch import Host, running
from tests.host.host_apps import eventually, write_app

CODE = """
import asyncio, json, pathlib

@app.route(route="echo/{*rest}")
def echo(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(json.dumps({"rest": req.route_params.get("rest"), "body": len(req.get_body())}))

@app.route(route="held")
async def held(req: func.HttpRequest) -> func.HttpResponse:
    logging.info("held has started")
    while not pathlib.Path("go").exists():
        await asyncio.sleep(0.02)
    return func.HttpResponse("held")

WHAT = {kind.__name__: kind for kind in (KeyboardInterrupt, SystemExit, GeneratorExit, BaseException, StopIteration,
                                         StopAsyncIteration, asyncio.CancelledError, RecursionError)}

@app.route(route="raise/{what}")
def raise_it(req: func.HttpRequest) -> func.HttpResponse:
    raise WHAT[req.route_params["what"]]("no")

@app.route(route="raise-later/{what}")
async def raise_it_later(req: func.HttpRequest) -> func.HttpResponse:
    await asyncio.sleep(0)
    raise WHAT[req.route_params["what"]]("no")

@app.route(route="header/{what}")
def header(req: func.HttpRequest) -> func.HttpResponse:
    headers = {"line": {"X": "a\\r\\nSet-Cookie: b"}, "euro": {"X": "\\u20ac"}, "name": {"X Y": "a"}}
    return func.HttpResponse("x", headers=headers[req.route_params["what"]])

@app.route(route="write")
def write(req: func.HttpRequest) -> func.HttpResponse:
    print("first\\n" * 1000, end="no end of line")
    return func.HttpResponse("written")
"""
HOST = b"Host: x\r\n"
GET = b"GET /api/echo/a HTTP/1.1\r\n" + HOST
POST = b"POST /api/echo/a HTTP/1.1\r\n" + HOST
HELD = b"GET /api/held HTTP/1.1\r\n" + HOST + b"\r\n"
RAISED = ["KeyboardInterrupt", "SystemExit", "GeneratorExit", "BaseException", "CancelledError", "RecursionError"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_app(tmp_path_factory.mktemp("app"), CODE)


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[Host]:
    with running(folder, environ={}) as started:
        yield started


def answered(host: Host, sent: bytes, until: bytes = b"") -> bytes:
    """What comes back until the host ends the connection, or until it has sent `until`."""
    with socket.create_connection(("127.0.0.1", int(host.url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(sent)
        return received(connection, until)


def received(connection: socket.socket, until: bytes = b"") -> bytes:
    got = b""
    while not (until and until in got) and (part := connection.recv(65536)):
        got += part
    return got


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /api/echo/b HTTP/1.1\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\nG",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        POST + b"Content-Length: -1\r\n\r\na",
        POST + b"Content-Length: +1\r\n\r\na",
        POST + b"Content-Length: 99999999999999999999999999\r\n\r\na",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 1\r\n folded\r\n\r\n",
        b"GET /api/echo/a HTTP/1.1\nHost: x\n\n",
        b"GET /api/echo/\0 HTTP/1.1\r\n" + HOST + b"\r\n",
        "GET /api/echo/é HTTP/1.1\r\n".encode() + HOST + b"\r\n",
        GET + b"X: a\0b\r\n\r\n",
        b"NONSENSE /api/echo/a HTTP/1.1\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_no_http_is_400_with_nothing_in_it_and_the_end(host: Host, sent: bytes) -> None:
    assert answered(host, sent) == b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /api/echo/a HTTP/1.1\r\n\r\n", 400),
        (GET + HOST + b"\r\n", 400),
        (b"CONNECT a:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET http://elsewhere/api/echo/a HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /api/echo/a HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        (b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /api/echo/%00 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET /api/echo/" + b"a" * 4087 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET /api/echo/?q=" + b"a" * 8165 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (GET + b"X: " + b"x" * 32768 + b"\r\n\r\n", 431),
        (GET + b"X: x\r\n" * 100 + b"\r\n", 431),
        (POST + b"Content-Length: 104857601\r\n\r\n", 413),
        (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /api/../admin/none HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    ],
)
def test_what_no_function_gets_to_see(host: Host, sent: bytes, status: int) -> None:
    answer = answered(host, sent, until=b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.endswith(b"content-length: 0\r\n\r\n")


def test_the_longest_address_is_taken(host: Host) -> None:
    longest = "a" * (4096 - len("/api/echo/"))
    query = "b" * (8192 - len(f"GET /api/echo/{longest}?q= HTTP/1.1\r\n"))
    answer = requests.get(f"{host.url}/api/echo/{longest}?q={query}", timeout=30).json()
    assert answer["rest"] == longest


def test_headers_without_end_are_not_collected(host: Host) -> None:
    with socket.create_connection(("127.0.0.1", int(host.url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(GET)
        with pytest.raises(OSError):  # noqa: PT011  # it may be one of several
            connection.sendall((b"X: " + b"x" * 1000 + b"\r\n") * 100_000)


def test_the_hosts_own_routes_may_be_percent_encoded(host: Host) -> None:
    found = answered(host, b"GET /%61dmin/host/ping HTTP/1.1\r\n" + HOST + b"\r\n", until=b"\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 200 OK\r\n")


def test_percent_signs_that_are_no_encoding_stay(host: Host) -> None:
    found = answered(host, b"GET /api/echo/%zz%ff%41%f HTTP/1.1\r\n" + HOST + b"\r\n", until=b"}")
    assert b'"rest": "%zz%ffA%f"' in found


def test_broken_chunks_end_the_connection(host: Host) -> None:
    assert b"400 Bad Request" in answered(host, POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n")


def test_a_chunked_body_does_not_become_the_next_request(host: Host) -> None:
    second = b"GET /api/echo/second HTTP/1.1\r\n" + HOST + b"\r\n"
    sent = POST + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(second), second)
    found = answered(host, sent + GET + b"Connection: close\r\n\r\n")
    assert (found.count(b"200 OK"), found.count(b"second")) == (2, 0)


def test_requests_in_a_row_are_answered_in_a_row(host: Host, folder: Path) -> None:
    (folder / "go").touch()
    found = answered(host, HELD + HELD + b"GET /api/echo/last HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")
    assert found.count(b"200 OK") == 3
    assert found.rindex(b"held") < found.index(b"last")


@pytest.mark.parametrize(
    ("after", "held"),
    [
        (b"@@@ nonsense\r\n\r\n", 1),
        (HELD + b"@@@ nonsense\r\n\r\n", 2),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 1),
    ],
)
def test_nonsense_after_a_request_does_not_answer_in_its_place(
    host: Host, folder: Path, after: bytes, held: bool
) -> None:
    (folder / "go").unlink(missing_ok=True)
    started = host.output.count("held has started")
    with socket.create_connection(("127.0.0.1", int(host.url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(HELD + after)
        eventually(lambda: host.output.count("held has started") > started)
        (folder / "go").touch()
        found = received(connection)
    assert (found.count(b"200 OK"), found.count(b"HTTP/1.1")) == (held, held)


def test_an_upgrade_is_not_made_and_the_request_runs(host: Host) -> None:
    sent = POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"
    assert b"200 OK" in answered(host, sent, until=b"}")


def test_a_caller_who_leaves_amid_a_body_leaves_no_trace(host: Host) -> None:
    before = host.output.count("Traceback")
    with socket.create_connection(("127.0.0.1", int(host.url.rpartition(":")[2])), timeout=30) as connection:
        connection.sendall(POST + b"Content-Length: 10\r\n\r\nabc")
    assert requests.get(f"{host.url}/api/echo/a", timeout=30).status_code == 200
    assert host.output.count("Traceback") == before


@pytest.mark.parametrize("path", [f"raise/{kind}" for kind in (*RAISED, "StopIteration")]
                         + [f"raise-later/{kind}" for kind in (*RAISED, "StopAsyncIteration")]
                         + [f"header/{kind}" for kind in ("line", "euro", "name")])  # fmt: skip
def test_whatever_a_function_raises_or_makes_up_is_500_and_the_host_goes_on(host: Host, path: str) -> None:
    answer = requests.get(f"{host.url}/api/{path}", timeout=30)
    assert (answer.status_code, answer.content, "set-cookie" in answer.headers) == (500, b"", False)
    assert requests.get(f"{host.url}/api/echo/a", timeout=30).status_code == 200
    assert "Exception in ASGI application" not in host.output


def test_what_a_function_prints_is_printed(host: Host) -> None:
    assert requests.get(f"{host.url}/api/write", timeout=30).text == "written"
    host.wait_for_line("no end of line")
    assert host.output.count("first\n") == 1000


def test_a_thousand_requests_at_once(host: Host, folder: Path) -> None:
    (folder / "go").unlink(missing_ok=True)
    address = ("127.0.0.1", int(host.url.rpartition(":")[2]))
    connections = [socket.create_connection(address, timeout=60) for _ in range(500)]
    try:
        for connection in connections:
            connection.sendall(HELD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        with ThreadPoolExecutor(8) as callers:
            quick = list(callers.map(lambda _: requests.get(f"{host.url}/api/echo/a", timeout=60), range(500)))
        (folder / "go").touch()
        slow = [received(connection) for connection in connections]
    finally:
        for connection in connections:
            connection.close()
    assert {answer.status_code for answer in quick} == {200}
    assert all(one.startswith(b"HTTP/1.1 200 OK") and one.endswith(b"held") for one in slow)


def test_small_answers_are_sent_at_once() -> None:
    """asyncio sets TCP_NODELAY only where the protocol is named; without it an answer waits some 40 ms."""
    with host_app.listening("127.0.0.1", 0) as door:
        assert door.proto == socket.IPPROTO_TCP
