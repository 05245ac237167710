"""The index rows by name, which tell a sweep the documents that it need not read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.counting import CountingRows
from shared.domain.documents import Document, Reason
from shared.errors import VersionConflict
from shared.storage.ledger import Ledger
from shared.storage.row_keys import NAME, row_key
from shared.storage.tables import Delete, Row, Rows
from tests.fakes.rows import MemoryRows
from tests.support.values import HOSTILE_NAMES, NOW, add, document, job

pytest_plugins = ["tests.support.stores"]


def known(ledger: Ledger, *documents: Document) -> set[str]:
    """The names of those that are known by name."""
    found, _ = ledger.known_by_name({one.key: one.name for one in documents})
    return {one.name for one in documents if one.key in found}


def forget_names(rows: Rows) -> None:
    """As an earlier version of the app stored the documents."""
    rows.apply([Delete(row.key) for row in rows.query_range(NAME, f"{NAME}~", 1000)])


def failed(name: str, etag: str = "0x1") -> Document:
    return document(name, etag=etag).failed(Reason.BAD_INPUT, "no", NOW)


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_a_version_of_a_file_with_any_name_is_known(ledger: Ledger, name: str) -> None:
    [there] = add(ledger, document(name))
    assert known(ledger, there, document(f"{name[:-1]}!"), document(name, etag="0x2")) == {name}


@pytest.mark.parametrize("old", [False, True], ids=["with its row", "of an earlier version of the app"])
@pytest.mark.parametrize("end", [Document.gone, Document.superseded])
def test_a_document_that_ends_unread_is_not_known_until_its_replay(
    ledger: Ledger, rows: Rows, old: bool, end: Callable[..., Document]
) -> None:
    [landed] = add(ledger, document())
    if old:
        forget_names(rows)
    [ended] = ledger.commit((landed, end(landed, NOW)))
    assert known(ledger, ended) == set()
    ledger.commit((ended, ended.replayed(NOW)))
    assert known(ledger, ended) == {"a.txt"}


@pytest.mark.parametrize("old", [False, True], ids=["with its row", "of an earlier version of the app"])
def test_a_purged_document_leaves_no_row(ledger: Ledger, rows: Rows, old: bool) -> None:
    [ended] = add(ledger, failed("a.txt"))
    if old:
        forget_names(rows)
    ledger.forget(ended)
    assert rows.query_range("", "outbox|", 10) == []


def test_documents_of_an_earlier_version_get_their_rows_and_stay_as_they_are(ledger: Ledger, rows: Rows) -> None:
    parts = ((f"{part}-{number}.txt" for number in range(30)) for part in "ab")
    documents = [one for part in parts for one in add(ledger, *map(failed, part))]  # more than one transaction indexes
    outbox = len(rows.query_range("outbox|", "outbox|~", 1000))
    forget_names(rows)
    ledger.index_names(documents)
    assert len(known(ledger, *documents)) == 60
    assert ledger.find_all(Document, [one.key for one in documents]) == documents
    assert len(rows.query_range("outbox|", "outbox|~", 1000)) == outbox


def test_a_document_that_is_purged_meanwhile_gets_no_row_and_one_that_got_its_row_is_not_purged(
    ledger: Ledger, rows: Rows
) -> None:
    """A row without a document would hide its file from sweeps, should it be restored."""
    [purged] = add(ledger, failed("purged.txt"))
    [kept] = add(ledger, failed("kept.txt"))
    forget_names(rows)
    ledger.forget(purged)
    ledger.index_names([purged])
    ledger.index_names([kept])
    with pytest.raises(VersionConflict):
        ledger.forget(kept)
    assert known(ledger, purged, kept) == {"kept.txt"}
    assert ledger.find(Document, kept.key)


def test_a_row_that_was_left_of_a_deleted_document_hinders_no_claim(ledger: Ledger, rows: Rows) -> None:
    [landed] = add(ledger, document())
    rows.apply([Delete(row_key(landed)), *(Delete(row.key) for row in rows.query_range("due|", "due|~", 10))])
    add(ledger, document())
    assert ledger.find(Document, landed.key)


def test_a_conflict_over_a_job_of_documents_of_an_earlier_version_is_a_conflict() -> None:
    """Rows by name that are missing are not written in its transaction, which would be too large."""
    rows = MemoryRows()
    ledger = Ledger(rows)
    waiting = add(ledger, *(document(f"{number}") for number in range(25)))
    forget_names(rows)
    add(ledger, job(*waiting))
    with pytest.raises(VersionConflict):
        ledger.commit((None, job(*waiting)), *((one, one.submitted("job1", NOW, NOW)) for one in waiting))


def test_a_file_that_was_overwritten_often_costs_a_page_two_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.storage.ledger.NAMES", 20)
    monkeypatch.setattr("shared.storage.ledger.WORTH", 1)
    rows = CountingRows(MemoryRows())
    ledger = Ledger(rows)
    versions = [document("b.txt", etag=f"{number}") for number in range(500)]
    page = [document("a.txt"), max(versions, key=lambda one: one.key), document("c.txt"), document("new.txt")]
    add(ledger, *page[:1], page[2])
    for version in versions:
        add(ledger, version)
    rows.counts.clear()
    assert known(ledger, *page) == {"a.txt", "b.txt", "c.txt"}
    assert (rows.counts["queries"], rows.counts["rows"]) == (2, 22)


def test_rows_of_many_other_files_end_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file that was not looked for it is not known whether it has a row."""
    monkeypatch.setattr("shared.storage.ledger.NAMES", 20)
    monkeypatch.setattr("shared.storage.ledger.WORTH", 2)
    rows = CountingRows(MemoryRows())
    ledger = Ledger(rows)
    documents = [add(ledger, document(f"{number:03}.txt"))[0] for number in range(100)]
    page = [*documents[::20], document("000.new")]
    rows.counts.clear()
    found, missing = ledger.known_by_name({one.key: one.name for one in page})
    assert {one.name for one in page if one.key in found} == {"000.txt", "020.txt", "040.txt", "060.txt"}
    assert {one.name for one in page if one.key in missing} == {"000.new"}
    assert rows.counts["queries"] == 4


def test_rows_by_name_that_cannot_be_decoded_leave_their_files_to_be_read(caplog: pytest.LogCaptureFixture) -> None:
    class Undecodable(MemoryRows):
        def query_range(self, first: str, last: str, limit: int) -> list[Row]:
            if first.startswith(NAME):
                raise ValueError("a row that no client can decode")
            return super().query_range(first, last, limit)

    ledger = Ledger(Undecodable())
    [there] = add(ledger, document())
    assert ledger.known_by_name({there.key: there.name}) == (set(), set())
    assert "cannot be read (ValueError)" in caplog.text
