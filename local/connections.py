"""HTTP connections of uvicorn, with limits: how long a request may take to arrive, and the size of its head.

Responses keep their order, including refusals. Each server defines the content of its refusals.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SECONDS_TO_SEND = 120.0
"""How long one request may take to arrive. Slower callers would hold connections that others need."""
MAX_HEAD = 256 * 1024  # bytes; one more chunk may be read before they are counted


class BoundedConnection(HttpToolsProtocol):
    max_head = MAX_HEAD
    _head: int | None = 0
    """Bytes of the first line and the headers received so far; None while the body is received."""
    _refused = False

    def refusal(self, status: str, message: str) -> tuple[str, bytes]:
        """The headers of a refusal about its content, each with its line end, and the content."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timeout = self.loop.call_later(SECONDS_TO_SEND, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._timeout.cancel()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._head is not None:
            self._head += len(data)
        super().data_received(data)
        if self._head is not None and self._head > self.max_head and not self.transport.is_closing():
            self._refuse("431 Request Header Fields Too Large", "The request line and the headers are too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._timeout.cancel()
        self._timeout = self.loop.call_later(SECONDS_TO_SEND, self.transport.close)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._head = None

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._timeout.cancel()
        self._head = 0

    def on_response_complete(self) -> None:
        was_last = self._refused and not self.pipeline
        super().on_response_complete()
        if was_last:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        self._refuse("400 Bad Request", msg)

    def _refuse(self, status: str, message: str) -> None:
        """Responds and closes the connection. While earlier requests are in progress, theirs are the last responses."""
        self._refused = True
        if self.pipeline and self.cycle.more_body:
            self.pipeline.popleft()  # the broken request
            return
        if self.cycle and not (self.cycle.response_complete or self.cycle.more_body):
            self.cycle.keep_alive = False
            return
        headers, content = self.refusal(status, message)
        head = f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        self.transport.write(head.encode() + content)
        self.transport.close()
