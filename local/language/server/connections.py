"""HTTP connections that can be cut, and that answer invalid HTTP with the error envelope of the service."""

from __future__ import annotations

import json

from local.connections import BoundedConnection

CUT = "textdrop.cut"
"""The name of the ASGI extension: a function that ends the connection at once, without an answer."""


class Connection(BoundedConnection):
    def refusal(self, status: str, message: str) -> tuple[str, bytes]:
        content = json.dumps({"error": {"code": status[:3], "message": message}}).encode()
        return "Content-Type: application/json\r\n", content

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CUT: self.transport.abort}  # type: ignore[dict-item]
