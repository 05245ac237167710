"""Health reports a sweep that never ends, which nothing else would show: what it would find is not known yet."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.domain.documents import Blob
from shared.errors import StorageUnavailable
from tests.fakes.documents import MemoryDocuments
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_submitted_file


class Unlisted(MemoryDocuments):
    """Storage that answers all but listings."""

    listed = True

    def page(self, marker: str, size: int, container: str = "") -> tuple[list[Blob], str]:
        if not self.listed:
            raise StorageUnavailable("No listing.")
        return super().page(marker, size, container)


def red(app: Instance) -> list[str]:
    return [check["name"] for check in app.ask("GET", "health").body["checks"] if not check["ok"]]


def ticked(stage: Stage, app: Instance, minutes: int) -> None:
    for _ in range(minutes):
        stage.wait(60)
        try:
            app.tick()
        except StorageUnavailable:
            continue


@pytest.mark.parametrize("first", [1, 2000])
def test_a_sweep_that_cannot_end_turns_health_red_and_one_that_can_green(first: int, monkeypatch: Any) -> None:
    monkeypatch.setattr("shared.pipeline.sweep.PAGE", 1)
    stage = Stage()
    stage.documents = files = Unlisted(clock=lambda: stage.now)
    app = app_with_submitted_file(stage)
    stage.drain()
    assert not red(app)
    put("silent.txt", SHIP)(stage)
    if first > 1:  # in the middle of one
        monkeypatch.setattr("shared.pipeline.sweep.PAGES", 1)
        ticked(stage, app, 6)
    files.listed = False
    ticked(stage, app, 15)
    assert not red(app)
    ticked(stage, app, first + 10)
    assert red(app) == ["sweep"]
    files.listed = True
    ticked(stage, app, 10)
    assert not red(app)


def test_a_sweep_that_never_succeeded_is_noticed() -> None:
    stage = Stage()
    stage.documents = files = Unlisted(clock=lambda: stage.now)
    files.listed = False
    app = stage.instance()
    ticked(stage, app, 15)
    assert not red(app)
    ticked(stage, app, 10)
    assert red(app) == ["sweep"]
    files.listed = True
    ticked(stage, app, 1)
    assert not red(app)


def test_health_stays_green_while_nothing_happens() -> None:
    stage = Stage()
    app = app_with_submitted_file(stage)
    for _ in range(300):
        stage.wait(60)
        app.tick()
        assert not red(app)
    stage.now += timedelta(minutes=6)
    assert red(app) == ["tick"]
