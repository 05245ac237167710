"""What the ledger can hold: any name, the largest values, and rows that somebody else wrote."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.domain.documents import Document
from shared.domain.operations import Operation
from shared.language.types import ClassScore
from shared.storage.ledger import Ledger
from shared.storage.row_codec import COLUMN as MAX_COLUMN
from shared.storage.tables import Rows
from tests.fakes.rows import MemoryRows
from tests.support import values
from tests.support.values import CLASSIFIER, HOSTILE_NAMES, NOW, add, document, job, operation, seconds

pytest_plugins = ["tests.support.stores"]


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES)
def test_any_name_is_kept(ledger: Ledger, name: str) -> None:
    add(ledger, document(name), operation(project=name))
    assert [one.name for one in ledger.due(Document, NOW, 10)] == [name]
    assert [one.project for one in ledger.due(Operation, NOW, 10)] == [name]


MAX_WHYS = {"letters": "w" * 1000, "quotes": '"' * 1000, "ideographs": "漢" * 1000, "controls": "\x07" * 1000}


def worn(name: str, why: str, letter: str) -> Document:
    """A document with all that its transitions let gather: a full timeline, and 200 classes with the longest names."""
    one = document(name)
    for _ in range(20):
        one = one.submitted("0" * 32, NOW, NOW).requeued(why, NOW, NOW)
    classes = tuple(ClassScore(f"{number:03}" + letter * 47, 0.12345678901234567) for number in range(200))
    return one.submitted("0" * 32, NOW, NOW).succeeded(classes, CLASSIFIER, NOW)


@pytest.mark.parametrize("why", MAX_WHYS.values(), ids=MAX_WHYS)
def test_the_largest_document_fits_a_row(ledger: Ledger, why: str) -> None:
    add(ledger, worn("n" * 1024, why, "漢"))


@pytest.mark.parametrize("why", MAX_WHYS.values(), ids=MAX_WHYS)
def test_the_largest_job_fits_a_row(ledger: Ledger, why: str) -> None:
    one = job(*(document(f"{number}") for number in range(25)))
    for number in range(20):
        one = one.polled(f"{number:02}" + why[2:], NOW, NOW)
    add(ledger, one)


@pytest.mark.parametrize("why", MAX_WHYS.values(), ids=MAX_WHYS)
def test_the_largest_operation_fits_a_row(ledger: Ledger, why: str) -> None:
    one = operation()
    for number in range(20):
        one = one.postponed(f"{number:02}" + why[2:], NOW, NOW)
    add(ledger, one)


def test_a_full_job_of_large_documents_settles_in_one_transaction(ledger: Ledger) -> None:
    """Table storage takes 4 MiB in one transaction."""
    one_line = "The Language service answered 503: " + "漢" * 500
    ended = [replace(worn(f"{number}", "", "漢"), detail=one_line) for number in range(25)]
    assert len(add(ledger, job(*ended), *ended)) == 26


def test_a_value_of_any_length_is_kept() -> None:
    """Long ones are cut into columns: whatever the place of the cuts."""
    ledger = Ledger(MemoryRows())
    for length in range(MAX_COLUMN - 1000, MAX_COLUMN + 10):
        [one] = add(ledger, document("n" * length))
        assert ledger.find(Document, one.key) == one


def test_a_value_that_became_shorter_has_no_rest_of_the_longer_one(ledger: Ledger) -> None:
    [long] = add(ledger, replace(document(), detail="d" * 3 * MAX_COLUMN))
    [short] = ledger.commit((long, replace(long, detail="")))
    assert ledger.find(Document, short.key) == short


def test_one_row_that_cannot_be_read_keeps_no_other_from_its_turn(ledger: Ledger, rows: Rows) -> None:
    """A state that only a newer version of the app knows, or a row that somebody edited by hand."""
    broken, good = add(ledger, replace(document("broken"), due=NOW - seconds(1)), document("good"))
    row = rows.get(f"doc|{broken.key}")
    assert row is not None
    rows.apply([values.edited(row, "waiting", "no such state")])
    other = Ledger(rows)  # of another process: one does not read again what it has written
    assert other.due(Document, NOW, 10) == [good]
    assert other.open(Document, 10) == ([good], "")
    assert other.find(Document, broken.key) is None
