"""Two instances over the same storage: between any two calls of one, the other does all that it can do."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.full_day_script import CLASSES, FAILED, judge, play_day, sent_again
from tests.support.in_memory_app import Instance, Stage, one_thread

Turn = Callable[[Instance], None]
NEVER, EVERY = -1, 0


class Meanwhile:
    """Before one of the calls of the first instance (or before EVERY one) it is the other's turn."""

    def __init__(self, stage: Stage, turn: Turn, call: int) -> None:
        self._moments = 0
        self._other = stage.instance()
        self._turn = turn
        self._call = call

    def __call__(self) -> None:
        self._moments += 1
        if self._moments % 2 and self._call in (EVERY, self.calls):
            self._turn(self._other)

    @property
    def calls(self) -> int:
        return (self._moments + 1) // 2


def everything(other: Instance) -> None:
    """A whole tick, and every event once more."""
    other.tick()
    for name in (*CLASSES, *FAILED, "short.txt", "deleted.txt"):
        other.land(name)


def minutes_later(other: Instance) -> None:
    """The first pauses in the middle of a step, and resumes minutes after the other has counted it as dead."""
    other.stage.wait(150)
    other.tick()


def lived(turn: Turn, call: int) -> tuple[Stage, int]:
    stage = Stage()
    meanwhile = Meanwhile(stage, turn, call)
    play_day(stage, stage.instance(meanwhile), again=stage.instance)
    judge(stage)
    return stage, meanwhile.calls


def lived_in_turn(turn: Turn) -> list[Stage]:
    """One life for each call before which the other may have its turn; the first has it before every one."""
    _, calls = lived(turn, NEVER)
    found = []
    for call in range(calls + 1):
        try:
            found.append(lived(turn, call)[0])
        except BaseException as error:
            error.add_note(f"The other's turn came before call {call} of {calls}.")
            raise
    return found


def test_side_by_side_nothing_is_sent_twice(record_property: Callable[[str, object], None]) -> None:
    with one_thread():
        lives = lived_in_turn(everything)
    assert not any(sent_again(stage) for stage in lives)
    record_property("turns of a second instance", len(lives))


def test_held_up_for_minutes_at_most_one_job_is_sent_twice(record_property: Callable[[str, object], None]) -> None:
    with one_thread():
        often, *lives = lived_in_turn(minutes_later)
    del often  # held up before its every call, it repeats every job
    assert set().union(*(sent_again(stage) for stage in lives))
    record_property("turns of a second instance, minutes later", len(lives))
