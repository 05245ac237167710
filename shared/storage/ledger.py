"""Persists all values in one table partition: documents, jobs, operations, reviews, statistics, singletons.

A value and its index rows are changed in one transaction, conditional on the version that was read. The transaction
also inserts an outbox entry, if it ends documents or jobs or changes a decision. `row_keys` and `row_codec` say what a
row holds.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeVar

from shared.domain.clocks import CLOCK_SKEW
from shared.domain.documents import Document
from shared.domain.jobs import Job
from shared.domain.operations import Operation
from shared.errors import TextdropError, VersionConflict
from shared.learning.outbox import OutboxEntry
from shared.learning.reviews import Review
from shared.learning.statistics import HOUR, Source, Statistics
from shared.learning.tick_report import Backlog
from shared.storage.recent import RecentValues
from shared.storage.row_codec import all_readable, index_row, landed, readable, row_of
from shared.storage.row_keys import (
    AFTER_ALL,
    KINDS,
    NAME,
    SINGLE,
    SINGLES,
    due_prefix,
    due_range,
    index_keys,
    inverted,
    name_key,
    row_key,
    statistics_key,
    time_key,
)
from shared.storage.snapshot import Agenda, Single, Singletons, single
from shared.storage.tables import TRANSACTION_LIMIT, Change, Delete, Insert, Put, Row, Rows, Update

Entry = TypeVar("Entry", Document, Job, Operation, Review)
Found = TypeVar("Found")

log = logging.getLogger(__name__)

READERS = 8  # threads
LEARNING: dict[type, str] = {OutboxEntry: "outbox|", Statistics: "stats|"}  # what the keys of their rows begin with
DIGITS = "0123456789abcdef"  # the first characters of document keys
TRIES = 5
NAMES, WORTH = 1000, 25  # rows by name in a query; keys found below which reading each document is cheaper
RECENT = 2000  # values that each process remembers; about 2 KB each


class Ledger:
    """Stores and finds values. Each method may raise StorageUnavailable."""

    TRANSACTION_LIMIT = TRANSACTION_LIMIT  # rows

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._recent = RecentValues(RECENT)

    def commit(self, *changes: tuple[Any, Any], drained: Sequence[OutboxEntry] = ()) -> list[Any]:
        """Write all (before, after) pairs in one transaction; `before` is None for a new value.

        `drained`: outbox entries that are deleted in it. Returns the `after` values with their new versions. Raises
        VersionConflict, with nothing changed, if a value has changed since `before` was read, a new one exists already,
        or an entry was deleted. Missing index rows are written again, but for those by name.
        """
        try:
            return self._commit(changes, drained=drained)
        except VersionConflict:
            missing = self._missing([before for before, _ in changes if before])
            missing -= {key for _, after in changes for key in index_keys(after) if key.startswith(NAME)}
            if not missing:
                raise
            if hurt := sorted(key for key in missing if not key.startswith(NAME)):
                log.warning("Index rows were missing, and are written again: %s", ", ".join(hurt))
            return self._commit(changes, missing, drained)

    def repair(self, value: Any) -> Any:
        """Write the missing index rows of an open value again. Without them it is never due, or not known by name.

        Returns the value with its current version. Raises VersionConflict if it has changed since it was read.
        """
        missing = self._missing([value])
        return self._commit([(value, value)], missing)[0] if missing else value

    def _commit(
        self,
        changes: Sequence[tuple[Any, Any]],
        missing: frozenset[str] = frozenset(),
        drained: Sequence[OutboxEntry] = (),
    ) -> list[Any]:
        steps = [step for before, after in changes for step in _steps(before, after, missing)]
        steps += [Delete(row_key(entry)) for entry in drained]
        if entry := OutboxEntry.of(changes):
            steps.append(Insert(row_of(entry)))
        for _, after in changes:
            self._recent.forget(row_key(after))
        versions = dict(zip([_key_of(step) for step in steps], self._rows.apply(steps), strict=True))
        written = [replace(after, version=versions[row_key(after)]) for _, after in changes]
        for value in written:
            if isinstance(value, Document | Job) and not value.state.final:
                self._recent.remember(row_key(value), value)
        return written

    def _missing(self, values: Sequence[Any]) -> frozenset[str]:
        """The keys of the missing index rows of these values; none if a value has changed since it was read."""
        missing: set[str] = set()
        for value in values:
            row = self._rows.get(row_key(value))
            if row is None or row.version != value.version:
                return frozenset()
            missing |= {key for key in index_keys(value) if self._rows.get(key) is None}
        return frozenset(missing)

    def forget(self, value: Any) -> None:
        """Delete the rows of a value that has ended. Raises VersionConflict if it was deleted or changed."""
        keys = index_keys(value)
        try:
            self._forget(value, keys)
        except VersionConflict:
            if not (missing := self._missing([value])):
                raise
            self._forget(value, keys - missing)

    def _forget(self, value: Any, keys: Iterable[str]) -> None:
        self._rows.apply([Delete(row_key(value), value.version), *map(Delete, sorted(keys))])

    def known_by_name(self, names: Mapping[str, str]) -> tuple[set[str], set[str]]:
        """Those of these keys of documents that have an index row by name, and those that have none.

        `names`: of their files, by key.

        Queries of NAMES rows, each from the first key that none has reached. Other versions and deleted files may make
        the rows so many that reading each document is cheaper than one query for WORTH keys: then it stops, and the
        keys that are left are in neither set. So it does at rows that the client cannot decode.
        """
        wanted = {name_key(name, key): key for key, name in names.items()}
        places = sorted(wanted)
        known: set[str] = set()
        reached = 0
        for _ in range(1 + len(places) // WORTH):
            if reached == len(places):
                break
            try:
                rows = self._rows.query_range(places[reached], places[-1] + "!", NAMES)
            except TextdropError:
                raise
            except Exception as error:  # noqa: BLE001 - they must not block the files of their page
                log.warning("Rows by name from %s cannot be read (%s).", places[reached], type(error).__name__)
                break
            known |= {wanted[row.key] for row in rows if row.key in wanted}
            reached = bisect_right(places, rows[-1].key) if len(rows) == NAMES else len(places)
        return known, {wanted[place] for place in places[:reached]} - known

    def index_names(self, documents: Sequence[Document]) -> None:
        """Write the index rows by name of documents that an earlier version of the app stored.

        Documents that another instance changes meanwhile, and others of their transaction, stay without.
        """
        size = TRANSACTION_LIMIT // 2  # a document has two rows in it
        for start in range(0, len(documents), size):
            part = documents[start : start + size]
            with suppress(VersionConflict):
                names = frozenset(name_key(document.name, document.key) for document in part)
                self._commit([(document, document) for document in part], names)

    def find(self, kind: type[Entry], key: str) -> Entry | None:
        """The value with this key; None if there is none, or its row cannot be read (which is logged)."""
        key = f"{KINDS[kind]}|{key}"
        try:
            row = self._rows.get(key)
        except TextdropError:
            raise
        except Exception as error:  # noqa: BLE001 - the client cannot decode this row: it must not block others
            log.warning("Row %s cannot be read, and is skipped (%s).", key, type(error).__name__)
            return None
        return readable(kind, row) if row else None

    def find_all(
        self, kind: type[Entry], keys: Sequence[str], recent: Callable[[Entry], bool] | None = None
    ) -> list[Entry]:
        """The values with these keys, in their order, without those that `find` does not find.

        `recent`: whether a value may be returned as this process last wrote it. Another process may have changed it
        since: a commit then raises VersionConflict, after which the value is read.
        """
        found = {key: self._recent_value(kind, key, recent) for key in keys}
        missing = [key for key, value in found.items() if value is None]
        if missing:
            with ThreadPoolExecutor(min(READERS, len(missing))) as readers:
                found |= zip(missing, readers.map(lambda key: self.find(kind, key), missing), strict=True)
        return [value for value in found.values() if value is not None]

    def _recent_value(self, kind: type[Entry], key: str, accepts: Callable[[Entry], bool] | None) -> Entry | None:
        value: Entry | None = self._recent.get(f"{KINDS[kind]}|{key}") if accepts else None
        return value if value is not None and accepts and accepts(value) else None

    def agenda(self, limit: int) -> Agenda | None:
        """When each open document, job and operation is due, in one query. None if more than `limit` are open."""
        rows = self._rows.query_range(due_prefix(Document), due_prefix(Operation) + AFTER_ALL, limit + 1)
        return Agenda(tuple(rows)) if len(rows) <= limit else None

    def due(self, kind: type[Entry], now: datetime, limit: int, agenda: Agenda | None = None) -> list[Entry]:
        """At most `limit` open values that are due at `now`, the longest due first. `agenda`: if it was just read."""
        if agenda is not None:
            return self._indexed(kind, agenda.due(kind, now), recent=True)[:limit]
        first, last = due_range(kind, now)
        found: list[Entry] = []
        while len(found) < limit:  # unreadable rows stay at the start of the range
            rows = self._rows.query_range(first, last, limit)
            found += self._indexed(kind, rows, recent=True)
            if len(rows) < limit:
                break
            first = rows[-1].key + "!"
        return found[:limit]

    def outbox(self, limit: int, after: str = "") -> tuple[list[OutboxEntry], str]:
        """The readable ones of at most `limit` entries, the oldest first, and a continuation token ("" at the end)."""
        rows = self._rows.query_range(f"{after}!" if after else "outbox|", f"outbox|{AFTER_ALL}", limit)
        return all_readable(OutboxEntry, rows), rows[-1].key if len(rows) == limit else ""

    def are_waiting(self, entries: Sequence[OutboxEntry]) -> bool:
        """Whether all of these entries are still in the outbox."""
        return all(self._rows.get(row_key(entry)) for entry in entries)

    def statistics_of(self, start: datetime, source: Source) -> Statistics:
        """What was counted in the hour from `start`. Without a version if nothing was."""
        empty = Statistics(start, source)
        row = self._rows.get(row_key(empty))
        return (readable(Statistics, row) if row else None) or replace(empty, version=row.version if row else "")

    def statistics(self, since: datetime, until: datetime, limit: int, after: str = "") -> tuple[list[Statistics], str]:
        """At most `limit` values of hours that start in the range, newest first, and a continuation token.

        `since` is inclusive, `until` exclusive; both are exact to the hour.
        """
        first = statistics_key(until - HOUR) if not after else f"{after}!"
        rows = self._rows.query_range(first, statistics_key(since) + AFTER_ALL, limit + 1)
        return all_readable(Statistics, rows[:limit]), rows[limit - 1].key if len(rows) > limit else ""

    def written_ahead(
        self, now: datetime, limit: int, agenda: Agenda | None = None
    ) -> list[Document | Job | Operation]:
        """At most `limit` open values whose `due` was set by a clock ahead of `now`. `agenda`: if it was just read.

        Without an agenda, storage scans all open values.
        """
        latest = now + CLOCK_SKEW
        if agenda is None:
            rows = self._rows.above("written", time_key(latest), "due|", f"due|{AFTER_ALL}", limit)
        else:
            rows = agenda.written_after(latest)[:limit]
        kinds = {kind: [row for row in rows if row.key.startswith(due_prefix(kind))] for kind in KINDS}
        return [value for kind, found in kinds.items() for value in self._indexed(kind, found)]

    def open(self, kind: type[Entry], limit: int, after: str = "") -> tuple[list[Entry], str]:
        """At most `limit` open values, and a continuation token for `after` ("" at the end)."""
        return self._listed(kind, [due_prefix(kind)], limit, after)

    def backlog(self, limit: int, agenda: Agenda | None = None) -> Backlog:
        """Counts at most `limit` open documents: those that are due come first. One request, up to 1,000.

        `agenda`: if it was read, and nothing has changed since.
        """
        rows = self._open_places(Document, limit, agenda)
        return Backlog(len(rows), min(filter(None, map(landed, rows)), default=None))

    def ended(
        self,
        kind: type[Entry],
        state: str,
        limit: int,
        after: str = "",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[list[Entry], str]:
        """`ended_in` for one state."""
        return self.ended_in(kind, [state], limit, after, since=since, until=until)

    def ended_in(
        self,
        kind: type[Entry],
        states: Iterable[str],
        limit: int,
        after: str = "",
        *,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[list[Entry], str]:
        """At most `limit` values that ended in one of `states`, newest first, and a continuation token.

        `since` and `until` limit the times of their ends, both inclusive and exact to the millisecond.
        """
        bounds = inverted(until) if until else "", inverted(since) + "|" if since else ""
        return self._listed(kind, [f"end|{KINDS[kind]}|{state}|" for state in states], limit, after, bounds=bounds)

    def named(self, name: str, limit: int, after: str = "") -> tuple[list[Document], str]:
        """At most `limit` versions of the file with this name, the last claimed first, and a continuation token.

        Storage scans the rows of all documents, in several ranges of keys at once.
        """
        with ThreadPoolExecutor(READERS) as readers:
            parts = list(readers.map(lambda digit: self._rows.named(name, *_part_of_documents(digit)), DIGITS))
        found = [value for rows in parts for value in all_readable(Document, rows)]
        places = {f"{inverted(value.claimed)}|{value.key}": value for value in found}
        further = [place for place in sorted(places) if place > after]
        return [places[place] for place in further[:limit]], further[limit - 1] if len(further) > limit else ""

    def examine_open(
        self, kind: type[Entry], limit: int, agenda: Agenda | None = None
    ) -> tuple[list[Entry], list[str]]:
        """What `open` returns, and the keys of the unreadable rows of such values. `agenda`: if it was just read."""
        places = {row.key: None for row in self._open_places(kind, limit, agenda)}  # in their order
        keys = [f"{KINDS[kind]}|{place.rpartition('|')[2]}" for place in places]
        with ThreadPoolExecutor(READERS) as readers:
            rows = [row for row in readers.map(self._rows.get, keys) if row]
        found, unreadable = _examined(kind, rows)
        return [value for value in found if places.keys() & index_keys(value)], unreadable

    def _open_places(self, kind: type[Entry], limit: int, agenda: Agenda | None) -> Sequence[Row]:
        """The index rows of at most `limit` open values, the first due first. `agenda`: if it was just read."""
        if agenda is not None:
            return agenda.of(kind)[:limit]
        return self._rows.query_range(due_prefix(kind), due_prefix(kind) + AFTER_ALL, limit)

    def examine_learning(self, kind: type[Found], limit: int) -> tuple[list[Found], list[str]]:
        """The first `limit` outbox entries (the oldest) or statistics (the newest), and keys of unreadable rows."""
        first = LEARNING[kind]
        return _examined(kind, self._rows.query_range(first, first + AFTER_ALL, limit))

    def read(self, kind: type[Single], known: Singletons | None = None) -> Single:
        """The singleton of this type; its default value if it was not written yet, or cannot be read.

        `known`: if the singletons were just read. Otherwise it is read.
        """
        return known.of(kind) if known else single(kind, self._rows.get(SINGLES[kind]))

    def singletons(self) -> Singletons:
        """All singletons, in one query."""
        rows = self._rows.query_range(SINGLE, SINGLE + AFTER_ALL, len(SINGLES))
        return Singletons({row.key: row for row in rows})

    def write(self, single: Single) -> Single:
        """Write a singleton. Returns it with its new version.

        Raises VersionConflict if it has changed since it was read.
        """
        written: list[Single] = self.commit((single if single.version else None, single))
        return written[0]

    def change(self, kind: type[Single], change: Callable[[Single], Single], known: Singletons | None = None) -> Single:
        """Apply `change` to the singleton of this type and write the result. Repeats it after a conflict.

        `known`: if the singletons were just read. Returns the new value. Raises VersionConflict after TRIES conflicts.
        """
        for _ in range(TRIES - 1):
            with suppress(VersionConflict):
                return self._changed(kind, change, known)
            known = None
        return self._changed(kind, change, known)

    def _changed(self, kind: type[Single], change: Callable[[Single], Single], known: Singletons | None) -> Single:
        before = self.read(kind, known)
        if (after := change(before)) == before:
            return before
        self.write(after)
        return after

    def _listed(
        self, kind: type[Entry], prefixes: Sequence[str], limit: int, after: str, *, bounds: tuple[str, str] = ("", "")
    ) -> tuple[list[Entry], str]:
        """At most `limit` values of all index rows with these prefixes, in the order of the keys after the prefix."""
        first, last = bounds
        begin = max(first, after + "!") if after else first

        def read(prefix: str) -> list[tuple[str, Row]]:
            rows = self._rows.query_range(prefix + begin, prefix + last + AFTER_ALL, limit + 1)
            return [(row.key.removeprefix(prefix), row) for row in rows]

        if len(prefixes) == 1:
            found = read(prefixes[0])
        else:
            with ThreadPoolExecutor(READERS) as readers:
                found = sorted((place for rows in readers.map(read, prefixes) for place in rows), key=itemgetter(0))
        more = found[limit - 1][0] if len(found) > limit else ""
        return self._indexed(kind, [row for _, row in found[:limit]]), more

    def _indexed(self, kind: type[Entry], rows: Sequence[Row], *, recent: bool = False) -> list[Entry]:
        """The values of these index rows, without those that changed between the two reads.

        `recent`: those that this process wrote with these index rows need not be read.
        """
        keys = {row.key for row in rows}

        def is_indexed(value: Entry) -> bool:
            return bool(keys & index_keys(value))

        found = self.find_all(kind, [row.key.rpartition("|")[2] for row in rows], is_indexed if recent else None)
        return [value for value in found if is_indexed(value)]


def _examined(kind: type[Found], rows: Sequence[Row]) -> tuple[list[Found], list[str]]:
    """The values of these rows, and the keys of those that cannot be decoded."""
    values = [(row.key, readable(kind, row)) for row in rows]
    return [value for _, value in values if value is not None], [key for key, value in values if value is None]


def _part_of_documents(digit: str) -> tuple[str, str]:
    """The range of the rows of documents whose keys start with this digit."""
    prefix = f"{KINDS[Document]}|{digit}"
    return prefix, prefix + AFTER_ALL


def _steps(before: Any, after: Any, missing: frozenset[str]) -> list[Change]:
    row = row_of(after, before.version if before else "")
    old, new = index_keys(before) - missing if before else set(), index_keys(after)
    return [
        Update(row) if before else Insert(row),
        *(Delete(key) for key in sorted(old - new)),
        *(_indexing(index_row(key, after)) for key in sorted(new - old)),
    ]


def _indexing(row: Row) -> Change:
    """A row by name may be left of a document whose row was deleted by hand."""
    return Put(row) if row.key.startswith(NAME) else Insert(row)


def _key_of(change: Change) -> str:
    return change.key if isinstance(change, Delete) else change.row.key
