"""Rows of one partition of one table. The only module that knows Azure Table storage.

One partition, so that any change of up to 100 rows is one transaction: all of it happens, or nothing.
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
# Another's change came first: it is there already, is gone, or has another version.
_MOVED = (404, 409, 412)
_TABLE_GONE = ("TableNotFound", "TableBeingDeleted")


@dataclass(frozen=True)
class Row:
    """`key` is the row key; `columns` are strings; `version` is the storage ETag it was read with."""

    key: str
    columns: Mapping[str, str] = field(default_factory=dict)
    version: str = ""


@dataclass(frozen=True)
class Insert:
    row: Row


@dataclass(frozen=True)
class Update:
    """Replace the row, if it still has `row.version`."""

    row: Row


@dataclass(frozen=True)
class Delete:
    key: str


Change = Insert | Update | Delete


class Rows(Protocol):
    """What the ledger needs of a store. Each method may raise StorageUnavailable."""

    def get(self, key: str) -> Row | None: ...

    def query_range(self, first: str, last: str, limit: int) -> list[Row]:
        """At most `limit` rows with first <= key < last, in the order of their keys."""
        ...

    def named(self, name: str, first: str, last: str) -> list[Row]:
        """All rows with first <= key < last and this value in column `name`; the store looks through the others."""
        ...

    def above(self, column: str, value: str, first: str, last: str, limit: int) -> list[Row]:
        """At most `limit` rows with first <= key < last whose `column` is greater than `value`; the store looks through
        the others. Rows without the column are left out.
        """
        ...

    def apply(self, changes: Sequence[Change]) -> list[str]:
        """All changes in one transaction (at most TRANSACTION_LIMIT): each row's new version, "" for a deletion.

        Raises VersionConflict, with nothing changed, if one of them no longer fits.
        """
        ...


class TableRows:
    """Rows in Azure Table storage (or Azurite). The table is made on first use."""

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
                    raise VersionConflict("Another change came first; read again.") from error
                raise

    @contextmanager
    def _asked(self) -> Iterator[TableClient]:
        try:
            with Deadline(STORAGE_SECONDS):
                self._make_once()
                yield self._client
        except AzureError as error:
            self._made = False  # should the table have been deleted, the next call makes it again
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


def _delete(partition: str, change: Any) -> Any:
    return TransactionOperation.DELETE, {"PartitionKey": partition, "RowKey": change.key}


_OPERATIONS: dict[type, Callable[[str, Any], Any]] = {Insert: _insert, Update: _update, Delete: _delete}
