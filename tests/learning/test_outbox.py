"""Draining the outbox: one entry that cannot be taken never stops the others."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from shared.errors import StorageUnavailable, TextdropError
from shared.learning.outbox import OutboxEntry
from shared.learning.statistics import Statistics
from shared.storage.tables import Row
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier


def classified(stage: Stage, app: Instance, *names: str) -> None:
    for name in names:
        put(name, SHIP)(stage)
        app.land(name)
    for _ in range(4):
        stage.wait(10)
        with suppress(TextdropError):
            app.tick()


def counted(stage: Stage) -> int:
    return sum(sum(one.states.values()) for one in stage.check().values() if isinstance(one, Statistics))


def waiting(stage: Stage) -> int:
    return sum(isinstance(one, OutboxEntry) for one in stage.check().values())


@pytest.mark.parametrize("trouble", [StorageUnavailable("A lease."), MemoryError(), RuntimeError("anything")])
def test_a_result_that_cannot_be_changed_keeps_its_own_decision_waiting_only(
    monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    classified(stage, app, "a.txt", "b.txt")
    change = stage.documents.change_result

    def leased(name: str, *given: Any) -> bool:
        if name == "a.txt":
            raise trouble
        return change(name, *given)

    monkeypatch.setattr(stage.documents, "change_result", leased)
    for document in stage.known():
        app.ask("POST", f"documents/{document.key}/review")
        assert app.ask("PUT", f"reviews/{document.key}", {"classes": ["Cooking"]}).status == 200
    classified(stage, app, "c.txt")
    assert "reviewed" in stage.documents.result("b.txt")
    assert (counted(stage), waiting(stage)) == (3, 1)
    monkeypatch.undo()
    stage.wait(10)
    app.tick()
    assert "reviewed" in stage.documents.result("a.txt")
    assert waiting(stage) == 0


def test_rows_that_cannot_be_read_are_skipped_however_many_there_are() -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    for number in range(150):
        stage.rows.write_by_hand(Row(f"outbox|2020{number:04}|x", {"body0": "{"}, "v0"))
    put("a.txt", SHIP)(stage)
    app.land("a.txt")
    for _ in range(4):
        stage.wait(10)
        app.tick()
    rows = stage.rows.query_range("stats|", "stats|~", 10)
    assert len(rows) == 1
    assert len(stage.rows.query_range("outbox|", "outbox|~", 1000)) == 150
