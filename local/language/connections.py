"""HTTP connections as uvicorn keeps them; but they can be cut, bound a request's head, and what is no HTTP gets the
service's envelope too.
"""

from __future__ import annotations

import asyncio
import json

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CUT = "textdrop.cut"
"""The name of the ASGI extension: a function that ends the connection at once, without an answer."""
SECONDS_TO_ASK = 120.0
"""How long one request may take to come; who is slower holds a connection that others may need."""
MOST_HEAD = 256 * 1024  # of bytes; one chunk of data may come on top before they are counted


class Connection(HttpToolsProtocol):
    _head: int | None = 0
    """The bytes of the first line and the headers that have come so far; None while the body comes."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._patience = self.loop.call_later(SECONDS_TO_ASK, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._patience.cancel()

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += len(data)
        super().data_received(data)
        if self._head is not None and self._head > MOST_HEAD and not self.transport.is_closing():
            self._refuse("431 Request Header Fields Too Large", "The address and the headers are too large.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._patience.cancel()
        self._patience = self.loop.call_later(SECONDS_TO_ASK, self.transport.close)
        self.scope["extensions"] = {CUT: self.transport.abort}  # type: ignore[dict-item]

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._head = None

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._patience.cancel()
        self._head = 0

    def send_400_response(self, msg: str) -> None:
        self._refuse("400 Bad Request", msg)

    def _refuse(self, status: str, message: str) -> None:
        content = json.dumps({"error": {"code": status[:3], "message": message}}).encode()
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        self.transport.write(head.encode() + b"Connection: close\r\n\r\n" + content)
        self.transport.close()
