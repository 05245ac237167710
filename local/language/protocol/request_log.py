"""What was asked of the service, newest last, so that callers' tests can look at their own requests."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.language.protocol.json_body import parsed

MOST_REQUESTS = 5_000
MOST_BYTES = 64 * 1024 * 1024
SECRET_HEADERS = ("ocp-apim-subscription-key", "authorization")
SECRET_FIELD = re.compile(rb'("accessToken"\s*:\s*)"(?:[^"\\]|\\.)*"?')


@dataclass(frozen=True)
class RecordedRequest:
    """One request and the status of its answer. Header names are in lower case, and the key is not among them."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    at: datetime
    status: int

    @property
    def body(self) -> Any:
        """The JSON that was sent, else the text; None if nothing was sent."""
        try:
            return parsed(self.content) if self.content else None
        except ValueError:
            return self.content.decode("utf-8", "replace")

    def wire(self) -> dict[str, Any]:
        shown = {"method": self.method, "path": self.path, "query": dict(self.query), "headers": dict(self.headers)}
        return {**shown, "body": self.body, "at": self.at.isoformat(), "status": self.status}


def without_secrets(content: bytes) -> bytes:
    """A body as it is recorded: what lets somebody copy a project is empty there."""
    return SECRET_FIELD.sub(rb'\1""', content)


class RequestLog:
    """The last requests, bounded in number and in bytes."""

    def __init__(self) -> None:
        self._requests: deque[RecordedRequest] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, request: RecordedRequest) -> None:
        with self._lock:
            self._requests.append(request)
            self._bytes += len(request.content)
            while len(self._requests) > MOST_REQUESTS or self._bytes > MOST_BYTES:
                self._bytes -= len(self._requests.popleft().content)

    def all(self) -> list[RecordedRequest]:
        with self._lock:
            return list(self._requests)

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()
            self._bytes = 0
