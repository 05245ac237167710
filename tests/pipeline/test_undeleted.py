"""A file deleted before it was read, and undeleted: the same version is there again, and gets its result."""

from __future__ import annotations

import pytest

from shared.domain.documents import DocumentState
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_submitted_file


def undeleted(stage: Stage) -> Instance:
    """It was gone when its turn came."""
    app = app_with_submitted_file(stage)
    put("back.txt", SHIP)(stage)
    app.land("back.txt")
    stage.documents.delete("back.txt")
    for _ in range(2):
        stage.wait(10)
        app.tick()
    assert states(stage) == {"lone.txt": "succeeded", "back.txt": "gone"}
    stage.documents.undelete("back.txt")
    return app


def states(stage: Stage) -> dict[str, str]:
    return {one.name: one.state for one in stage.known()}


@pytest.mark.parametrize("told", [True, False], ids=["an event reports it", "the sweep finds it"])
def test_an_undeleted_file_gets_its_result(told: bool) -> None:
    stage = Stage()
    app = undeleted(stage)
    if told:
        app.land("back.txt")
    else:
        assert app.ask("POST", "sweep").status == 202
    for _ in range(4):
        stage.wait(10)
        app.tick()
    assert states(stage) == {"lone.txt": "succeeded", "back.txt": "succeeded"}
    assert stage.documents.result("back.txt")


def test_a_version_that_was_read_is_not_read_again_because_an_event_comes_twice() -> None:
    stage = Stage()
    app = app_with_submitted_file(stage)
    stage.drain()
    for _ in range(3):
        app.land("lone.txt")
    assert [one.state for one in stage.known()] == [DocumentState.SUCCEEDED]
    assert set(stage.language.times_sent.values()) == {1}
