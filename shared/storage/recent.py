"""Open values as this process last wrote them, so that they need not be read again.

A change of one is conditional on its version: if another process has changed it since, the change is refused.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any


class RecentValues:
    """At most `size` values, by the keys of their rows. Safe to share between threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        """The value in this row; None if this process did not write it recently."""
        return self._values.get(key)

    def remember(self, key: str, value: Any) -> None:
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            if len(self._values) > self._size:
                self._values.popitem(last=False)

    def forget(self, key: str) -> None:
        with self._lock:
            self._values.pop(key, None)
