"""A server that answers what a test tells it to and remembers every request to the letter."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "0123456789abcdef"


@dataclass(frozen=True)
class Seen:
    """A request: `target` is path and query exactly as sent; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.target}"

    @property
    def body(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Reply:
    """An answer. `held`: not before this is set, or ten seconds later. `cut`: only so many bytes of the content."""

    status: int = 200
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    held: threading.Event | None = None
    cut: int | None = None


def said(body: object, status: int = 200, **headers: str) -> Reply:
    """A JSON answer; an underscore in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json", **named})


def accepted(link: str, header: str = "operation-location") -> Reply:
    """A job was started: 202 and an empty body (recorded)."""
    return Reply(202, headers={header: link})


def refused(status: int, message: str = "No.", **headers: str) -> Reply:
    return said({"error": {"code": "InvalidRequest", "message": message}}, status, **headers)


class Wire:
    """`replies` are given in turn; when they are out, `otherwise` decides."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.forget()

    def forget(self) -> None:
        """Start again, for the next test."""
        self.requests: list[Seen] = []
        self.replies: deque[Reply] = deque()
        self.otherwise: Callable[[Seen], Reply] = lambda seen: refused(418, f"no reply left for {seen.line}")

    def script(self, *replies: Reply) -> None:
        self.replies.extend(replies)

    @property
    def lines(self) -> list[str]:
        return [seen.line for seen in self.requests]

    def answer(self, seen: Seen) -> Reply:
        self.requests.append(seen)
        return self.replies.popleft() if self.replies else self.otherwise(seen)


@contextmanager
def recording() -> Iterator[Wire]:
    """One of them on a free port, ended with the block."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.wire = Wire(f"http://127.0.0.1:{server.server_address[1]}")
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        serving.start()
        try:
            yield server.wire
        finally:
            server.shutdown()
            serving.join()


class _Server(ThreadingHTTPServer):
    wire: Wire


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and content in one packet, or each answer waits for an acknowledgement

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # the client gave up
            self.close_connection = True

    def _answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.wire.answer(Seen(self.command, self.path, headers, content))
        if reply.held:
            reply.held.wait(10)
        if reply.cut == 0:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.content)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.content[: reply.cut])
        self.close_connection = reply.cut is not None

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing to standard error."""
