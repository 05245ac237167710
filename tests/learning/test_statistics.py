"""Statistics say what the documents say, whatever happened on the way."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.documents import Document, DocumentState
from shared.language.types import ClassScore
from shared.learning.statistics import MAX_CLASSES, OTHERS, Source, Statistics, hour_of
from tests.support.full_day_script import DISH, SHIP, put
from tests.support.in_memory_app import Stage, one_thread
from tests.support.prepared_apps import app_with_classifier
from tests.support.values import CLASSIFIER, NOW, document

TEXTS = [SHIP, DISH, f"{SHIP} {DISH}", "no class", "unfit", "", "breaks"]


def total_of(stage: Stage) -> Statistics:
    total = Statistics(hour_of(NOW), Source())
    for value in stage.check().values():
        if isinstance(value, Statistics):
            total = total.plus(value)
    return total


def test_a_day_of_random_life_counts_what_the_documents_say() -> None:
    source = random.Random(7)
    stage = Stage()
    with one_thread():
        app = app_with_classifier(stage)
        for number in range(120):
            name = f"{source.randrange(80)}.txt"
            put(name, source.choice(TEXTS))(stage)
            app.land(name)
            stage.wait(source.choice([0, 5, 600]))
            if number % 3 == 0:
                app.tick()
            if number % 20 == 19:
                assert app.ask("POST", "documents/replay", {"state": "failed"}).status == 200
        stage.drain()
    documents = stage.known()
    total = total_of(stage)
    replays = sum(one.replays for one in documents)
    assert replays > 0
    assert sum(total.states.values()) == len(documents) + replays
    succeeded = [one for one in documents if one.state is DocumentState.SUCCEEDED]
    for state in (DocumentState.SUCCEEDED, DocumentState.SUPERSEDED, DocumentState.GONE):
        assert total.states.get(state, 0) == sum(one.state is state for one in documents)
    assert total.classes == Counter(score.category for one in succeeded for score in one.classes)
    assert total.without_class == sum(not one.classes for one in succeeded)
    assert sum(total.confidences) == sum(bool(one.classes) for one in succeeded)
    assert sum(total.reasons.values()) == total.states[DocumentState.FAILED]
    polls = {job: number for job, number in stage.language.polls.items() if job in stage.language.started}
    assert total.requests == len(stage.language.started) + sum(polls.values())


def test_the_answer_lists_hours_and_days_newest_first() -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    for hours in (0, 1, 30):
        stage.wait(hours * 3600)
        put(f"{hours}.txt", SHIP)(stage)
        app.land(f"{hours}.txt")
        for _ in range(3):
            stage.wait(10)
            app.tick()
    since = (stage.now - timedelta(days=3)).isoformat()
    answer = app.ask("GET", "statistics", query={"since": since})
    assert [one["documents"] for one in answer.body["value"]] == [1, 1, 1]
    starts = [one["start"] for one in answer.body["value"]]
    assert starts == sorted(starts, reverse=True)
    days = app.ask("GET", "statistics", query={"since": since, "by": "day"}).body["value"]
    assert [one["documents"] for one in days] == [1, 2]
    assert days[0]["project"] == "Movies"
    first = app.ask("GET", "statistics", query={"since": since, "top": "2"}).body
    assert [one["start"] for one in first["value"]] == starts[:2]
    rest = app.ask("GET", "statistics", query={"since": since, "top": "2", "continue": first["continue"]}).body
    assert [one["start"] for one in rest["value"]] == starts[2:]
    assert "continue" not in rest


@given(st.lists(st.floats(0.2, 100_000), min_size=1, max_size=60))
def test_percentiles_are_exact_to_a_tenth(seconds: list[float]) -> None:
    documents = [ended_after(one) for one in seconds]
    counted = Statistics.of(hour_of(NOW), Source(), documents)
    for share in (0.5, 0.95):
        exact = sorted(seconds)[max(0, -(-int(share * 100) * len(seconds) // 100) - 1)]
        assert counted.percentile(share) == pytest.approx(exact, rel=0.1)


def ended_after(seconds: float) -> Document:
    landed = document(now=NOW)
    return landed.succeeded((ClassScore("Drama", 0.9),), CLASSIFIER, NOW + timedelta(seconds=seconds))


def test_an_answer_with_endless_class_names_makes_no_endless_row() -> None:
    scores = tuple(ClassScore(f"class {number}", 0.5) for number in range(MAX_CLASSES + 500))
    counted = Statistics.of(hour_of(NOW), Source(), [document().succeeded(scores, CLASSIFIER, NOW)])
    assert len(counted.classes) == MAX_CLASSES
    assert counted.classes[OTHERS] == 501


def test_text_records_are_those_of_all_submissions() -> None:
    once = document().submitted("job", NOW, NOW, 1001).succeeded((), CLASSIFIER, NOW)
    assert Statistics.of(NOW, Source(), [once]).records == 2


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01", "9999-12-31"]
)
@pytest.mark.parametrize("path", ["statistics", "quality"])
@pytest.mark.parametrize("name", ["since", "until"])
def test_no_range_is_too_long(moment: str, path: str, name: str) -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    query = {name: moment}
    assert app.ask("GET", path, query=query).status == (400 if (path, name) == ("quality", "until") else 200)
