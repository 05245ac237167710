"""The requests that the service received, so that tests can check what their code sent."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.language.protocol.json_body import parse_json

MAX_REQUESTS = 5_000
MAX_BYTES = 64 * 1024 * 1024
SECRET_HEADERS = ("ocp-apim-subscription-key", "authorization")
SECRET_FIELD = re.compile(rb'("accessToken"\s*:\s*)"(?:[^"\\]|\\.)*"?')


@dataclass(frozen=True)
class RecordedRequest:
    """One request and the status of its response. Header names are in lower case; the key is left out."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    at: datetime
    status: int

    @property
    def body(self) -> Any:
        """The body as JSON, else as text; None if it is empty."""
        try:
            return parse_json(self.content) if self.content else None
        except ValueError:
            return self.content.decode("utf-8", "replace")

    def wire(self) -> dict[str, Any]:
        fields = {"method": self.method, "path": self.path, "query": dict(self.query), "headers": dict(self.headers)}
        return {**fields, "body": self.body, "at": self.at.isoformat(), "status": self.status}


def without_secrets(content: bytes) -> bytes:
    """The body with every access token of a project copy replaced by an empty text."""
    return SECRET_FIELD.sub(rb'\1""', content)


class RequestLog:
    """The latest requests, oldest first, limited in number and in bytes."""

    def __init__(self) -> None:
        self._requests: deque[RecordedRequest] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, request: RecordedRequest) -> None:
        with self._lock:
            self._requests.append(request)
            self._bytes += len(request.content)
            while len(self._requests) > MAX_REQUESTS or self._bytes > MAX_BYTES:
                self._bytes -= len(self._requests.popleft().content)

    def all(self) -> list[RecordedRequest]:
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()
            self._bytes = 0
