"""The ledger over Table storage (Azurite) and over its twin: what is known, what is due, what ended; and its limits."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest

from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.jobs import Job, JobState
from shared.domain.operations import Operation, OperationState
from shared.domain.singletons import Sweep
from shared.errors import VersionConflict
from shared.language.types import ClassScore
from shared.storage.ledger import Ledger
from shared.storage.row_keys import index_keys
from shared.storage.tables import Change, Row, Rows
from tests.support.values import CLASSIFIER, NOW, add, document, job, operation, seconds

pytest_plugins = ["tests.support.stores"]


def index_rows(rows: Rows, key: str) -> list[str]:
    """By time; those by name are in test_names.py."""
    found = [row.key for row in rows.query_range("", "~", 1000) if row.key.count("|") > 1]
    return [row for row in found if row.endswith(f"|{key}") and not row.startswith("name|")]


# --- commit -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [document(), job(document()), operation()])
def test_a_new_value_is_found_again_with_its_version(ledger: Ledger, value: Any) -> None:
    [stored] = add(ledger, value)
    assert stored == value
    found = ledger.find(type(value), value.key)
    assert found == value
    assert found.version == stored.version != ""


def test_what_is_not_there_is_none(ledger: Ledger) -> None:
    add(ledger, document())
    assert ledger.find(Document, "none") is None
    assert ledger.find(Job, document().key) is None


def test_a_value_is_new_only_once(ledger: Ledger) -> None:
    add(ledger, document())
    with pytest.raises(VersionConflict):
        add(ledger, document())


def test_a_change_of_an_old_version_is_moved_and_changes_nothing(ledger: Ledger, rows: Rows) -> None:
    one, other = add(ledger, document("one"), document("other"))
    ledger.commit((one, one.gone(NOW)))
    before = rows.query_range("", "~", 1000)
    with pytest.raises(VersionConflict):
        ledger.commit((other, other.superseded(NOW)), (one, one.superseded(NOW)), (None, job(one)))
    assert rows.query_range("", "~", 1000) == before


def test_what_commit_gives_back_can_be_changed_again(ledger: Ledger) -> None:
    [waiting] = add(ledger, document())
    [handed] = ledger.commit((waiting, waiting.submitted("job1", NOW, NOW)))
    [back] = ledger.commit((handed, handed.requeued("lost", NOW, NOW)))
    assert ledger.find(Document, back.key) == back


def test_what_another_process_has_changed_is_read_after_a_conflict(ledger: Ledger, rows: Rows) -> None:
    """As long as its index row stays, this process does not read what it wrote itself."""
    [written] = add(ledger, document())
    other = Ledger(rows)
    [read] = other.due(Document, NOW + seconds(1), 10)
    other.commit((read, replace(read, setbacks=3)))
    [stale] = ledger.due(Document, NOW + seconds(1), 10)
    assert (stale.setbacks, stale.version) == (0, written.version)
    with pytest.raises(VersionConflict):
        ledger.commit((stale, stale.gone(NOW)))
    [fresh] = ledger.due(Document, NOW + seconds(1), 10)
    assert fresh.setbacks == 3
    other.commit((fresh, replace(fresh, due=NOW - seconds(60), setbacks=4)))
    assert [one.setbacks for one in ledger.due(Document, NOW + seconds(1), 10)] == [4]


def test_of_two_who_read_the_same_version_one_wins(ledger: Ledger) -> None:
    [read] = add(ledger, document())

    def end(after: Document) -> bool:
        try:
            ledger.commit((read, after))
        except VersionConflict:
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        won = list(threads.map(end, [read.gone(NOW), read.superseded(NOW)]))
    assert sorted(won) == [False, True]
    found = ledger.find(Document, read.key)
    assert found is not None
    assert found.state is (DocumentState.GONE if won[0] else DocumentState.SUPERSEDED)


def test_what_is_remembered_once_is_changed_by_all_who_change_it(ledger: Ledger) -> None:
    def longer(sweep: Sweep) -> Sweep:
        return replace(sweep, found=sweep.found + 1)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda _: ledger.change(Sweep, longer), range(3)))
    assert ledger.read(Sweep).found == 3


def test_a_change_that_changes_nothing_writes_nothing(ledger: Ledger, rows: Rows) -> None:
    assert ledger.change(Sweep, lambda found: found) == Sweep()
    assert rows.get("single|sweep") is None


def test_a_change_gives_up_when_others_are_always_quicker(ledger: Ledger) -> None:
    def overtaken(sweep: Sweep) -> Sweep:
        ledger.change(Sweep, lambda found: replace(found, found=found.found + 1))
        return replace(sweep, asked=True)

    with pytest.raises(VersionConflict):
        ledger.change(Sweep, overtaken)
    assert not ledger.read(Sweep).asked


class Between:
    """Rows, for a test to stand in between."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, key: str) -> Row | None:
        return self._rows.get(key)

    def query_range(self, first: str, last: str, limit: int) -> list[Row]:
        return self._rows.query_range(first, last, limit)

    def named(self, name: str, first: str, last: str) -> list[Row]:
        return self._rows.named(name, first, last)

    def above(self, column: str, value: str, first: str, last: str, limit: int) -> list[Row]:
        return self._rows.above(column, value, first, last, limit)

    def apply(self, changes: Sequence[Change]) -> list[str]:
        return self._rows.apply(changes)


