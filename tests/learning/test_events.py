"""Completion events: their form, their order with what is counted, and what becomes of them without a queue."""

from __future__ import annotations

import base64
import json

import pytest
from azure.storage.queue import QueueClient

from local.stack.azurite import Azurite
from shared.errors import StorageUnavailable
from shared.language.types import ClassScore
from shared.learning import events
from shared.learning.outbox import OutboxEntry
from shared.learning.reviews import Decision, Review, ReviewReason
from shared.learning.statistics import Statistics
from shared.storage.queues import EventQueue
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Stage
from tests.support.prepared_apps import app_with_classifier, classify_files
from tests.support.values import CLASSIFIER, NOW, document


def test_each_document_that_ends_sends_one_event() -> None:
    stage = Stage()
    app, queue = app_with_classifier(stage), stage.events
    classify_files(app, "a.txt", "empty.txt")
    [known] = [one for one in stage.known() if one.name == "a.txt"]
    [event] = [one for one in queue.events if one["subject"] == "a.txt"]
    assert (event["specversion"], event["type"]) == ("1.0", "textdrop.document.succeeded")
    assert event["id"] == f"{known.key}-0"
    shown = app.ask("GET", f"documents/{known.key}").body
    assert event["data"] == {**shown, "timeline": []}


def test_a_decision_sends_an_event() -> None:
    stage = Stage()
    app, queue = app_with_classifier(stage), stage.events
    classify_files(app, "a.txt")
    key = stage.known()[0].key
    app.ask("POST", f"documents/{key}/review")
    app.ask("PUT", f"reviews/{key}", {"classes": ["Cooking"], "reviewer": "Ada"})
    stage.wait(10)
    app.tick()
    event = queue.events[-1]
    assert (event["type"], event["data"]["decision"]["classes"]) == ("textdrop.document.reviewed", ["Cooking"])


@pytest.mark.parametrize("takes", [0, 1])
def test_without_the_queue_nothing_is_counted_and_nothing_is_lost(takes: int) -> None:
    stage = Stage()
    app, queue = app_with_classifier(stage), stage.events
    queue.takes = takes
    put("a.txt", SHIP)(stage)
    put("b.txt", "unfit")(stage)
    app.land("a.txt")
    app.land("b.txt")
    for _ in range(4):
        stage.wait(10)
        try:
            app.tick()
        except StorageUnavailable:
            continue
    assert any(isinstance(value, OutboxEntry) for value in stage.check().values())
    queue.takes = 10**9
    stage.wait(10)
    app.tick()
    assert {one["subject"] for one in queue.events} == {"a.txt", "b.txt"}
    assert len(queue.ids) == 2
    assert not any(isinstance(value, OutboxEntry) for value in stage.check().values())
    assert sum(sum(one.states.values()) for one in stage.check().values() if isinstance(one, Statistics)) == 2


@pytest.mark.parametrize(("name", "kept"), [("x" * 50, 100), ("\N{GRINNING FACE}" * 300, 10), ("x" * 10_000, 0)])
def test_an_event_of_a_thousand_classes_fits_a_message(name: str, kept: int) -> None:
    scores = tuple(ClassScore(f"{number} {name}", 0.5) for number in range(1000))
    event = events.ended(document().succeeded(scores, CLASSIFIER, NOW), "documents")
    assert len(base64.b64encode(event.encode())) <= 64 * 2**10
    data = json.loads(event)["data"]
    assert (data["classesInAll"], len(data["classes"])) == (1000, kept)


@pytest.mark.parametrize("name", ["Drama", "x" * 10_000])
def test_an_event_of_a_decision_fits_a_message(name: str) -> None:
    scores = tuple(ClassScore(f"{number} {name}", 0.5) for number in range(10))
    classified = document().succeeded(scores, CLASSIFIER, NOW)
    open_review = Review.of(classified, CLASSIFIER, ReviewReason.CONTESTED, NOW)
    event = events.reviewed(open_review.decided(Decision(("Drama",), "Ada", "\x01" * 10_000, NOW)), "documents")
    assert len(base64.b64encode(event.encode())) <= 64 * 2**10
    assert json.loads(event)["data"]["decision"]["classes"] == ["Drama"]


def test_the_queue_has_each_event_in_base64_as_queue_triggers_expect_it(azurite: Azurite, container: str) -> None:
    client = QueueClient.from_connection_string(azurite.connection_string, container)
    EventQueue(client).send(['{"id": "é"}', '{"id": "2"}'])
    EventQueue(QueueClient.from_connection_string(azurite.connection_string, container)).send(['{"id": "3"}'])
    messages = [base64.b64decode(message.content).decode() for message in client.receive_messages(max_messages=10)]
    assert sorted(messages) == ['{"id": "2"}', '{"id": "3"}', '{"id": "é"}']


def test_a_queue_that_does_not_answer_is_storage_trouble() -> None:
    address = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:1/a;"
    client = QueueClient.from_connection_string(address, "events", retry_total=0)
    with pytest.raises(StorageUnavailable, match="Queue storage"):
        EventQueue(client).send(["{}"])
