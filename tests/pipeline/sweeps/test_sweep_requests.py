"""How many requests to the table a sweep of known files needs, and which documents it reads."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bench.counting import CountingRows
from shared.domain.documents import Document
from shared.domain.singletons import Sweep
from shared.pipeline.sweep import ask, sweep
from shared.services import Services
from shared.storage.ledger import Ledger
from shared.storage.row_keys import NAME
from shared.storage.tables import Delete
from tests.support.in_memory_app import Stage
from tests.support.values import NOW

FILES, FOR_100, CONSTANT = 2000, 1.1, 5
INVALID = "no language"  # a file with it is claimed and fails at once


def counted(stage: Stage) -> tuple[Services, CountingRows]:
    rows = CountingRows(stage.rows)
    return replace(stage.instance().services, ledger=Ledger(rows)), rows


def swept(services: Services, stage: Stage) -> Sweep:
    """A whole sweep a day after the last one."""
    stage.now += timedelta(days=1)
    state = sweep(services, stage.now, lambda: True)
    assert (state.began, state.whole_ended) == (None, stage.now)
    return state


def read_in_a_sweep(services: Services, stage: Stage, rows: CountingRows) -> int:
    """How many rows of a day's whole sweep, but for its state, were read one by one."""
    rows.counts.clear()
    swept(services, stage)
    return rows.counts["gets"] - 1


@pytest.mark.parametrize("language", ["", INVALID], ids=["open", "ended"])
def test_a_sweep_of_known_files_reads_pages_of_names(language: str) -> None:
    stage = Stage()
    services, rows = counted(stage)
    for number in range(FILES):
        stage.documents.put(f"a folder/{number}.txt", b"onion", language)
    assert swept(services, stage).found == FILES
    rows.counts.clear()
    assert swept(services, stage).found == 0
    assert rows.counts["requests"] <= FILES / 100 * FOR_100 + CONSTANT, rows.counts


def test_documents_of_an_earlier_version_of_the_app_are_read_once() -> None:
    stage = Stage()
    services, rows = counted(stage)
    for number in range(60):
        stage.documents.put(f"{number:02}.txt", b"onion", INVALID)
    swept(services, stage)
    stage.rows.apply([Delete(row.key) for row in stage.rows.query_range(NAME, f"{NAME}~", 100)])
    assert read_in_a_sweep(services, stage, rows) == 60
    assert read_in_a_sweep(services, stage, rows) == 0
    assert len(stage.known()) == 60


def test_documents_whose_rows_by_name_were_not_looked_for_are_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    services, rows = counted(stage)
    for number in range(60):
        stage.documents.put(f"{number:02}.txt", b"onion", INVALID)
    swept(services, stage)
    monkeypatch.setattr("shared.storage.ledger.NAMES", 5)
    assert read_in_a_sweep(services, stage, rows) > 0
    assert rows.counts["changes"] == 2  # the sweep's start and its page


def test_documents_that_ended_unread_are_claimed_again_by_any_sweep() -> None:
    stage = Stage()
    services, _ = counted(stage)
    stage.documents.put("a.txt", b"onion")
    swept(services, stage)
    landed = services.ledger.find(Document, stage.only().key)
    assert landed
    services.ledger.commit((landed, landed.gone(NOW)))
    swept(services, stage)
    assert (stage.only().state, stage.only().replays) == ("waiting", 1)


def test_a_requested_sweep_reads_every_document_and_finds_rows_that_were_deleted() -> None:
    stage = Stage()
    services, rows = counted(stage)
    for name in ("a.txt", "b.txt", "c.txt"):
        stage.documents.put(name, b"onion")
    swept(services, stage)
    lost, stuck, _ = stage.known()
    due = [row.key for row in stage.rows.query_range("due|doc|", "due|doc|~", 10)]
    of_both = [Delete(key) for key in due if key.endswith((lost.key, stuck.key))]
    stage.rows.apply([Delete(f"doc|{lost.key}"), *of_both])
    assert read_in_a_sweep(services, stage, rows) == 0
    ask(services)
    swept(services, stage)
    assert len(stage.known()) == 3
    assert services.ledger.find(Document, lost.key)
