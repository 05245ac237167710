"""Rows that count what is asked of them: requests by kind, rows that came back, bytes that were written."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from shared.storage.tables import Change, Delete, Row, Rows


class CountingRows:
    """Counts on its way to the rows behind it. Safe between threads."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._lock = threading.Lock()
        self.counts = Counter[str]()

    def get(self, key: str) -> Row | None:
        found = self._rows.get(key)
        self._count(requests=1, gets=1, rows=found is not None)
        return found

    def query_range(self, first: str, last: str, limit: int) -> list[Row]:
        found = self._rows.query_range(first, last, limit)
        self._count(requests=1, queries=1, rows=len(found))
        return found

    def named(self, name: str, first: str, last: str) -> list[Row]:
        found = self._rows.named(name, first, last)
        self._count(requests=1, scans=1, rows=len(found))
        return found

    def above(self, column: str, value: str, first: str, last: str, limit: int) -> list[Row]:
        found = self._rows.above(column, value, first, last, limit)
        self._count(requests=1, scans=1, rows=len(found))
        return found

    def apply(self, changes: Sequence[Change]) -> list[str]:
        written = [change.row for change in changes if not isinstance(change, Delete)]
        self._count(requests=1, transactions=1, changes=len(changes), bytes=sum(map(_bytes, written)))
        return self._rows.apply(changes)

    def _count(self, **more: int) -> None:
        with self._lock:
            self.counts.update(more)


def _bytes(row: Row) -> int:
    """As Table storage keeps them: two bytes a character."""
    return 2 * (len(row.key) + sum(len(name) + len(text) for name, text in row.columns.items()))
