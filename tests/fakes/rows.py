"""Rows in memory: the twin of `TableRows`, held to the same contract in test_rows.py."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from sortedcontainers import SortedDict

from shared.errors import StorageUnavailable, VersionConflict
from shared.storage.tables import TRANSACTION_LIMIT, Change, Delete, Insert, Put, Row, Update

MAX_COLUMN = 64 * 2**10  # bytes of UTF-16: Table storage's limit for a string


class MemoryRows:
    """One partition; a transaction happens as a whole or not at all. Safe to share between threads."""

    def __init__(self) -> None:
        self._rows: Any = SortedDict()  # of rows by key
        self._versions = itertools.count(1)
        self._lock = threading.Lock()

    def get(self, key: str) -> Row | None:
        with self._lock:
            found: Row | None = self._rows.get(key)
            return found

    def query_range(self, first: str, last: str, limit: int) -> list[Row]:
        with self._lock:
            return list(islice(self._between(first, last), limit))

    def named(self, name: str, first: str, last: str) -> list[Row]:
        with self._lock:
            return [row for row in self._between(first, last) if row.columns.get("name") == name]

    def above(self, column: str, value: str, first: str, last: str, limit: int) -> list[Row]:
        with self._lock:
            found = (row for row in self._between(first, last) if row.columns.get(column, "") > value)
            return list(islice(found, limit))

    def apply(self, changes: Sequence[Change]) -> list[str]:
        with self._lock:
            _check(changes)
            if not all(self._fits(change) for change in changes):
                raise VersionConflict("Another change was written first; read again.")
            return [self._make(change) for change in changes]

    def write_by_hand(self, row: Row) -> None:
        """Stores a row without checks, as another client of the table would. It replaces an existing row."""
        with self._lock:
            self._rows[row.key] = row

    def _between(self, first: str, last: str) -> Iterator[Row]:
        return (self._rows[key] for key in self._rows.irange(first, last, inclusive=(True, False)))

    def _fits(self, change: Change) -> bool:
        found = self._rows.get(_key(change))
        if isinstance(change, Insert):
            return found is None
        if isinstance(change, Put):
            return True
        if isinstance(change, Delete):
            return found is not None and change.version in ("", found.version)
        return found is not None and found.version == change.row.version

    def _make(self, change: Change) -> str:
        if isinstance(change, Delete):
            del self._rows[change.key]
            return ""
        version = f"v{next(self._versions)}"
        self._rows[change.row.key] = Row(change.row.key, dict(change.row.columns), version)
        return version


def _check(changes: Sequence[Change]) -> None:
    """What Table storage refuses whatever it holds."""
    keys = [_key(change) for change in changes]
    columns = [column for change in changes if not isinstance(change, Delete) for column in change.row.columns.values()]
    if len(keys) > TRANSACTION_LIMIT or len(set(keys)) < len(keys):
        raise StorageUnavailable("A transaction has at most 100 changes, each of another row.")
    if any(len(column.encode("utf-16-le")) > MAX_COLUMN for column in columns):
        raise StorageUnavailable("A column is too large.")
    if any(isinstance(change, Update) and not change.row.version for change in changes):
        raise ValueError("An update needs the version that was read.")


def _key(change: Change) -> str:
    return change.key if isinstance(change, Delete) else change.row.key
