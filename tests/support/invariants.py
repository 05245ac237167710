"""What must hold of the ledger's rows after every change, whatever happened. A breach is an assertion that says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from datetime import UTC, datetime
from functools import cache
from typing import Any

from shared.domain.documents import Document, DocumentState
from shared.domain.jobs import Job
from shared.learning.outbox import OutboxEntry
from shared.learning.reviews import Review, reason_for
from shared.learning.statistics import Statistics
from shared.settings import Settings
from shared.storage.ledger import Ledger
from shared.storage.row_keys import KINDS, SINGLE, index_keys, row_key
from shared.storage.tables import Insert, Row
from tests.fakes.rows import MemoryRows

KIND_OF = {word: kind for kind, word in KINDS.items()}
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
# Values that are not found by a key, and how a ledger lists them.
LISTED: Mapping[str, Callable[[Ledger], list[Any]]] = {
    "stats": lambda ledger: ledger.statistics(*ALWAYS, 10)[0],
    "outbox": lambda ledger: ledger.outbox(10)[0],
}
INDEXES = ("due", "end", "busy", "name")


def check_rows(rows: MemoryRows) -> dict[str, Any]:
    """Raises AssertionError for what does not hold; gives the documents, jobs and operations by their row's key."""
    found = {row.key: row for row in rows.query_range("", "~", 10**9)}
    values = {key: _read(row) for key, row in found.items() if key.partition("|")[0] in {*KIND_OF, *LISTED}}
    strangers = {
        key for key in found.keys() - values.keys() if key.partition("|")[0] not in {*INDEXES, SINGLE.rstrip("|")}
    }
    assert not strangers, f"Unknown rows: {strangers}"
    _indexed(found, values)
    jobs = {value.key: value for value in values.values() if isinstance(value, Job)}
    documents = {value.key: value for value in values.values() if isinstance(value, Document)}
    for document in documents.values():
        _document(document, jobs)
    for job in jobs.values():
        _job(job, documents)
    return values


def check_learning(values: Mapping[str, Any], settings: Settings, sent: Set[str], purged: int = 0) -> None:
    """Each ending is counted once, reviewed if the settings ask for it, and announced, or it waits in the outbox.

    `sent`: the ids of events. `purged`: the endings of documents whose records were deleted.
    """
    documents = [value for value in values.values() if isinstance(value, Document)]
    entries = [value for value in values.values() if isinstance(value, OutboxEntry)]
    waiting = [document for entry in entries for document in entry.documents]
    counted = sum(sum(value.states.values()) for value in values.values() if isinstance(value, Statistics))
    endings = sum(endings_of(document) for document in documents) + purged
    assert counted + len(waiting) == endings, f"{counted} counted, {len(waiting)} in the outbox, {endings} endings"
    reviewed = {value.key for value in values.values() if isinstance(value, Review)} | {one.key for one in waiting}
    due = {one.key for one in waiting}
    for document in documents:
        announced = f"{document.key}-{document.replays}" in sent
        assert announced or not document.state.final or document.key in due, f"{document.name} was not announced"
        if reason_for(document, settings.review_below, settings.review_audit_percent):
            assert document.key in reviewed, f"{document.name} has no review"


def endings_of(document: Document) -> int:
    """How often this document has ended."""
    return document.replays + document.state.final


def _indexed(found: Mapping[str, Row], values: Mapping[str, Any]) -> None:
    """Exactly one row by time for each value, one by name for each document that did not end unread, one busy row for
    each open operation, and none for anything else.
    """
    wanted = [key for value in values.values() for key in index_keys(value)]
    assert len(wanted) == len(set(wanted)), "Two open operations on one project."
    given = {key for key in found if key.partition("|")[0] in INDEXES}
    assert given == set(wanted), f"Too many: {given - set(wanted)}; missing: {set(wanted) - given}"


def _document(document: Document, jobs: Mapping[str, Job]) -> None:
    """An open one waits in no job, or is submitted in an open job that names it; an ended one says how it ended."""
    said = f"{document.name}: {[event.what for event in document.timeline]}"
    job = jobs.get(document.job)
    if document.state is DocumentState.SUBMITTED:
        assert job is not None, said
        assert not job.state.final, said
        assert document.key in job.documents, said
    assert document.state is not DocumentState.WAITING or not document.job, said
    assert (document.ended is not None) == document.state.final, said
    assert (document.reason is not None) == (document.state is DocumentState.FAILED), said
    assert (document.classifier is not None) == (document.state is DocumentState.SUCCEEDED), said


def _job(job: Job, documents: Mapping[str, Document]) -> None:
    """An open one holds all of its documents; an ended one holds none."""
    held = {key for key in job.documents if _holds(job, documents.get(key))}
    assert held == (set() if job.state.final else set(job.documents)), f"{job.key} is {job.state} and holds {held}"
    assert (job.ended is not None) == job.state.final


def _holds(job: Job, document: Document | None) -> bool:
    return document is not None and document.job == job.key and document.state is DocumentState.SUBMITTED


def _read(row: Row) -> Any:
    value = _decoded(row.key, tuple(sorted(row.columns.items())))
    assert row.key == row_key(value)
    return value


@cache
def _decoded(key: str, columns: tuple[tuple[str, str], ...]) -> Any:
    """The value as a ledger reads it. Most rows are the same from one check to the next."""
    rows = MemoryRows()
    rows.apply([Insert(Row(key, dict(columns)))])
    word, _, rest = key.partition("|")
    ledger = Ledger(rows)
    found = LISTED[word](ledger) if word in LISTED else [ledger.find(KIND_OF[word], rest)]
    assert found not in ([], [None]), f"{key} cannot be read"
    return found[0]
