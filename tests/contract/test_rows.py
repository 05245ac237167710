"""Rows: one contract for Table storage (Azurite) and its twin in memory; and what only the real one can suffer."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.data.tables import TableClient

from local.stack.azurite import Azurite
from shared.domain.documents import Document
from shared.domain.singletons import Heartbeat
from shared.errors import StorageUnavailable, VersionConflict
from shared.services import build
from shared.settings import load
from shared.storage.tables import Change, Delete, Insert, Put, Row, Rows, TableRows, Update
from tests.fakes.services import ENVIRON
from tests.support.values import NOW

HOSTILE = [
    "/ ? # % ' \" & + |",
    "a\nline\tand a tab",
    "😀 é 漢字",
    "x" * 1024,
    "\0 \x01",
    "<xml/>",
    "null",
    "2026-01-01",
]


pytest_plugins = ["tests.support.stores"]


def keys(rows: Rows) -> list[str]:
    return [row.key for row in rows.query_range("", "~", 1000)]


def test_nothing_is_there_at_first(rows: Rows) -> None:
    assert rows.get("a") is None
    assert rows.query_range("", "~", 10) == []


def test_an_inserted_row_is_read_back_with_its_version(rows: Rows) -> None:
    [version] = rows.apply([Insert(Row("a", {"body": "text", "state": "open"}))])
    assert version
    assert rows.get("a") == Row("a", {"body": "text", "state": "open"}, version)


@pytest.mark.parametrize("text", ["", *HOSTILE])
def test_columns_hold_any_text(rows: Rows, text: str) -> None:
    rows.apply([Insert(Row("a", {"body": text}))])
    found = rows.get("a")
    assert found is not None
    assert found.columns == {"body": text}


def test_an_update_replaces_every_column_and_gives_a_new_version(rows: Rows) -> None:
    [first] = rows.apply([Insert(Row("a", {"body": "one", "old": "column"}))])
    [second] = rows.apply([Update(Row("a", {"body": "two"}, first))])
    assert second != first
    assert rows.get("a") == Row("a", {"body": "two"}, second)


def test_a_deleted_row_is_gone_and_has_no_version(rows: Rows) -> None:
    rows.apply([Insert(Row("a"))])
    assert rows.apply([Delete("a")]) == [""]
    assert rows.get("a") is None


def test_a_row_is_put_whether_it_is_there_or_not(rows: Rows) -> None:
    [first] = rows.apply([Put(Row("a", {"body": "one", "old": "column"}))])
    second, _ = rows.apply([Put(Row("a", {"body": "two"})), Put(Row("b"))])
    assert second != first
    assert rows.get("a") == Row("a", {"body": "two"}, second)
    assert keys(rows) == ["a", "b"]


def test_a_row_is_deleted_in_the_version_that_was_read(rows: Rows) -> None:
    [version] = rows.apply([Insert(Row("a"))])
    assert rows.apply([Delete("a", version)]) == [""]
    assert keys(rows) == []


def test_versions_come_in_the_order_of_the_changes(rows: Rows) -> None:
    [old] = rows.apply([Insert(Row("b"))])
    rows.apply([Insert(Row("c"))])
    a, deleted, b = rows.apply([Insert(Row("a")), Delete("c"), Update(Row("b", {"x": "1"}, old))])
    assert deleted == ""
    assert {row.key: row.version for row in rows.query_range("", "~", 10)} == {"a": a, "b": b}


@pytest.mark.parametrize(
    "unfit",
    [
        Insert(Row("there")),
        Update(Row("there", {}, "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\"")),
        Update(Row("missing", {}, "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\"")),
        Delete("missing"),
        Delete("there", "W/\"datetime'2020-01-01T00%3A00%3A00.0000000Z'\""),
    ],
    ids=[
        "insert what is there",
        "update a stale version",
        "update what is missing",
        "delete what is missing",
        "delete a stale version",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_one_change_that_does_not_fit_keeps_all_from_happening(rows: Rows, unfit: Change, first: bool) -> None:
    [version] = rows.apply([Insert(Row("there", {"body": "kept"}))])
    rows.apply([Insert(Row("doomed"))])
    fitting: list[Change] = [Insert(Row("new")), Delete("doomed")]
    with pytest.raises(VersionConflict):
        rows.apply([unfit, *fitting] if first else [*fitting, unfit])
    assert keys(rows) == ["doomed", "there"]
    assert rows.get("there") == Row("there", {"body": "kept"}, version)


def test_a_hundred_changes_fit_one_transaction(rows: Rows) -> None:
    assert len(rows.apply([Insert(Row(f"{number:03}")) for number in range(100)])) == 100
    assert len(keys(rows)) == 100


@pytest.mark.parametrize(
    "changes",
    [[Insert(Row(f"{number:03}")) for number in range(101)], [Insert(Row("a")), Insert(Row("a"))]],
    ids=["101 changes", "one row twice"],
)
def test_what_no_transaction_can_hold_is_refused_whole(rows: Rows, changes: list[Insert]) -> None:
    with pytest.raises((StorageUnavailable, ValueError)):
        rows.apply(changes)
    assert keys(rows) == []


@pytest.mark.parametrize("character", ["x", "é", "漢"])
def test_a_column_holds_32_kibi_characters(rows: Rows, character: str) -> None:
    rows.apply([Insert(Row("a", {"body": character * 32 * 1024}))])
    with pytest.raises(StorageUnavailable):
        rows.apply([Insert(Row("b", {"body": character * (32 * 1024 + 1)}))])


def test_an_update_without_a_version_is_a_mistake_of_ours(rows: Rows) -> None:
    rows.apply([Insert(Row("a"))])
    with pytest.raises(ValueError, match=r".+"):
        rows.apply([Update(Row("a", {"body": "blind"}))])


def test_between_gives_keys_in_order_from_the_first_to_before_the_last(rows: Rows) -> None:
    rows.apply([Insert(Row(key)) for key in ("b|2", "a", "b|1", "b|~", "c", "b", "b|10")])
    assert [row.key for row in rows.query_range("b", "c", 10)] == ["b", "b|1", "b|10", "b|2", "b|~"]
    assert [row.key for row in rows.query_range("b|", "b|~", 2)] == ["b|1", "b|10"]


@pytest.mark.parametrize("key", ["a' or RowKey ge '", "é", "@first"])
def test_between_takes_any_text_for_a_bound(rows: Rows, key: str) -> None:
    rows.apply([Insert(Row("!")), Insert(Row(key))])
    assert [row.key for row in rows.query_range(key, key + "~", 10)] == [key]


def test_between_goes_on_over_pages_of_a_thousand(rows: Rows) -> None:
    for hundred in range(11):
        rows.apply([Insert(Row(f"{hundred:02}|{number:02}")) for number in range(100)])
    assert len(rows.query_range("", "~", 1050)) == 1050
    assert len({row.key for row in rows.query_range("", "~", 2000)}) == 1100


def test_of_many_at_once_one_wins_each_version(rows: Rows) -> None:
    rows.apply([Insert(Row("count", {"number": "0"}))])

    def add_one(_: int) -> int:
        for tries in range(1000):
            found = rows.get("count")
            assert found is not None
            try:
                rows.apply([Update(Row("count", {"number": str(int(found.columns["number"]) + 1)}, found.version))])
            except VersionConflict:
                continue
            return tries
        raise AssertionError("It never was our turn.")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add_one, range(20)))
    found = rows.get("count")
    assert found is not None
    assert found.columns == {"number": "20"}


def test_rows_above_a_value_of_a_column(rows: Rows) -> None:
    rows.apply([Insert(Row(f"a{n}", {"written": str(n)})) for n in range(5)])
    rows.apply([Insert(Row("a5")), Insert(Row("b", {"written": "9"}))])
    assert [row.key for row in rows.above("written", "1", "a", "b", 10)] == ["a2", "a3", "a4"]
    assert [row.key for row in rows.above("written", "1", "a", "b", 2)] == ["a2", "a3"]
    assert rows.above("written", "4", "a", "b", 10) == []


# --- only Table storage -----------------------------------------------------------------------------------------


def test_the_table_is_made_by_whoever_asks_first(azurite: Azurite, container: str) -> None:
    """Four instances of the app, each with its own client, begin at the same moment."""
    begin = threading.Barrier(4)

    def insert(number: int) -> None:
        with TableClient.from_connection_string(azurite.connection_string, container) as table:
            begin.wait(30)
            TableRows(table, "p").apply([Insert(Row(str(number)))])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(insert, range(4)))
    with TableClient.from_connection_string(azurite.connection_string, container) as table:
        assert keys(TableRows(table, "p")) == ["0", "1", "2", "3"]


def test_partitions_share_nothing(azurite: Azurite, container: str) -> None:
    with TableClient.from_connection_string(azurite.connection_string, container) as table:
        one, other = TableRows(table, "one"), TableRows(table, "other")
        one.apply([Insert(Row("a"))])
        other.apply([Insert(Row("a")), Insert(Row("b"))])
        assert (keys(one), keys(other)) == (["a"], ["a", "b"])


def test_a_table_that_was_deleted_is_no_change_that_came_first(azurite: Azurite, container: str) -> None:
    """A claim takes Moved for "it is known already": it would forget the file. Making the table again is as good."""
    with TableClient.from_connection_string(azurite.connection_string, container) as table:
        rows = TableRows(table, "p")
        rows.apply([Insert(Row("a"))])
        table.delete_table()
        try:
            rows.apply([Insert(Row("b"))])
        except StorageUnavailable:
            return
        assert keys(rows) == ["b"]


def test_nobody_listening_is_storage_unavailable() -> None:
    ledger = build(load(ENVIRON)).ledger
    with pytest.raises(StorageUnavailable, match="Table storage"):
        ledger.find(Document, "a")
    with pytest.raises(StorageUnavailable, match="Table storage"):
        ledger.due(Document, NOW, 1)
    with pytest.raises(StorageUnavailable, match="Table storage"):
        ledger.write(Heartbeat(NOW))
