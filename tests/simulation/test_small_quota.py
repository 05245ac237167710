"""A small quota, as in the quickstart's days: everything takes longer, and nothing waits for ever."""

from __future__ import annotations

import pytest

from shared.domain.routing import ActiveClassifier
from shared.domain.text import REQUEST_TEXT
from tests.support.in_memory_app import Stage, one_thread
from tests.support.values import CLASSIFIER


def stage_with_quota(quota: int) -> Stage:
    stage = Stage(quota=quota)
    stage.instance().services.ledger.write(ActiveClassifier(CLASSIFIER, stage.now))
    return stage


@pytest.mark.parametrize("quota", [1, 2, 20, 1000])
@pytest.mark.parametrize("parts", [1, 2, 4, 10])
def test_a_text_of_many_parts_is_sent_whatever_the_quota(quota: int, parts: int) -> None:
    with one_thread():
        stage = stage_with_quota(quota)
        stage.documents.put("long.txt", b"onion " * (parts * REQUEST_TEXT // 6))
        stage.instance().land("long.txt")
        stage.drain()
    assert len(stage.language.started) == parts
    assert [one["category"] for one in stage.documents.result("long.txt")["classes"]] == ["Cooking"]


def test_one_of_many_parts_stands_in_line_and_holds_up_none_for_long() -> None:
    with one_thread():
        stage = stage_with_quota(quota=20)
        for number in range(300):
            stage.documents.put(f"{number:03}.txt", b"onion")
        stage.documents.put("150long.txt", b"onion " * (4 * REQUEST_TEXT // 6))
        app, ticks = stage.instance(), 0
        while not stage.is_drained():
            stage.wait(10)
            app.tick()
            ticks += 1
    jobs = len(stage.language.names)
    assert jobs <= 300 / 25 + 6
    assert all(times == 1 for times in stage.language.times_sent.values())
    calls = (1 + 2) * (jobs - 1 + 4)  # a submission and two looks for each request
    assert ticks <= 6 * (calls / (0.95 * 20) + 2)
