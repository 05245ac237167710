"""Health reports what keeps statistics, reviews and events, which a file's own result would not show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.singletons import OutboxError
from shared.errors import StorageUnavailable
from shared.learning.reviews import Review, ReviewReason
from shared.storage.tables import Row
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier
from tests.support.values import CLASSIFIER, NOW, add, document


class Queue:
    """Raises its error, until it has none."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def send(self, _: list[str]) -> None:
        if self.error:
            raise self.error


def check(app: Instance, name: str) -> Any:
    [found] = [one for one in app.ask("GET", "health").body["checks"] if one["name"] == name]
    return found


def ticked(stage: Stage, app: Instance, times: int, seconds: float = 10) -> None:
    for _ in range(times):
        stage.wait(seconds)
        try:
            app.tick()
        except StorageUnavailable:
            continue


@pytest.mark.parametrize("error", [StorageUnavailable("The queue is not available."), ValueError("secret")])
def test_an_entry_that_an_error_keeps_waits_and_is_red_after_five_minutes(error: Exception) -> None:
    stage = Stage()
    app, queue = app_with_classifier(stage), Queue(error)
    services: Any = replace(app.services, events=queue)  # type: ignore[arg-type]  # the twin of EventQueue
    app = Instance(stage, services)
    put("lone.txt", SHIP)(stage)
    app.land("lone.txt")
    ticked(stage, app, 4)
    said = "The queue is not available." if isinstance(error, StorageUnavailable) else "an unexpected ValueError"
    waiting = check(app, "outbox")
    assert (waiting["status"], said in waiting["detail"], "secret" in waiting["detail"]) == ("waiting", True, False)
    ticked(stage, app, 5, 60)
    red = check(app, "outbox")
    assert (red["status"], said in red["detail"]) == ("red", True)
    queue.error = None
    ticked(stage, app, 1)
    assert check(app, "outbox")["status"] == "ok"


def test_an_entry_that_no_tick_took_is_red_without_an_error() -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    add(app.services.ledger, document("gone.txt", stage.now).gone(stage.now))
    assert check(app, "outbox")["status"] == "ok"
    stage.wait(301)
    found = check(app, "outbox")
    assert (found["status"], "no tick has taken" in found["detail"]) == ("red", True)


def test_a_drained_outbox_writes_no_error() -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    put("lone.txt", SHIP)(stage)
    app.land("lone.txt")
    stage.drain()
    assert app.services.ledger.read(OutboxError) == OutboxError()


@pytest.mark.parametrize("start", ["outbox|", "stats|", "review|"])
def test_rows_of_learning_that_cannot_be_read_are_named(start: str) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    put("lone.txt", SHIP)(stage)
    app.land("lone.txt")
    stage.drain()
    add(app.services.ledger, Review.of(stage.only(), CLASSIFIER, ReviewReason.CONTESTED, NOW))
    assert check(app, "rows")["ok"]
    keys = [row.key for row in stage.rows.query_range(start, start + "~", 10)] or [f"{start}20260101T000000.000|x"]
    found = stage.rows.get(keys[0])
    stage.rows.write_by_hand(Row(keys[0], {"body0": "half a ro"}, found.version if found else "v"))
    named = check(app, "rows")
    assert not named["ok"]
    assert keys[0] in named["detail"]
    assert "sweep" not in named["detail"]  # which would not bring it back
