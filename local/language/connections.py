"""HTTP connections as uvicorn keeps them; but they can be cut, and what is no HTTP gets the service's envelope too."""

from __future__ import annotations

import json

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

CUT = "textdrop.cut"
"""The name of the ASGI extension: a function that ends the connection at once, without an answer."""


class Connection(HttpToolsProtocol):
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CUT: self.transport.abort}  # type: ignore[dict-item]

    def send_400_response(self, msg: str) -> None:
        content = json.dumps({"error": {"code": "400", "message": msg}}).encode()
        head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        self.transport.write(head.encode() + b"Connection: close\r\n\r\n" + content)
        self.transport.close()