# --- index rows -------------------------------------------------------------------------------------------------


def lives() -> dict[str, list[Any]]:
    """Lives of values from their first row to their last."""
    landed, started, asked = document(), job(document()), operation()
    handed = landed.submitted("job1", NOW + seconds(60), NOW)
    back = handed.requeued("lost", NOW + seconds(10), NOW)
    running, at_work = started.running(("s",), NOW + seconds(1), NOW), asked.running("s", NOW + seconds(1), NOW)
    return {
        "document classified": [landed, handed, handed.succeeded((), CLASSIFIER, NOW)],
        "document failed": [landed, handed, back, back.submitted("j", NOW, NOW).failed(Reason.REJECTED, "no", NOW)],
        "document failed at once": [landed.failed(Reason.BAD_INPUT, "too large", NOW)],
        "document with one due time": [landed, landed.requeued("once more", landed.due, NOW), landed.gone(NOW)],
        "job done": [started, running, running.polled("running", NOW + seconds(2), NOW), running.done(NOW)],
        "job lost": [started, started.lost("not found", NOW)],
        "operation": [
            asked,
            asked.taken(NOW, NOW),
            at_work,
            at_work.postponed("busy", NOW, NOW),
            at_work.failed("no", NOW),
        ],
    }


@pytest.mark.parametrize("life", lives().values(), ids=lives())
def test_a_value_has_exactly_one_index_row_all_its_life(ledger: Ledger, rows: Rows, life: Sequence[Any]) -> None:
    stored = None
    for value in life:
        [stored] = ledger.commit((stored, value))
        [index] = index_rows(rows, value.key)
        assert index.startswith("end|" if value.state.final else "due|")
        assert index in index_keys(value)


def test_a_value_that_ended_leaves_two_rows_and_a_document_that_was_read_one_by_name(
    ledger: Ledger, rows: Rows
) -> None:
    for life in lives().values():
        stored = None
        for value in life:
            [stored] = ledger.commit((stored, replace(value, key=f"{value.key}{id(life)}")))
    assert len(rows.query_range("", "name|", 1000)) + len(rows.query_range("op|", "outbox|", 1000)) == 2 * len(lives())
    assert len(rows.query_range("name|", "name|~", 1000)) == 3


# --- due --------------------------------------------------------------------------------------------------------


def test_due_is_what_has_come_the_longest_due_first(ledger: Ledger) -> None:
    waits = {"now": 0, "long ago": -86_400, "a moment ago": -1, "soon": 0.001, "tomorrow": 86_400}
    add(ledger, *(replace(document(name), due=NOW + seconds(wait)) for name, wait in waits.items()))
    assert [one.name for one in ledger.due(Document, NOW, 10)] == ["long ago", "a moment ago", "now"]
    assert [one.name for one in ledger.due(Document, NOW, 2)] == ["long ago", "a moment ago"]
    assert ledger.due(Job, NOW, 10) == []


def test_due_times_are_compared_as_moments_whatever_their_zone(ledger: Ledger) -> None:
    tokyo = timezone(timedelta(hours=9))
    add(
        ledger,
        replace(document("later"), due=NOW),
        replace(document("sooner"), due=(NOW - seconds(1)).astimezone(tokyo)),
    )
    assert [one.name for one in ledger.due(Document, NOW, 10)] == ["sooner", "later"]


