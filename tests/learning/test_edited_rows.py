"""Rows that people edited or deleted: they concern themselves only, and health names them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.storage.snapshot import UNREAD
from shared.storage.tables import Delete, Row
from shared.tick import STEPS
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier, classify_files

EXTREME = "0001-01-01T00:00:00+05:00"


def edit(stage: Stage, prefix: str, change: Callable[[dict[str, Any]], None]) -> None:
    for row in stage.rows.query_range(prefix, prefix + "~", 100):
        value = json.loads(row.columns["body0"])
        change(value)
        stage.rows.write_by_hand(Row(row.key, {**row.columns, "body0": json.dumps(value)}, row.version))


def setting(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda value: value.update(fields)


def setting_documents(**fields: Any) -> Callable[[dict[str, Any]], None]:
    def change(value: dict[str, Any]) -> None:
        for document in value["documents"]:
            document.update(fields)

    return change


def left(stage: Stage) -> int:
    return len(stage.rows.query_range("outbox|", "outbox|~", 100))


def without_drain(stage: Stage, app: Instance) -> None:
    """Ends a document whose entry stays in the outbox."""
    put("a.txt", SHIP)(stage)
    app.land("a.txt")
    for _ in range(3):
        stage.wait(10)
        for step in STEPS:
            if step.__name__ != "_drain":
                step(app.services, app.clock, lambda: True, UNREAD)
    assert left(stage)


@pytest.mark.parametrize(
    "fields",
    [
        {"start": "2026-03-01T12:30:00+00:00"},
        {"start": EXTREME},
        {"source": {"project": "Other"}},
        {"confidences": [1] * 9},
        {"durations": {"abc": 1}},
        {"durations": {"99999": 1}},
    ],
    ids=str,
)
def test_statistics_that_cannot_be_added_to_are_begun_again(fields: dict[str, Any]) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    classify_files(app, "a.txt")
    edit(stage, "stats|", setting(**fields))
    assert app.ask("GET", "statistics").status == 200
    classify_files(app, "b.txt")
    assert left(stage) == 0
    assert app.ask("GET", "statistics").status == 200


@pytest.mark.parametrize(
    "change",
    [
        setting(at="2020-01-01T00:00:00+00:00"),
        setting(key="other"),
        setting_documents(ended=EXTREME),
        setting_documents(ended="9999-12-31T23:59:59-05:00"),
    ],
)
def test_an_edited_entry_does_not_stop_the_others(change: Callable[[dict[str, Any]], None]) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    without_drain(stage, app)
    edit(stage, "outbox|", change)
    classify_files(app, "b.txt")
    assert left(stage) == 1
    assert sum(sum(one["states"].values()) for one in app.ask("GET", "statistics").body["value"]) == 1
    assert "outbox|" in json.dumps(app.ask("GET", "health").body)


@pytest.mark.parametrize("confidence", [1e308, -1e308, -5.0])
def test_a_confidence_beyond_its_range_is_counted_in_the_last_bin_of_that_side(confidence: float) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    without_drain(stage, app)
    edit(stage, "outbox|", setting_documents(classes=[{"category": "Sailing", "confidence": confidence}]))
    stage.wait(10)
    app.tick()
    [one] = [one for one in app.ask("GET", "statistics").body["value"] if one["documents"]]
    assert one["confidences"][0 if confidence < 0 else -1] == 1


@pytest.mark.parametrize("unreadable", [True, False])
def test_a_review_whose_row_is_unusable_keeps_its_own_entry_only_and_health_names_the_file(*, unreadable: bool) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    classify_files(app, "a.txt")
    [document] = stage.known()
    app.ask("POST", f"documents/{document.key}/review")
    [review] = stage.rows.query_range("review|", "review|~", 10)
    if unreadable:
        stage.rows.write_by_hand(Row(review.key, {"body0": "{"}, "v0"))
    else:  # its index row remains
        stage.rows.apply([Delete(review.key)])
        stage.rows.write_by_hand(Row(f"due|review|1-0.250000|{document.key}", {}, "v0"))
    app.ask("POST", "documents/replay", {"keys": [document.key]})
    stage.language.read_as = {document.key: "the mast alone"}
    app.ticks(4)
    classify_files(app, "b.txt")
    assert left(stage) == 1
    assert sum(one["documents"] for one in app.ask("GET", "statistics").body["value"]) == 2
    stage.wait(600)
    assert "a.txt" in json.dumps(app.ask("GET", "health").body)
