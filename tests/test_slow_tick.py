"""A tick whose time is over while it submits begins no further job; what it left is the next one's."""

from __future__ import annotations

from scenario import publish, put
from stage import Stage

from shared import tick as story


def test_no_job_begins_when_the_time_of_a_tick_is_over() -> None:
    stage = Stage()
    app = stage.instance()
    publish(app)
    for number in range(10):  # each a job of its own
        put(f"{number}.txt", f"mast {number} " * 12_000)(stage)
    for _ in range(2):
        stage.wait(10)
        story.tick(app.services, stage.now, lambda: len(stage.language.begun) < 3)
    assert len(stage.language.begun) == 3
    stage.drain()
    assert {one.state for one in stage.known()} == {"succeeded"}
    assert set(stage.language.times_sent.values()) == {1}
