"""Trouble that nobody foresaw, or that comes with other trouble: it stays where it is, and is not for ever."""

from __future__ import annotations

import traceback
from dataclasses import replace
from typing import Any

import pytest

from shared import tick as tick_module
from shared.domain.documents import Blob, DocumentState
from shared.domain.file_names import MAX_FILE_NAME
from shared.domain.operations import Operation, OperationKind, OperationState
from shared.domain.text import MAX_FILE
from shared.errors import StorageUnavailable, Throttled
from shared.pipeline import gate
from shared.storage.ledger import Ledger
from shared.storage.tables import Row
from tests.fakes.documents import MemoryDocuments
from tests.fakes.rows import MemoryRows
from tests.support.full_day_script import SHIP, publish, put
from tests.support.in_memory_app import Stage
from tests.support.prepared_apps import app_with_classifier
from tests.support.values import NOW, add, operation, seconds


class Huge(MemoryDocuments):
    """One file shows as larger than memory; it must not be read."""

    def get_properties(self, name: str) -> Blob | None:
        found = super().get_properties(name)
        return replace(found, size=MAX_FILE + 1) if found and name == "huge.txt" else found

    def read(self, name: str, etag: str) -> bytes:
        assert name != "huge.txt", "read into memory"
        return super().read(name, etag)


@pytest.mark.parametrize("name", ["huge.txt", "n" * (MAX_FILE_NAME + 1)])
def test_what_is_refused_unread_is_refused_unread_again_when_it_is_replayed(name: str) -> None:
    stage = Stage()
    stage.documents = Huge(clock=lambda: stage.now)
    app = app_with_classifier(stage)
    put(name, SHIP)(stage)
    app.land(name)
    assert app.ask("POST", "documents/replay", {"reason": "bad_input"}).body["count"] == 1
    stage.wait(10)
    app.tick()
    assert [(one.state, one.reason) for one in stage.known()] == [("failed", "bad_input")]
    assert not stage.language.started


class Away(MemoryRows):
    """Storage that can be taken away."""

    away = False

    def get(self, key: str) -> Row | None:
        if self.away:
            raise StorageUnavailable("Nobody is there.") from TimeoutError("5 s")
        return super().get(key)

    def query_range(self, first: str, last: str, limit: int) -> list[Row]:
        if self.away:
            raise StorageUnavailable("Nobody is there.") from TimeoutError("5 s")
        return super().query_range(first, last, limit)


@pytest.mark.parametrize("failures", [0, 3])
def test_a_process_keeps_to_the_gate_it_closed_though_storage_is_away(failures: int) -> None:
    rows = Away()
    services = replace(Stage().instance().services, ledger=Ledger(rows))
    for _ in range(failures):
        gate.close(services, Throttled("Slowly."), NOW)
    now = NOW.replace(hour=20)
    assert not gate.is_closed(services, now)
    rows.away = True
    with pytest.raises(StorageUnavailable):
        gate.call(services, now, throttled)
    assert services.seen.is_closed(now)
    rows.away = False
    assert gate.is_closed(services, now)


def throttled() -> None:
    raise Throttled("Slowly.", 30)


def test_a_step_that_fails_as_nobody_foresaw_keeps_no_other_from_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    put("lone.txt", SHIP)(stage)
    monkeypatch.setattr(tick_module, "STEPS", (fail, *tick_module.STEPS))
    for _ in range(4):
        stage.wait(400)
        with pytest.raises(ZeroDivisionError):
            app.tick()
    assert [one.state for one in stage.known()] == [DocumentState.SUCCEEDED]


def fail(*_: Any) -> None:
    raise ZeroDivisionError


def test_an_operation_that_fails_as_nobody_foresaw_keeps_no_other_from_its_turn() -> None:
    stage = Stage()
    app = stage.instance()
    publish(app)
    unknown = replace(operation(project="Other"), kind=OperationKind.DELETE)  # the twin cannot delete
    add(app.services.ledger, replace(unknown, due=stage.now - seconds(60)))
    for _ in range(5):
        stage.wait(10)
        app.tick()
    found = {one.project: one for one in stage.check().values() if isinstance(one, Operation)}
    assert found["Movies"].state is OperationState.SUCCEEDED
    assert "AttributeError" in found["Other"].timeline[-1].what
    assert "log" in found["Other"].timeline[-1].what


def test_trouble_that_was_logged_is_raised_without_the_way_that_it_came() -> None:
    """The host prints what is raised: a line for what was foreseen, not two tracebacks."""

    rows = Away()
    app = replace(Stage(), rows=rows).instance()
    rows.away = True
    with pytest.raises(StorageUnavailable) as raised:
        app.tick()
    assert [frame.name for frame in traceback.extract_tb(raised.value.__traceback__)][1:] == ["tick", "tick"]
    assert "direct cause" not in "".join(traceback.format_exception(raised.value))
