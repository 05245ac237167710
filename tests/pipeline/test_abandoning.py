"""An operation is abandoned also if a tick writes its progress meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from operator import eq
from typing import Any

from shared.domain.operations import Operation
from shared.language.types import Progress, State
from shared.storage.ledger import Ledger
from tests.support import values
from tests.support.in_memory_app import Stage
from tests.support.values import NOW

LATER = NOW + timedelta(seconds=10)


@dataclass
class Tick:
    """Writes the progress of the operation of this key at the moments that `now` chooses, counted from 1."""

    stage: Stage
    key: str
    now: Callable[[int], bool]
    moments: int = 0
    percent: int = 0

    def __call__(self) -> None:
        self.moments += 1
        ledger = Ledger(self.stage.rows)
        found = ledger.find(Operation, self.key)
        if self.now(self.moments) and found and not found.state.final:
            self.percent += 1
            ledger.commit((found, found.progressed(Progress(State.RUNNING, percent=self.percent), LATER, NOW)))


def abandoned(now: Callable[[int], bool]) -> tuple[int, Any, Operation | None, Tick]:
    """Status and body of the answer, the stored operation, and the tick that wrote meanwhile."""
    stage = Stage()
    [operation] = Ledger(stage.rows).commit((None, values.operation().running("7", LATER, NOW)))
    tick = Tick(stage, operation.key, now)
    answer = stage.instance(passing=tick).ask_unchecked("POST", f"operations/{operation.key}/abandon")
    return answer.status, answer.body, Ledger(stage.rows).find(Operation, operation.key), tick


def test_it_is_abandoned_at_whatever_moment_a_tick_writes_its_progress() -> None:
    *_, undisturbed = abandoned(lambda _: False)
    assert undisturbed.moments > 1
    for moment in range(1, undisturbed.moments):
        status, _, stored, tick = abandoned(partial(eq, moment))
        assert (status, stored and stored.detail) == (200, "It was abandoned on request.")
        assert tick.percent == 1


def test_one_whose_progress_is_written_each_time_is_told_of_as_a_conflict() -> None:
    status, body, stored, tick = abandoned(lambda _: True)
    assert (status, body["error"]["code"]) == (409, "VersionConflict")
    assert stored
    assert (stored.state.final, stored.percent) == (False, tick.percent)
