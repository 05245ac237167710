"""Each tick logs one line of JSON, with figures that it knows without further requests."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.counting import CountingRows
from shared import tick as tick_module
from shared.api.actions.health import CHECKS
from shared.domain.documents import Document, DocumentState
from shared.domain.singletons import Gate, Pause
from shared.errors import StorageUnavailable, Throttled
from shared.learning.tick_report import FIELDS
from shared.storage.ledger import Ledger
from shared.storage.tables import Row
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import UNSURE, app_with_classifier, app_with_submitted_file
from tests.support.values import NOW, add, document, seconds

ROOT = Path(__file__).parents[2]
DOCUMENTED = (ROOT / "docs" / "telemetry.md").read_text()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[dict[str, Any]]]:
    """The lines of all ticks so far."""
    caplog.set_level(logging.INFO, logger="shared.tick")

    def found() -> list[dict[str, Any]]:
        messages = [one.getMessage() for one in caplog.records if one.name == "shared.tick"]
        return [json.loads(message) for message in messages if message.startswith('{"event":"tick"')]

    return found


Lines = Callable[[], list[dict[str, Any]]]


def ended(*lines: dict[str, Any]) -> Counter[str]:
    total = Counter[str]()
    for line in lines:
        total.update(line["ended"])
    return total


def ticked(app: Instance) -> None:
    """A tick whose error is the host's to report."""
    try:
        app.tick()
    except StorageUnavailable:
        return


def test_each_tick_logs_one_line_with_the_documented_fields(lines: Lines) -> None:
    app = app_with_classifier(Stage())
    before = len(lines())
    app.ticks(3)
    assert len(lines()) == before + 3
    assert tuple(lines()[-1]) == FIELDS
    assert (lines()[-1]["backlog"], lines()[-1]["oldestSeconds"], lines()[-1]["seconds"]) == (0, None, 0)


def test_the_page_explains_every_field_and_no_other() -> None:
    table = DOCUMENTED.split("| field | type | meaning |\n|---|---|---|\n")[1].split("\n\n")[0]
    assert tuple(row.split("`")[1] for row in table.splitlines()) == FIELDS


def test_documents_are_counted_from_landing_to_the_end(lines: Lines) -> None:
    stage = Stage()
    app = app_with_submitted_file(stage)
    stage.documents.put("unsure.txt", UNSURE.encode())
    stage.documents.put("empty.txt", b"")
    stage.wait(3)
    for name in ("unsure.txt", "empty.txt"):
        stage.instance().land(name)
    first = len(lines())
    stage.language.troubles = [Throttled("Slowly.", 30)]
    stage.wait(27)
    app.tick()
    assert (lines()[-1]["backlog"], lines()[-1]["oldestSeconds"], lines()[-1]["gate"]) == (3, 30, "Throttled")
    app.ticks(12)
    assert (lines()[-1]["backlog"], lines()[-1]["oldestSeconds"], lines()[-1]["gate"]) == (0, None, None)
    assert ended(*lines()[first:]) == {"succeeded": 2, "failed": 1, "superseded": 0, "gone": 0}


def test_a_document_that_another_process_has_ended_is_in_one_line(lines: Lines) -> None:
    stage = Stage()
    app, other = app_with_classifier(stage), stage.instance()
    add(other.services.ledger, document("gone.txt", stage.now).gone(stage.now))
    app.ticks(2)
    other.tick()
    assert ended(*lines()) == {"succeeded": 0, "failed": 0, "superseded": 0, "gone": 1}


@pytest.mark.parametrize(("below", "share"), [(0.5, 1), (0.0, None), (0.1, 0)])
def test_the_share_of_low_confidence_is_that_of_review_below(lines: Lines, below: float, share: float | None) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    services = replace(app.services, settings=replace(app.services.settings, review_below=below))
    stage.documents.put("unsure.txt", UNSURE.encode())
    app.land("unsure.txt")
    Instance(stage, services).ticks(3)
    [line] = [line for line in lines() if line["ended"]["succeeded"]]
    assert line["lowConfidenceShare"] == share


def test_a_closed_gate_is_named_by_the_code_of_its_error_and_red_after_five_minutes(lines: Lines) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    ledger, secret = app.services.ledger, "the text of the service"
    before = ledger.read(Gate)
    ledger.write(replace(before.closed(secret, seconds(900), stage.now, cause=Throttled.code), version=before.version))
    app.ticks(1)
    assert (lines()[-1]["gate"], lines()[-1]["red"]) == ("Throttled", [])
    stage.wait(300)
    app.tick()
    assert (lines()[-1]["gate"], lines()[-1]["red"]) == ("Throttled", ["gate"])
    assert secret not in json.dumps(lines())


