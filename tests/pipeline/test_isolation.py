"""One item's error is that item's own: wherever it strikes, the others are at most one tick later than without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from shared.domain import batching
from shared.domain.documents import DocumentState, Reason
from shared.domain.singletons import WHOLE_AGAIN, Sweep
from shared.domain.timeline import SETBACKS
from shared.errors import StorageUnavailable
from shared.pipeline import collection, loading
from shared.pipeline.isolation import OUTAGE, each
from shared.storage.tables import Change, Delete, Row
from tests.fakes.documents import MemoryDocuments
from tests.fakes.rows import MemoryRows
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier

INNOCENT, POISON = [f"{number:02}.txt" for number in range(60)], "30poison.txt"
ERRORS = [RecursionError, MemoryError, UnicodeError, ZeroDivisionError, KeyError]


class Fault:
    """Raises whenever something is done with the poison, while it is `on`."""

    def __init__(self, error: type[Exception]) -> None:
        self.error, self.on, self.struck = error, True, 0

    def strike(self, *, when: bool) -> None:
        if when and self.on:
            self.struck += 1
            raise self.error("secret")


class PoisonedRows(MemoryRows):
    """Nothing can be written that says of the poison that it is in this state; or its row cannot be read."""

    def __init__(self, fault: Fault, state: str = "", *, unreadable: bool = False) -> None:
        super().__init__()
        self.fault, self.state, self.unreadable = fault, state, unreadable

    def apply(self, changes: Sequence[Change]) -> list[str]:
        for change in changes:
            columns = {} if isinstance(change, Delete) else change.row.columns
            self.fault.strike(when=columns.get("name") == POISON and columns["state"] == self.state)
        return super().apply(changes)

    def get(self, key: str) -> Row | None:
        row = super().get(key)
        self.fault.strike(when=self.unreadable and row is not None and row.columns.get("name") == POISON)
        return row


class PoisonedDocuments(MemoryDocuments):
    def __init__(self, fault: Fault, method: str, clock: Any) -> None:
        super().__init__(clock=clock)
        self.fault, self.method = fault, method

    def get_properties(self, name: str) -> Any:
        self.fault.strike(when=self.method == "get_properties" and name == POISON)
        return super().get_properties(name)

    def read(self, name: str, etag: str) -> bytes:
        self.fault.strike(when=self.method == "read" and name == POISON)
        return super().read(name, etag)

    def write_result(self, name: str, etag: str, result: Any) -> bool:
        self.fault.strike(when=self.method == "write_result" and name == POISON)
        return super().write_result(name, etag, result)


Place = Callable[[Stage, Fault, pytest.MonkeyPatch], None]


def in_rows(state: str) -> Place:
    def place(stage: Stage, fault: Fault, _: pytest.MonkeyPatch) -> None:
        stage.rows = PoisonedRows(fault, state)

    return place


def unreadable(stage: Stage, fault: Fault, _: pytest.MonkeyPatch) -> None:
    stage.rows = PoisonedRows(fault, unreadable=True)


def in_documents(method: str) -> Place:
    def place(stage: Stage, fault: Fault, _: pytest.MonkeyPatch) -> None:
        stage.documents = PoisonedDocuments(fault, method, lambda: stage.now)

    return place


def in_function(module: Any, name: str, is_poison: Callable[[Any], bool]) -> Place:
    def place(_: Stage, fault: Fault, patch: pytest.MonkeyPatch) -> None:
        inner = getattr(module, name)

        def poisoned(given: Any, *more: Any) -> Any:
            fault.strike(when=is_poison(given))
            return inner(given, *more)

        patch.setattr(module, name, poisoned)

    return place


def named(document: Any) -> bool:
    return bool(document.name == POISON)


READ: dict[str, Place] = {
    "reading": in_documents("read"),
    "checking": in_function(loading, "check", named),
    "decoding": in_function(loading, "decode", lambda raw: b"venom" in raw),
    "cutting": in_function(batching, "cut", lambda text: "venom" in text),
}
SETTLE: dict[str, Place] = {
    "judging": in_function(collection, "outcome", named),
    "making the result": in_function(collection, "result_of", named),
    "writing the result": in_documents("write_result"),
}
WRITE: dict[str, Place] = {
    "claiming": in_rows("waiting"),
    "handing over": in_rows("submitted"),
    "settling": in_rows("succeeded"),
    "reading its row": unreadable,
}
PLACES = {**READ, **SETTLE, **WRITE}


def run(place: Place | None, fault: Fault, ticks: int = 12) -> tuple[Stage, Instance, dict[str, int]]:
    """In which tick each innocent file had its result, dropped together with the poison."""
    stage = Stage()
    with pytest.MonkeyPatch.context() as patch:
        if place:
            place(stage, fault, patch)
        app = app_with_classifier(stage)
        for name in INNOCENT:
            put(name, SHIP)(stage)
        text = "venom " * 30_000 if place in (READ["cutting"], None) else "venom"
        put(POISON, f"{SHIP} {text}")(stage)
        assert app.ask("POST", "sweep").status == 202
        done: dict[str, int] = {}
        for number in range(ticks):
            stage.wait(10)
            # A process does not read again what it has written: for its row to be read, each tick has a new one.
            (stage.instance() if place is unreadable else app).tick()
            done |= {name: number for name in INNOCENT if name not in done and stage.documents.result(name)}
    return stage, app, done


@pytest.fixture(scope="module")
def without_errors() -> dict[str, int]:
    _, _, done = run(None, Fault(ValueError))
    assert done.keys() == set(INNOCENT)
    return done


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("where", PLACES)
def test_an_error_with_one_document_delays_no_other_by_more_than_a_tick(
    where: str, error: type[Exception], without_errors: dict[str, int]
) -> None:
    fault = Fault(error)
    _, _, done = run(PLACES[where], fault)
    assert fault.struck
    late = {name: done.get(name) for name in INNOCENT if done.get(name, 99) > without_errors[name] + 1}
    assert not late


@contextmanager
def poisoned(where: str, error: type[Exception] = RecursionError) -> Iterator[tuple[Stage, Instance, Fault]]:
    stage, fault = Stage(), Fault(error)
    with pytest.MonkeyPatch.context() as patch:
        PLACES[where](stage, fault, patch)
        app = app_with_classifier(stage)
        put(POISON, SHIP + " venom" * 30_000)(stage)
        app.land(POISON)
        yield stage, app, fault


@pytest.mark.parametrize("where", [*READ, *SETTLE])
def test_a_document_that_an_error_strikes_each_time_ends_with_a_reason_and_health_names_it(where: str) -> None:
    with poisoned(where) as (stage, app, fault):
        for _ in range(60):
            stage.wait(60)
            app.tick()
            if stage.only().state.final:
                break
            if stage.only().setbacks >= 3:
                assert POISON in str(app.ask("GET", "health").body)
        document = stage.only()
        assert (document.state, document.reason) == (DocumentState.FAILED, Reason.ERROR)
        assert "RecursionError" in document.detail
        assert "secret" not in str(document)
        assert fault.struck == SETBACKS
        answer = app.ask("GET", "health")
        assert answer.status == 503
        assert POISON in str(answer.body)
        fault.on = False
        assert app.ask("POST", "documents/replay", {"reason": "error"}).body["count"] == 1
        stage.drain()
        assert stage.only().state is DocumentState.SUCCEEDED


@pytest.mark.parametrize("where", [*READ, *SETTLE])
def test_a_document_that_an_error_strikes_a_few_times_is_classified(where: str) -> None:
    with poisoned(where) as (stage, app, fault):
        while fault.struck < SETBACKS - 1:
            stage.wait(60)
            app.tick()
        fault.on = False
        stage.drain()
        assert stage.only().state is DocumentState.SUCCEEDED
        assert stage.only().setbacks == 0


@pytest.mark.parametrize("where", ["reading", "writing the result"])
def test_storage_that_is_away_for_hours_fails_no_document(where: str) -> None:
    with poisoned(where, StorageUnavailable) as (stage, app, fault):
        for _ in range(23):
            for _ in range(6):
                stage.wait(600)
                app.tick()
            assert not stage.only().state.final
        fault.on = False
        stage.drain()
        assert stage.only().state is DocumentState.SUCCEEDED


@pytest.mark.parametrize("where", ["reading", "writing the result"])
def test_storage_that_is_away_for_a_day_does(where: str) -> None:
    with poisoned(where, StorageUnavailable) as (stage, app, _):
        for _ in range(25 * 6):
            stage.wait(600)
            app.tick()
        assert (stage.only().state, stage.only().reason) == (DocumentState.FAILED, Reason.ERROR)
        assert len(stage.language.names) == 1 - (where == "reading")


def test_a_file_that_cannot_be_claimed_is_named_and_tried_by_the_next_sweeps() -> None:
    fault = Fault(KeyError)
    stage, app, _ = run(WRITE["claiming"], fault)
    assert POISON in str(app.ask("GET", "health").body)
    for _ in range(90):
        stage.wait(60)
        app.tick()
    swept = app.services.ledger.read(Sweep)
    assert (swept.unclaimed, swept.example, swept.again, swept.whole) == (1, POISON, WHOLE_AGAIN, False)
    assert POISON in str(app.ask("GET", "health").body)
    fault.on = False
    assert app.ask("POST", "sweep").status == 202
    stage.drain()
    assert stage.documents.result(POISON)
    assert app.services.ledger.read(Sweep).unclaimed == 0


# --- the mechanism itself ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 8])
def test_each_counts_an_error_against_its_item_and_no_other(workers: int) -> None:
    def step(number: int) -> str:
        if number % 3 == 0:
            raise RecursionError(number)
        return "done"

    found = each(step, range(20), lambda number, trouble: f"{number} {type(trouble).__name__}", workers)
    assert found == ["done" if n % 3 else f"{n} RecursionError" for n in range(20)]


@pytest.mark.parametrize("workers", [1, 8])
def test_what_cannot_even_be_set_back_stays_as_it_was(workers: int) -> None:
    def step(number: int) -> int:
        if number == 5:
            raise MemoryError
        return number

    def set_back(_: int, trouble: Exception) -> int:
        raise trouble

    assert each(step, range(10), set_back, workers) == [*range(5), None, *range(6, 10)]


@pytest.mark.parametrize("workers", [1, 8])
def test_storage_that_answers_nobody_is_not_asked_for_everybody(workers: int) -> None:
    asked: list[int] = []

    def step(number: int) -> int:
        asked.append(number)
        raise StorageUnavailable("No answer.")

    def set_back(_: int, trouble: Exception) -> int:
        raise trouble

    with pytest.raises(StorageUnavailable):
        each(step, range(1000), set_back, workers)
    assert OUTAGE <= len(asked) < 100
