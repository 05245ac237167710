"""The decision in a result is that of the review, whatever two instances do at the same time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from shared.pipeline.collection import collect
from shared.pipeline.outbox import drain
from tests.support.full_day_script import put
from tests.support.in_memory_app import Instance, Stage, one_thread
from tests.support.prepared_apps import UNSURE, app_with_classifier


def classified_once() -> tuple[Stage, Instance, str]:
    """A classified document."""
    stage = Stage()
    app = app_with_classifier(stage)
    put("a.txt", UNSURE)(stage)
    app.land("a.txt")
    app.ticks(4)
    return stage, app, stage.only().key


def at_call(number: int, act: Callable[[], None]) -> tuple[list[int], Callable[[], None]]:
    """Counts calls, and acts at this one."""
    calls: list[int] = []

    def passing() -> None:
        calls.append(1)
        if len(calls) == number:
            act()

    return calls, passing


def test_a_decision_that_is_undone_and_drained_between_two_calls_of_a_drain_does_not_return() -> None:
    with one_thread():
        for number in range(1, 100):
            stage, app, key = classified_once()
            app.ask("PUT", f"reviews/{key}", {"classes": ["Cooking"]})

            def undo(stage: Stage = stage, app: Instance = app, key: str = key) -> None:
                assert app.ask("DELETE", f"reviews/{key}/decision").status == 200
                drain(app.services, stage.now, 100)

            calls, passing = at_call(number, undo)
            drain(stage.instance(passing).services, stage.now, 100)
            if len(calls) < number:
                return
            stage.instance().ticks(1)
            assert "reviewed" not in stage.documents.result("a.txt"), f"undone at call {number}"


def test_a_decision_from_a_clock_ahead_is_undone_by_a_later_request() -> None:
    stage, app, key = classified_once()
    stage.instance(ahead=timedelta(hours=1)).ask("PUT", f"reviews/{key}", {"classes": ["Cooking"]})
    app.ask("DELETE", f"reviews/{key}/decision")
    app.ticks(1)
    assert "reviewed" not in stage.documents.result("a.txt")


def test_a_result_that_a_slow_instance_writes_again_keeps_its_decision() -> None:
    with one_thread():
        for number in range(1, 100):
            stage, app, key = classified_once()
            app.ask("PUT", f"reviews/{key}", {"classes": ["Cooking"]})
            app.ticks(1)
            app.ask("POST", "documents/replay", {"keys": [key]})
            app.ticks(2)
            stage.wait(10)
            calls, passing = at_call(number, app.tick)
            collect(stage.instance(passing).services, stage.now, 40, stage.now)
            if len(calls) < number:
                return
            stage.instance().ticks(2)
            assert "reviewed" in stage.documents.result("a.txt"), f"another tick at call {number}"
