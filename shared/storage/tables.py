"""Rows in one partition of one table. The only module that knows Azure Table storage.

With one partition, any change of up to 100 rows is one transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableClient, TransactionOperation

from shared.errors import StorageUnavailable, VersionConflict
from shared.language.deadlines import STORAGE_SECONDS, Deadline

TRANSACTION_LIMIT = 100
RANGE = "PartitionKey eq @partition and RowKey ge @first and RowKey lt @last"
# Statuses of a conflict: the row exists already, was deleted, or has another version.
_MOVED = (404, 409, 412)
_TABLE_GONE = ("TableNotFound", "TableBeingDeleted")


@dataclass(frozen=True)
class Row:
    """One row."""

    key: str  # the row key
    columns: Mapping[str, str] = field(default_factory=dict)
    version: str = ""  # the ETag that was read


@dataclass(frozen=True)
class Insert:
    row: Row


@dataclass(frozen=True)
class Update:
    """Replace the row, if it still has `row.version`."""

    row: Row


@dataclass(frozen=True)
class Put:
    """Insert the row, or replace the one with its key."""

    row: Row


@dataclass(frozen=True)
class Delete:
    """Delete the row with this key, if it still has `version`. An empty one stands for any version."""

    key: str
    version: str = ""


Change = Insert | Update | Put | Delete


class Rows(Protocol):
    """The storage interface of the ledger. Each method may raise StorageUnavailable."""

    def get(self, key: str) -> Row | None: ...

    def query_range(self, first: str, last: str, limit: int) -> list[Row]:
        """At most `limit` rows with first <= key < last, ordered by key."""
        ...

    def named(self, name: str, first: str, last: str) -> list[Row]:
        """All rows with first <= key < last and this value in column `name`. Scans the range."""
        ...

    def above(self, column: str, value: str, first: str, last: str, limit: int) -> list[Row]:
        """At most `limit` rows with first <= key < last whose `column` is greater than `value`. Scans the range.

        Rows without the column are not included.
        """
        ...

    def apply(self, changes: Sequence[Change]) -> list[str]:
        """Apply all changes (at most TRANSACTION_LIMIT) in one transaction.

        Returns the new version of each row, "" for a deletion. Raises VersionConflict, with nothing changed, if a row
        to insert exists, or one to update or delete was deleted or has another version.
        """
        ...


class TableRows:
    """Rows in Azure Table storage or Azurite. Creates the table on first use."""

    def __init__(self, client: TableClient, partition: str) -> None:
        self._client = client
        self._partition = partition
        self._made = False
        self._making = threading.Lock()

    def get(self, key: str) -> Row | None:
        with self._asked() as table:
            try:
                return _row(table.get_entity(self._partition, key))
            except ResourceNotFoundError:
                return None

    def query_range(self, first: str, last: str, limit: int) -> list[Row]:
        parameters = {"partition": self._partition, "first": first, "last": last}
        with self._asked() as table:
            found = table.query_entities(RANGE, parameters=parameters, results_per_page=min(limit, 1000))
            return [_row(entity) for entity in islice(found, limit)]

    def named(self, name: str, first: str, last: str) -> list[Row]:
        parameters = {"partition": self._partition, "first": first, "last": last, "name": name}
        with self._asked() as table:
            return [
                _row(entity) for entity in table.query_entities(f"{RANGE} and name eq @name", parameters=parameters)
            ]

    def above(self, column: str, value: str, first: str, last: str, limit: int) -> list[Row]:
        parameters = {"partition": self._partition, "first": first, "last": last, "value": value}
        with self._asked() as table:
            found = table.query_entities(f"{RANGE} and {column} gt @value", parameters=parameters)
            return [_row(entity) for entity in islice(found, limit)]

    def apply(self, changes: Sequence[Change]) -> list[str]:
        if len(changes) > TRANSACTION_LIMIT:
            raise ValueError(f"{len(changes)} changes do not fit one transaction.")
        operations = [_OPERATIONS[type(change)](self._partition, change) for change in changes]
        with self._asked() as table:
            try:
                return [answer.get("etag", "") for answer in table.submit_transaction(operations)]
            except HttpResponseError as error:
                if error.status_code in _MOVED and getattr(error, "error_code", "") not in _TABLE_GONE:
                    raise VersionConflict("Another change was written first; read again.") from error
                raise

    @contextmanager
    def _asked(self) -> Iterator[TableClient]:
        try:
            with Deadline(STORAGE_SECONDS):
                self._make_once()
                yield self._client
        except AzureError as error:
            self._made = False  # if the table was deleted, the next call creates it
            why = f"Table storage request failed ({type(error).__name__})."
            raise StorageUnavailable(why, error) from None

    def _make_once(self) -> None:
        with self._making:
            if not self._made:
                with suppress(ResourceExistsError):
                    self._client.create_table()
                self._made = True


def _entity(partition: str, row: Row) -> dict[str, str]:
    return {"PartitionKey": partition, "RowKey": row.key, **row.columns}


def _row(entity: Any) -> Row:
    columns = {name: value for name, value in entity.items() if name not in ("PartitionKey", "RowKey")}
    return Row(entity["RowKey"], columns, entity.metadata["etag"])


def _insert(partition: str, change: Any) -> Any:
    return TransactionOperation.CREATE, _entity(partition, change.row)


def _update(partition: str, change: Any) -> Any:
    condition = {"mode": "replace", "etag": change.row.version, "match_condition": MatchConditions.IfNotModified}
    return TransactionOperation.UPDATE, _entity(partition, change.row), condition


def _put(partition: str, change: Any) -> Any:
    return TransactionOperation.UPSERT, _entity(partition, change.row), {"mode": "replace"}


def _delete(partition: str, change: Any) -> Any:
    condition = {"etag": change.version, "match_condition": MatchConditions.IfNotModified} if change.version else {}
    return TransactionOperation.DELETE, {"PartitionKey": partition, "RowKey": change.key}, condition


_OPERATIONS: dict[type, Callable[[str, Any], Any]] = {Insert: _insert, Update: _update, Put: _put, Delete: _delete}