def test_what_is_put_off_or_ended_is_not_due(ledger: Ledger) -> None:
    put_off, ended, due = add(ledger, document("put off"), document("ended"), document("due"))
    ledger.commit((put_off, put_off.requeued("later", NOW + seconds(9), NOW)), (ended, ended.gone(NOW)))
    assert ledger.due(Document, NOW, 10) == [due]


def test_an_index_row_whose_value_moved_on_is_passed_over(ledger: Ledger, rows: Rows) -> None:
    """The value and its index row are read one after the other, and may change in between."""
    stale, _ = add(ledger, replace(document("stale"), due=NOW - seconds(1)), document("fresh"))

    class Meanwhile(Between):
        def query_range(self, first: str, last: str, limit: int) -> list[Row]:
            found = rows.query_range(first, last, limit)
            ledger.commit((stale, stale.gone(NOW)))
            return found

    assert [one.name for one in Ledger(Meanwhile(rows)).due(Document, NOW, 10)] == ["fresh"]


# --- a job and its documents ------------------------------------------------------------------------------------


class Counting(Between):
    def __init__(self, rows: Rows) -> None:
        super().__init__(rows)
        self.changes: list[int] = []

    def apply(self, changes: Sequence[Change]) -> list[str]:
        self.changes.append(len(changes))
        return super().apply(changes)


def test_a_full_job_and_its_documents_change_in_one_transaction(rows: Rows) -> None:
    counting = Counting(rows)
    ledger = Ledger(counting)
    waiting = add(ledger, *(document(f"{number}") for number in range(25)))
    planned = job(*waiting)
    taken, *handed = ledger.commit(
        (None, planned), *((one, one.submitted(planned.key, NOW + seconds(60), NOW)) for one in waiting)
    )
    ended = [one.succeeded((ClassScore("Drama", 0.9),), CLASSIFIER, NOW) for one in handed]
    ledger.commit((taken, taken.done(NOW)), *zip(handed, ended, strict=True))
    assert max(counting.changes) == 79
    assert len(counting.changes) == 3
    assert ledger.find_all(Document, planned.documents) == ended
    assert len(rows.query_range("", "name|", 1000)) == 2 * 26
    assert len(rows.query_range("name|", "name|~", 1000)) == 25
    assert len(rows.query_range("outbox|", "~", 1000)) == 1


def test_a_settle_that_comes_second_changes_nothing(ledger: Ledger) -> None:
    waiting = add(ledger, document("one"), document("two"))
    taken, *handed = ledger.commit((None, job(*waiting)), *((one, one.submitted("job1", NOW, NOW)) for one in waiting))
    ledger.commit((taken, taken.lost("expired", NOW)), *((one, one.requeued("lost", NOW, NOW)) for one in handed))
    with pytest.raises(VersionConflict):
        ledger.commit((taken, taken.done(NOW)), *((one, one.succeeded((), CLASSIFIER, NOW)) for one in handed))
    assert {one.state for one in ledger.find_all(Document, taken.documents)} == {DocumentState.WAITING}
    found = ledger.find(Job, taken.key)
    assert found is not None
    assert found.state is JobState.LOST


# --- operations -------------------------------------------------------------------------------------------------


def test_a_project_has_one_open_operation_at_a_time(ledger: Ledger) -> None:
    [first] = add(ledger, operation("first"))
    with pytest.raises(VersionConflict):
        add(ledger, operation("second"))
    assert ledger.find(Operation, "second") is None
    add(ledger, operation("third", project="Another"))
    [running] = ledger.commit((first, first.running("s", NOW, NOW)))
    with pytest.raises(VersionConflict):
        add(ledger, operation("second"))
    ledger.commit((running, running.succeeded({}, {}, NOW)))
    add(ledger, operation("second"))
    assert [one.key for one in ledger.ended(Operation, OperationState.SUCCEEDED, 10)[0]] == ["first"]


@pytest.mark.parametrize("end", [lambda one: one.succeeded({}, {}, NOW), lambda one: one.failed("no", NOW)])
def test_a_project_is_free_after_every_end_of_its_operation(ledger: Ledger, rows: Rows, end: Any) -> None:
    [first] = add(ledger, operation("first"))
    ledger.commit((first, end(first)))
    assert rows.query_range("busy|", "busy|~", 10) == []
