"""How many requests to the table an idle tick, a lone file and a burst need: upper bounds, counted in memory."""

from __future__ import annotations

from dataclasses import replace

from bench.counting import CountingRows
from shared.storage.ledger import Ledger
from tests.fakes.language import MemoryLanguage
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier

IDLE, LONE, BURST = 4, 17, 1.5
HEALTH = 6
FILES = 500


def counted(stage: Stage) -> tuple[Instance, CountingRows]:
    """An app with a classifier that has finished its first sweep, and the counter of its requests."""
    rows = CountingRows(stage.rows)
    app = app_with_classifier(stage)
    app = replace(app, services=replace(app.services, ledger=Ledger(rows)))
    app.tick()
    rows.counts.clear()
    return app, rows


def test_an_idle_tick() -> None:
    stage = Stage()
    app, rows = counted(stage)
    for number in range(20):  # also when times of other clocks are looked for
        app.ticks(1)
        assert rows.counts["requests"] <= IDLE * (number + 1), rows.counts


def test_a_tick_with_a_document_and_a_job_that_are_not_due() -> None:
    stage = Stage()
    app, rows = counted(stage)
    stage.documents.put("a.txt", b"the mast in the harbour")
    app.land("a.txt")
    rows.counts.clear()
    app.tick()
    assert rows.counts["requests"] <= IDLE


def test_a_lone_file() -> None:
    stage = Stage(language=MemoryLanguage(looks=0))
    app, rows = counted(stage)
    stage.documents.put("a.txt", b"the mast in the harbour")
    app.land("a.txt")
    app.ticks(1)
    assert stage.is_drained()
    assert rows.counts["requests"] <= LONE, rows.counts


def test_a_burst() -> None:
    stage = Stage(language=MemoryLanguage(looks=0))
    app, rows = counted(stage)
    for number in range(FILES):
        stage.documents.put(f"{number}.txt", b"the mast in the harbour")
        app.land(f"{number}.txt")
        stage.wait(0.02)
    while not stage.is_drained():
        app.ticks(1)
    assert rows.counts["requests"] <= BURST * FILES, rows.counts


def test_health_of_an_app_at_rest() -> None:
    stage = Stage()
    app, rows = counted(stage)
    assert app.ask("GET", "health").status == 200
    assert rows.counts["requests"] <= HEALTH, rows.counts
