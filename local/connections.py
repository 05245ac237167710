"""HTTP connections as uvicorn keeps them, but bounded: how long a request may take to come, how large its head may be.

Answers keep their order, refusals too. What those look like is up to each server.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SECONDS_TO_ASK = 120.0
"""How long one request may take to come; who is slower holds a connection that others may need."""
MOST_HEAD = 256 * 1024  # of bytes; one chunk of data may come on top before they are counted


class BoundedConnection(HttpToolsProtocol):
    most_head = MOST_HEAD
    _head: int | None = 0
    """The bytes of the first line and the headers that have come so far; None while the body comes."""
    _deaf = False

    def refusal(self, status: str, message: str) -> tuple[str, bytes]:
        """The headers about the content, each with its line's end, and the content of a refusal."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._patience = self.loop.call_later(SECONDS_TO_ASK, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._patience.cancel()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._head is not None:
            self._head += len(data)
        super().data_received(data)
        if self._head is not None and self._head > self.most_head and not self.transport.is_closing():
            self._refuse("431 Request Header Fields Too Large", "The address and the headers are too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._patience.cancel()
        self._patience = self.loop.call_later(SECONDS_TO_ASK, self.transport.close)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._head = None

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._patience.cancel()
        self._head = 0

    def on_response_complete(self) -> None:
        was_last = self._deaf and not self.pipeline
        super().on_response_complete()
        if was_last:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self._refuse("400 Bad Request", msg)

    def _refuse(self, status: str, message: str) -> None:
        """Answers and ends the connection; while requests before this one are worked on, their answers are the last."""
        self._deaf = True
        if self.pipeline and self.cycle.more_body:
            self.pipeline.popleft()  # the one that is broken
            return
        if self.cycle and not (self.cycle.response_complete or self.cycle.more_body):
            self.cycle.keep_alive = False
            return
        headers, content = self.refusal(status, message)
        head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        self.transport.write(head.encode() + content)
        self.transport.close()
