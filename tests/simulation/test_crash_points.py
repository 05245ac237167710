"""Every crash point: the process ends before and after each call it makes outside, and a fresh one finishes."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.full_day_script import judge, play_day, sent_again
from tests.support.in_memory_app import Lifetime, Stage, one_thread


def lived(last: int = 0) -> tuple[Stage, Lifetime]:
    stage, life = Stage(), Lifetime(last)
    play_day(stage, stage.instance(life), again=stage.instance)
    return stage, life


def test_every_crash_point(record_property: Callable[[str, object], None]) -> None:
    with one_thread():
        stage, life = lived()
        judge(stage)
        assert not sent_again(stage)
        jobs = len(stage.language.names)
        for point in range(1, life.moments + 1):
            crashed, _ = lived(point)
            try:
                judge(crashed)
                sent_again(crashed)
                # One job is sent again, and what was sent in vain shares no job with what has just landed.
                assert len(crashed.language.names) <= jobs + 2
            except AssertionError as error:
                error.add_note(f"The process ended at moment {point} of {life.moments}.")
                raise
    record_property("crash points", life.moments)
