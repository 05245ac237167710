"""The columns of stored rows, and the values that are read from them.

body0 body1 …               the value as JSON, in as many columns as it needs
name project kind state     of the value, if it has them: for people who open the table; the app reads only `name`
written                     of the index row of an open value: when its time was set, by the writer's clock
landed                      of the index row of an open document: when this version was first seen
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

from shared.storage.row_keys import STORED, index_keys, row_key, time_key, time_of
from shared.storage.serialization import decode, encode, prepare
from shared.storage.tables import Row

Found = TypeVar("Found")

log = logging.getLogger(__name__)

SHOWN = ("name", "project", "kind", "state")
COLUMN = 15_000  # characters of one column; the limit of Table storage is 64 KiB of UTF-16

prepare(STORED)


def row_of(value: Any, version: str = "") -> Row:
    """The row of this value. `version`: of the row that it replaces; "" for a new one."""
    text = encode(value)
    body = {f"body{n}": text[n * COLUMN : (n + 1) * COLUMN] for n in range(1 + len(text) // COLUMN)}
    shown = {name: str(getattr(value, name)) for name in SHOWN if hasattr(value, name)}
    return Row(row_key(value), {**body, **shown}, version)


def index_row(key: str, value: Any) -> Row:
    """The index row of this value with this key."""
    if not key.startswith("due|"):
        return Row(key)
    # A review has no time at which it is due.
    times = {"written": getattr(value, "written", None), "landed": getattr(value, "claimed", None)}
    return Row(key, {name: time_key(moment) for name, moment in times.items() if moment})


def landed(row: Row) -> datetime | None:
    """When the open document of this index row landed. None if an earlier version of the app wrote the row."""
    return time_of(row.columns.get("landed", ""))


def readable(kind: Any, row: Row) -> Any:
    """The value of a row. None, with a warning in the log, if it cannot be decoded: it must not block others."""
    try:
        return _value(kind, row)
    except Exception as error:  # noqa: BLE001 - it may hold anything
        log.warning("Row %s cannot be read, and is skipped (%s).", row.key, type(error).__name__)
        return None


def all_readable(kind: type[Found], rows: Sequence[Row]) -> list[Found]:
    """The values of these rows, without those that cannot be decoded."""
    return [value for row in rows if (value := readable(kind, row)) is not None]


def _value(kind: Any, row: Row) -> Any:
    parts = sorted(
        (int(name.removeprefix("body")), part) for name, part in row.columns.items() if name.startswith("body")
    )
    value = decode(kind, "".join(part for _, part in parts), row.version)
    index_keys(value)  # raises for a time that cannot be part of a key
    if row_key(value) != row.key:  # a change of this value would write another row, and fail each time
        raise ValueError("a value of another row")
    return value
