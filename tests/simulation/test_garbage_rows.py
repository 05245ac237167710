"""Rows that a person or another version of the app wrote: each is passed over, or replaced, and none stops the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.domain.documents import Document
from shared.domain.operations import Operation
from shared.domain.routing import ActiveClassifier
from shared.operations import export
from shared.storage.row_keys import SINGLES, index_keys
from shared.storage.serialization import decode, encode
from shared.storage.tables import Delete, Insert, Row
from tests.support.full_day_script import SHIP, publish, put
from tests.support.in_memory_app import Stage
from tests.support.prepared_apps import app_with_classifier
from tests.support.values import NOW, add, document

GARBAGE = {
    "no body": {},
    "no JSON": {"body0": "half a ro"},
    "no object": {"body0": "[]"},
    "another type": {"body0": '{"taken": 5, "until": "soon", "calls": "many", "at": [], "began": 1, "paused": "no"}'},
    "a time without its zone": {"body0": '{"taken": "2026-01-01", "until": "2026-01-01", "at": "2026-01-01"}'},
    "a number": {"body0": 5},
}


def overwrite(stage: Stage, key: str, columns: Any) -> None:
    found = stage.rows.get(key)
    stage.rows.write_by_hand(Row(key, columns, found.version if found else "v"))


@pytest.mark.parametrize("columns", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("single", [name for name in SINGLES.values() if name != "single|chosen"])
def test_what_is_remembered_once_is_remembered_anew(single: str, columns: Any) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    overwrite(stage, single, columns)
    put("lone.txt", SHIP)(stage)
    app.land("lone.txt")
    for _ in range(4):
        stage.wait(10)
        app.tick()
    assert [one.state for one in stage.known()] == ["succeeded"]


def test_a_classifier_that_cannot_be_read_is_chosen_again() -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    overwrite(stage, "single|chosen", {"body0": "?"})
    put("lone.txt", SHIP)(stage)
    app.land("lone.txt")
    assert "no classifier" in str(app.ask("GET", "health").body)
    publish(app)
    stage.drain()
    assert app.services.ledger.read(ActiveClassifier).classifier


BROKEN = {
    "no JSON": lambda _: "half a ro",
    "no text": lambda raw: json.dumps({**raw, "name": None}),
    "no number": lambda raw: json.dumps({**raw, "size": "large"}),
    "no count": lambda raw: json.dumps({**raw, "attempts": "x"}),
    "no zone": lambda raw: json.dumps({**raw, "due": NOW.replace(tzinfo=None).isoformat()}),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_documents_that_cannot_be_read_keep_no_other_from_its_turn_and_health_tells_of_them(broken: Any) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    for number in range(120):  # more than any step takes at once
        one = document(f"{number}.txt")
        stage.rows.apply([Insert(Row(f"doc|{one.key}")), *(Insert(Row(key)) for key in index_keys(one))])
        stage.rows.write_by_hand(Row(f"doc|{one.key}", {"body0": broken(json.loads(encode(one)))}, "v"))
    put("lone.txt", SHIP)(stage)
    app.tick()
    app.land("lone.txt")
    for _ in range(4):
        stage.wait(10)
        app.tick()
    assert stage.documents.result("lone.txt")
    answer = app.ask("GET", "health")
    assert answer.status == 503
    [check] = [one for one in answer.body["checks"] if not one["ok"]]
    assert "doc|" in check["detail"]


def test_a_row_that_was_deleted_leaves_its_file_to_be_found_again() -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    put("lone.txt", SHIP)(stage)
    app.land("lone.txt")
    [key] = [row.key for row in stage.rows.query_range("doc|", "doc|~", 10)]
    stage.rows.apply([Delete(key)])
    assert app.ask("POST", "sweep").status == 202
    for _ in range(6):
        stage.wait(10)
        app.tick()
    assert stage.documents.result("lone.txt")


def test_a_row_whose_language_is_null_is_read_and_its_file_classified() -> None:
    """An empty entry of a blob's metadata was once kept as null."""
    stage = Stage()
    app = app_with_classifier(stage)
    put("lone.txt", SHIP)(stage)
    one = document("lone.txt", etag=stage.documents.page("", 10)[0][0].etag)
    add(app.services.ledger, one)
    body = json.dumps({**json.loads(encode(one)), "language": None})
    stage.rows.write_by_hand(Row(f"doc|{one.key}", {"body0": body}, "v"))
    stage.drain()
    assert stage.documents.result("lone.txt")


@pytest.mark.parametrize("name", ["size", "attempts", "name", "due", "language"])
@pytest.mark.parametrize("value", [None, True, [], {}, "2026-03-01T12:00:00"])
def test_a_field_of_another_type_is_no_value(name: str, value: Any) -> None:
    text = json.dumps({**json.loads(encode(document())), name: value})
    if isinstance(value, str) and name in ("name", "language"):
        assert decode(Document, text)
        return
    if value is None and name in ("attempts", "language"):
        assert getattr(decode(Document, text), name) == getattr(document(), name)
        return
    with pytest.raises((TypeError, ValueError)):
        decode(Document, text)


def test_a_job_that_cannot_be_settled_for_want_of_a_row_does_not_eat_up_the_quota() -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    put("lone.txt", SHIP)(stage)
    app.land("lone.txt")
    stage.rows.apply([Delete(row.key) for row in stage.rows.query_range("due|doc|", "due|doc|~", 10)])
    before = stage.language.polls.total()
    for _ in range(10):
        stage.wait(10)
        app.tick()
    assert 0 < stage.language.polls.total() - before <= 10


def test_an_export_that_an_earlier_version_of_the_app_began_is_finished(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its row has the position in the field for the service's id: blocks, documents, and the row before the next."""
    monkeypatch.setattr(export, "PAGE", 1)
    monkeypatch.setattr(export, "PAGES", 1)
    stage = Stage()
    app = app_with_classifier(stage)
    for name in ("a.txt", "b.txt", "c.txt"):
        put(name, SHIP)(stage)
        app.land(name)
    stage.drain()
    stage.wait(1)
    started = app.ask("POST", "documents/export").body
    stage.wait(2)
    app.tick()  # stages the first block
    running = app.services.ledger.find(Operation, started["key"])
    assert running is not None
    assert running.cursor is not None
    assert (running.cursor.blocks, running.service_id) == (1, "")
    place = f"{running.cursor.blocks}:{running.cursor.documents}:{running.cursor.after}"
    raw = {**json.loads(encode(running)), "service_id": place}
    del raw["cursor"]
    overwrite(stage, f"op|{running.key}", {"body0": json.dumps(raw)})
    stage.drain()
    ended = app.services.ledger.find(Operation, started["key"])
    assert ended is not None
    assert (ended.state, ended.result["documents"]) == ("succeeded", 3)
    written = app.ask("GET", f"operations/{started['key']}/content").body
    assert sorted(json.loads(line)["name"] for line in written.splitlines()) == ["a.txt", "b.txt", "c.txt"]
