"""The queue of completion events in memory: the twin of `EventQueue`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from shared.errors import StorageUnavailable


class MemoryQueue:
    """Keeps what it is sent, unless it `takes` no more."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.ids: set[str] = set()
        self.takes = 10**9  # events

    def send(self, events: Sequence[str]) -> None:
        for event in events:
            if not self.takes:
                raise StorageUnavailable("The queue is not available.")
            self.takes -= 1
            self.events.append(json.loads(event))
            self.ids.add(self.events[-1]["id"])
