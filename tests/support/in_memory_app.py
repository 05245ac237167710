"""The outside world in memory, and instances of the app over it whose every call outside is watched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared import tick as tick_module
from shared.api import routes
from shared.api.requests import Request, Response
from shared.domain.documents import Document
from shared.learning.outbox import OutboxEntry
from shared.learning.reviews import Review
from shared.learning.statistics import Statistics
from shared.pipeline import intake
from shared.services import Services
from shared.settings import load
from shared.storage.ledger import Ledger
from tests.fakes.documents import MemoryDocuments
from tests.fakes.event_queue import MemoryQueue
from tests.fakes.language import MemoryLanguage
from tests.fakes.rows import MemoryRows
from tests.fakes.services import ENVIRON
from tests.support.invariants import check_learning, check_rows, endings_of
from tests.support.values import NOW

SETTINGS = load(ENVIRON)


class Killed(BaseException):
    """The process was ended here. Nothing may catch it."""


class Lifetime:
    """Counts what a process has lived through: a moment before and one after each call. It ends at the `last`."""

    def __init__(self, last: int = 0) -> None:
        self.moments = 0
        self._last = last

    def __call__(self) -> None:
        self.moments += 1
        if self._last and self.moments >= self._last:
            raise Killed


class Watched:
    """Calls what it stands for, and tells before and after each call."""

    def __init__(self, inner: Any, passing: Callable[[], None]) -> None:
        self._inner = inner
        self._passing = passing

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*given: Any, **named: Any) -> Any:
            self._passing()
            try:
                return found(*given, **named)
            finally:
                self._passing()

        return call


@dataclass
class Stage:
    """Stores, service and clock, as all instances of the app share them."""

    rows: MemoryRows = field(default_factory=MemoryRows)
    language: MemoryLanguage = field(default_factory=MemoryLanguage)
    events: MemoryQueue = field(default_factory=MemoryQueue)
    now: datetime = NOW
    quota: int = 1000
    purged: int = 0  # endings of documents whose records were deleted

    def __post_init__(self) -> None:
        self.documents = MemoryDocuments(clock=lambda: self.now)

    def instance(self, passing: Callable[[], None] = lambda: None, ahead: timedelta = timedelta(0)) -> Instance:
        """A process of the app that has just started; `passing` is told before and after its every call outside.

        `ahead`: how far the clock of its host is ahead of the others.
        """
        ledger = Ledger(Watched(self.rows, passing))
        documents: Any = Watched(self.documents, passing)
        language: Any = Watched(self.language, passing)
        events: Any = Watched(self.events, passing)
        settings = replace(SETTINGS, requests_per_minute=self.quota)
        return Instance(self, Services(settings, ledger, documents, language, events), ahead)

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def check(self) -> dict[str, Any]:
        """All that must hold after every step; gives every value there is, by the key of its row."""
        values = check_rows(self.rows)
        check_learning(values, SETTINGS, self.events.ids, self.purged)
        for one in values.values():
            if isinstance(one, Document) and one.state == "succeeded" and self.is_current(one):
                assert self.documents.result(one.name)["document"] == one.key, (
                    f"{one.name} succeeded without its result"
                )
        return values

    def known(self) -> list[Document]:
        return [one for one in self.check().values() if isinstance(one, Document)]

    def only(self) -> Document:
        """The document, where there is one."""
        [found] = self.known()
        return found

    def endings(self) -> dict[str, int]:
        """How often each document has ended, by its key."""
        return {one.key: endings_of(one) for one in check_rows(self.rows).values() if isinstance(one, Document)}

    def is_current(self, document: Document) -> bool:
        blob = self.documents.get_properties(document.name)
        return blob is not None and blob.etag == document.etag

    def is_drained(self) -> bool:
        """Nothing is open but reviews, the outbox is empty, and every file's present version is known."""
        values = [one for one in self.check().values() if not isinstance(one, Review | Statistics)]
        versions = {(one.name, one.etag) for one in values if isinstance(one, Document)}
        blobs, _ = self.documents.page("", 10**6)
        ended = all(not isinstance(one, OutboxEntry) and one.state.final for one in values)
        return ended and versions >= {(one.name, one.etag) for one in blobs}

    def drain(self) -> None:
        """A fresh instance continues until there is nothing more to do."""
        instance = self.instance()
        for number in range(200):
            if self.is_drained():
                return
            self.wait(10 if number < 20 else 120)
            instance.tick()
        raise AssertionError(f"Never done: {list(self.check().values())}")


@dataclass(frozen=True)
class Instance:
    """One process of the app: what the host has it do."""

    stage: Stage
    services: Services
    ahead: timedelta = timedelta(0)

    def clock(self) -> datetime:
        return self.stage.now + self.ahead

    def land(self, name: str) -> None:
        intake.document_landed(name, self.services, self.clock)

    def tick(self) -> None:
        tick_module.tick(self.services, self.clock)

    def ticks(self, number: int) -> None:
        """So many ticks, ten seconds apart."""
        for _ in range(number):
            self.stage.wait(10)
            self.tick()

    def ask(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Response:
        """The answer to a request. What a purge deletes is counted for `Stage.check`: each row is read for that."""
        before = self.stage.endings() if path == "documents/purge" else {}
        answer = self.ask_unchecked(method, path, body, query)
        if before:
            self.stage.purged += sum(before[key] for key in before.keys() - self.stage.endings().keys())
        return answer

    def ask_unchecked(
        self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None
    ) -> Response:
        """The answer to a request, also where there are too many rows to read them all."""
        raw = b"" if body is None else json.dumps(body).encode()
        return routes.answer(Request(method, path, query or {}, raw), lambda: self.services, self.clock())


@contextmanager
def one_thread() -> Iterator[None]:
    """What the app does side by side happens one after the other, so that each run is the same as the last."""

    def in_turn(_: ThreadPoolExecutor, act: Callable[..., Any], *things: Any) -> Iterator[Any]:
        return iter([act(*each) for each in zip(*things, strict=False)])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ThreadPoolExecutor, "map", in_turn)
        yield
