"""A sweep of many files takes many ticks: nothing stops it for ever, and everybody sees how far it is."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from shared.domain.documents import Blob, Document
from shared.domain.singletons import STUCK, Sweep
from shared.errors import StorageUnavailable
from shared.pipeline.claim import claim_blob
from shared.services import Services
from shared.storage.row_keys import NAME
from shared.storage.tables import Change, Delete, Row, Update
from shared.tick import SWEEP_SHARE, tick
from tests.fakes.documents import MemoryDocuments
from tests.fakes.rows import MemoryRows
from tests.support.in_memory_app import Instance, Stage, one_thread
from tests.support.values import NOW, seconds

FILES = 6


class NeverListed(MemoryDocuments):
    """Storage that does not list what follows `refused`."""

    refused = "?"

    def page(self, marker: str, size: int, container: str = "") -> tuple[list[Blob], str]:
        if marker == self.refused:
            raise StorageUnavailable("The marker is invalid.")
        return super().page(marker, size, container)


class BrokenRows(MemoryRows):
    """Rows of documents that cannot be read, and so files that cannot be claimed."""

    broken = True

    def get(self, key: str) -> Row | None:
        if self.broken and key.startswith("doc|"):
            raise StorageUnavailable("This row cannot be read.")
        return super().get(key)


class UnwritableDocuments(MemoryRows):
    """Rows of documents that cannot be changed, once it is `broken`."""

    broken = False

    def apply(self, changes: Sequence[Change]) -> list[str]:
        if self.broken and any(isinstance(one, Update) and one.row.key.startswith("doc|") for one in changes):
            raise StorageUnavailable("This row cannot be written.")
        return super().apply(changes)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.pipeline.sweep.PAGE", 2)
    monkeypatch.setattr("shared.pipeline.sweep.PAGES", 1)


def stage_with_files(rows: MemoryRows | None = None, files: MemoryDocuments | None = None) -> Stage:
    stage = Stage(rows=rows or MemoryRows())
    stage.documents = files or stage.documents
    for number in range(FILES):
        stage.documents.put(f"{number}.txt", b"onion")
    return stage


def state_of(app: Instance) -> Sweep:
    return app.services.ledger.read(Sweep)


def ticked(app: Instance, *waits: timedelta) -> None:
    """A tick after each of these times; the host reports its errors."""
    for wait in waits:
        app.stage.now += wait
        try:
            app.tick()
        except StorageUnavailable:
            continue


def test_it_has_its_share_of_a_tick_that_other_steps_have_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.pipeline.sweep.PAGES", 3)
    stage = stage_with_files()
    app = stage.instance()

    def clock() -> datetime:
        """Two pages take more than the share."""
        stage.now += 0.6 * SWEEP_SHARE
        return stage.now

    tick(app.services, clock, has_time=lambda: False)
    assert state_of(app).files == 4
    tick(app.services, clock, has_time=lambda: False)
    assert len(stage.known()) == FILES


def test_a_page_is_processed_even_if_storage_takes_all_of_the_share() -> None:
    stage = stage_with_files()
    app = stage.instance()

    def clock() -> datetime:
        stage.now += SWEEP_SHARE
        return stage.now

    for number in range(1, 4):
        tick(app.services, clock, has_time=lambda: False)
        assert state_of(app).files == 2 * number


def test_files_that_land_meanwhile_do_not_keep_it_from_its_end() -> None:
    """Their names sort last, and one lands with every tick: it is slower than the sweep."""
    stage = stage_with_files()
    app = stage.instance()
    for number in range(FILES):
        stage.documents.put(f"later{number:03}.txt", b"onion")
        ticked(app, seconds(10))
    assert (state_of(app).began, state_of(app).files) == (None, FILES + 6)


def test_a_page_whose_files_cannot_be_claimed_is_passed_over_after_a_while() -> None:
    rows = BrokenRows()
    stage = stage_with_files(rows)
    for number in range(20):  # so many errors in a row are an outage
        stage.documents.put(f"0{number}.txt", b"onion")
    app = stage.instance()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.pipeline.sweep.PAGE", 20)
        ticked(app, seconds(10), STUCK / 2)
        assert (state_of(app).files, state_of(app).unclaimed) == (0, 0)
        ticked(app, STUCK / 2)
        assert (state_of(app).files, state_of(app).unclaimed) == (20, 20)
        rows.broken = False
        ticked(app, seconds(10))
    assert state_of(app).unclaimed == 20
    assert len(stage.known()) == FILES
    ticked(app, *[timedelta(minutes=5)] * 15)
    assert len(stage.known()) == FILES + 20
    assert state_of(app).unclaimed == 0


def test_files_here_and_there_that_cannot_be_claimed_do_not_keep_it_from_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared.pipeline.sweep.PAGE", 50)
    stage = stage_with_files()
    for number in range(40):
        stage.documents.put(f"more {number}.txt", b"onion")
    app = stage.instance()

    def failing(services: Services, blob: Blob, now: datetime) -> Document | None:
        if blob.name.endswith("0.txt") or blob.name.endswith("5.txt"):
            raise StorageUnavailable("This file cannot be claimed.")
        return claim_blob(services, blob, now)

    monkeypatch.setattr("shared.pipeline.sweep.claim_blob", failing)
    with one_thread():
        ticked(app, seconds(10))
    assert (state_of(app).began, state_of(app).unclaimed, len(stage.known())) == (None, 10, FILES + 30)


def test_a_document_that_cannot_be_indexed_does_not_stop_it() -> None:
    rows = UnwritableDocuments()
    stage = stage_with_files(rows)
    app = stage.instance()
    for number in range(FILES):
        stage.documents.put(f"{number}.txt", b"onion", "no language")  # it is claimed and fails at once
    ticked(app, *[seconds(10)] * 4)
    rows.apply([Delete(row.key) for row in rows.query_range(NAME, f"{NAME}~", 100)])
    stage.documents.put("new.txt", b"onion")
    rows.broken = True
    ticked(app, timedelta(days=1), *[seconds(10)] * 4)
    assert state_of(app).began is None
    assert [document.name for document in app.services.ledger.open(Document, 10)[0]] == ["new.txt"]


def test_a_sweep_on_request_is_repeated_as_it_was() -> None:
    asked = Sweep(asked=True).started(NOW)
    ended = asked.advanced("", 0, NOW, ["a.txt"], files=1)
    again = ended.started(NOW)
    assert (again.thorough, again.whole, again.again) == (True, True, 1)
    assert not again.advanced("", 0, NOW, files=1).started(NOW).thorough


def test_a_sweep_that_begins_again_counts_its_files_anew() -> None:
    passed_over = Sweep().started(NOW).advanced("m", 0, NOW, ["a.txt", "b.txt"], files=2)
    again = passed_over.from_the_start()
    assert (again.files, again.unclaimed, again.example) == (0, 0, "")


def test_a_position_that_storage_no_longer_takes_is_given_up_after_a_while() -> None:
    files = NeverListed(clock=lambda: NOW)
    stage = stage_with_files(files=files)
    app = stage.instance()
    ticked(app, seconds(10))
    files.refused = state_of(app).marker
    ticked(app, STUCK / 2)
    assert (state_of(app).marker, state_of(app).files) == (files.refused, 2)
    ticked(app, STUCK / 2)
    assert (state_of(app).marker, state_of(app).files) == ("", 0)
    assert not state_of(app).ended
    files.refused = "?"
    ticked(app, *[seconds(10)] * 3)
    assert (state_of(app).files, len(stage.known())) == (FILES, FILES)
    assert state_of(app).ended


def test_everybody_sees_how_far_it_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    stage = stage_with_files()
    app = stage.instance()
    ticked(app, seconds(10), seconds(10))
    began = (NOW + seconds(10)).isoformat()
    asked = app.ask("GET", "sweep").body
    assert (asked["running"], asked["whole"], asked["files"], asked["filesBefore"], asked["found"]) == (
        *(True, True, 4, 0, 4),
    )
    assert "ended" not in asked
    [check] = [one for one in app.ask("GET", "health").body["checks"] if one["name"] == "sweep"]
    assert check["ok"]
    assert f"since {began}. It has listed 4 files, and found 4 without an event" in check["detail"]
    assert lines(caplog)[-1]["sweep"] == {"began": began, "files": 4, "found": 4}
    ticked(app, seconds(10))
    assert lines(caplog)[-1]["sweep"] is None
    assert f"began at {began}, and compared 6 files" in caplog.text
    asked = app.ask("GET", "sweep").body
    assert (asked["running"], asked["files"], asked["ended"]) == (False, 6, stage.now.isoformat())
    app.ask("POST", "sweep")
    ticked(app, seconds(10))
    [check] = [one for one in app.ask("GET", "health").body["checks"] if one["name"] == "sweep"]
    assert "It has listed 2 files of about 6" in check["detail"]


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(text) for text in caplog.messages if text.startswith('{"event":"tick"')]