def test_a_gate_that_an_earlier_version_has_closed_has_an_unknown_cause(lines: Lines) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    before = app.services.ledger.read(Gate)
    app.services.ledger.write(replace(before.closed("429", seconds(900), stage.now), version=before.version))
    app.ticks(1)
    assert lines()[-1]["gate"] == "Unknown"


def test_what_health_finds_red_the_line_names_too(lines: Lines) -> None:
    """As far as the tick knows it without further requests."""
    stage = Stage()
    app = app_with_classifier(stage)
    add(app.services.ledger, replace(document("old.txt", stage.now), due=stage.now + seconds(3600)))
    app.services.ledger.change(Pause, lambda before: replace(before, paused=True))
    services: Any = replace(app.services, events=Broken())  # type: ignore[arg-type]  # the twin of EventQueue
    add(app.services.ledger, document("gone.txt", stage.now).gone(stage.now))
    broken = Instance(stage, services)
    for _ in range(3):
        stage.wait(600)
        ticked(broken)
    found = {one["name"] for one in broken.ask("GET", "health").body["checks"] if one["status"] == "red"}
    assert {"oldest document", "outbox", "submission"} <= set(lines()[-1]["red"]) <= found
    assert set(lines()[-1]["red"]) <= CHECKS.keys()


class Broken:
    """A queue that takes nothing."""

    def send(self, _: list[str]) -> None:
        raise ValueError("secret")


class Away(CountingRows):
    """Storage that can be taken away."""

    away = False

    def get(self, key: str) -> Row | None:
        if self.away:
            raise StorageUnavailable("Nobody is there.")
        return super().get(key)

    def query_range(self, first: str, last: str, limit: int) -> list[Row]:
        if self.away:
            raise StorageUnavailable("Nobody is there.")
        return super().query_range(first, last, limit)


def test_without_storage_the_line_names_the_steps_that_failed(lines: Lines) -> None:
    stage = Stage()
    rows = Away(stage.rows)
    app = Instance(stage, replace(app_with_classifier(stage).services, ledger=Ledger(rows)))
    rows.away = True
    stage.wait(120)
    ticked(app)
    assert lines()[-1]["failedSteps"] == ["heartbeat", "collect", "follow", "submit", "drain", "sweep", "count"]
    assert (lines()[-1]["backlog"], lines()[-1]["oldestSeconds"]) == (None, None)


def test_requests_are_those_of_this_process_during_the_tick(lines: Lines) -> None:
    stage = Stage()
    numbers = iter([10, 100, 13, 107])
    sent = {"service": lambda: next(numbers), "table": lambda: next(numbers)}
    Instance(stage, replace(stage.instance().services, sent=sent)).tick()
    assert lines()[-1]["requests"] == {"service": 3, "table": 7}


IDLE = 4  # table requests


def test_the_line_costs_an_idle_tick_no_further_request() -> None:
    stage = Stage()
    rows = CountingRows(stage.rows)
    app = Instance(stage, replace(app_with_classifier(stage).services, ledger=Ledger(rows)))
    app.ticks(1)
    rows.counts.clear()
    app.ticks(1)
    assert rows.counts["requests"] == IDLE


@pytest.mark.parametrize("state", [DocumentState.WAITING, DocumentState.SUBMITTED])
def test_the_backlog_has_waiting_and_submitted_documents_up_to_a_limit(state: DocumentState) -> None:
    ledger = Ledger(Stage().rows)
    for number in range(5):
        one: Document = document(f"{number}.txt", NOW + seconds(number))
        add(ledger, one if state == "waiting" else one.submitted("job", NOW + seconds(number), NOW))
    assert (ledger.backlog(3).documents, ledger.backlog(9).documents, ledger.backlog(9).since) == (3, 5, NOW)


def test_a_step_that_fails_has_its_name_without_the_underscore(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def _strange(*_: Any) -> None:
        raise StorageUnavailable("Gone.")

    monkeypatch.setattr(tick_module, "STEPS", (_strange, *tick_module.STEPS))
    ticked(Stage().instance())
    assert lines()[-1]["failedSteps"] == ["strange"]
