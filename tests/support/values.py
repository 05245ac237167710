"""Documents, jobs and operations for tests, one at a time or (for Hypothesis) any."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from shared.domain.documents import Blob, Document
from shared.domain.jobs import Job
from shared.domain.operations import Operation, OperationKind
from shared.language.types import Classifier
from shared.storage.ledger import Ledger
from shared.storage.tables import Row, Update

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CLASSIFIER = Classifier("current", project="Movies", deployment="production", model="first")

MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))  # what UTF-8 can spell

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
st.register_type_strategy(datetime, MOMENTS)
st.register_type_strategy(str, TEXTS)
st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))

JSON = TEXTS | st.booleans() | st.integers() | st.lists(TEXTS, max_size=3)
st.register_type_strategy(Operation, st.builds(Operation, parameters=st.dictionaries(TEXTS, JSON, max_size=3)))


HOSTILE_NAMES = {  # of files
    "signs": "a/b ?x=1#y%41&'\"\\|~.txt",
    "newline": "one\ntwo\r\n\tthree.txt",
    "emoji": "😀 é 漢字\u202e.txt",
    "longest": "n" * 1020 + ".txt",
    "longest of emoji": "😀" * 512,
}


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def document(name: str = "a.txt", now: datetime = NOW, etag: str = "0x1", **blob: Any) -> Document:
    return Document.landed("documents", Blob(name, etag, **{"size": 5, "modified": now, **blob}), now)


def job(*documents: Document, key: str = "job1", now: datetime = NOW) -> Job:
    return Job(key, tuple(one.key for one in documents), CLASSIFIER, "2023-04-01", created=now, due=now)


def operation(key: str = "operation1", project: str = "Movies", now: datetime = NOW) -> Operation:
    return Operation(key, OperationKind.TRAIN, project, {"model": "first"}, created=now, due=now)


def edited(row: Row, old: str, new: str) -> Update:
    """A row as somebody without the app may leave it."""
    return Update(replace(row, columns={name: text.replace(old, new) for name, text in row.columns.items()}))


def add(ledger: Ledger, *added: Any) -> list[Any]:
    return ledger.commit(*((None, one) for one in added))
