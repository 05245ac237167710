"""Story 2: a moment passed. Collect what jobs have come to, follow operations, submit what waits, sweep.

Polls come before submissions. Two ticks at once do no harm: every change is conditional on what was read. A tick may
take minutes, so each of its steps asks the clock for its own moment: what another tick sees is never older than a step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from shared.domain.singletons import Heartbeat
from shared.errors import TextdropError, VersionConflict
from shared.operations.runner import follow
from shared.pipeline.collection import collect
from shared.pipeline.settling import correct_clocks
from shared.pipeline.submission import submit_waiting
from shared.pipeline.sweep import sweep
from shared.services import Services

log = logging.getLogger(__name__)

JOBS = 40  # a round
DOCUMENTS = 100  # a round
OPERATIONS = 50
ROUNDS = 25

Clock = Callable[[], datetime]
GoesOn = Callable[[], bool]
Step = Callable[[Services, Clock, GoesOn], None]


def tick(services: Services, clock: Clock, has_time: GoesOn = lambda: True) -> None:
    """One round. `has_time` says whether there is time to begin something more.

    Trouble in one step does not keep the others from their turn; the first of it is raised at the end.
    """
    troubles = [trouble for step in STEPS if (trouble := _tried(step, services, clock, has_time))]
    if troubles:
        raise troubles[0].with_traceback(None) from None  # where it came from, if nobody foresaw it, has been logged


def _tried(step: Step, services: Services, clock: Clock, has_time: GoesOn) -> Exception | None:
    try:
        step(services, clock, has_time)
    except TextdropError as trouble:
        log.warning("Not finished in this tick: %s", trouble)
        return trouble
    except Exception as trouble:  # nobody foresaw it: it must not keep the others from their turn at every tick
        log.exception("Not finished in this tick.")
        return trouble
    return None


def _pulse(services: Services, clock: Clock, _: GoesOn) -> None:
    with suppress(VersionConflict):  # another tick began at the same moment
        services.ledger.write(replace(services.ledger.read(Heartbeat), at=clock()))


def _correct_clocks(services: Services, clock: Clock, _: GoesOn) -> None:
    correct_clocks(services, clock())


def _collect(services: Services, clock: Clock, has_time: GoesOn) -> None:
    begun = clock()
    for _ in range(ROUNDS):
        if not has_time() or not collect(services, clock(), JOBS, by=begun):
            return


def _follow(services: Services, clock: Clock, _: GoesOn) -> None:
    follow(services, clock(), OPERATIONS)


def _submit(services: Services, clock: Clock, has_time: GoesOn) -> None:
    begun = clock()
    for _ in range(ROUNDS):
        if not has_time() or not submit_waiting(services, clock, DOCUMENTS, has_time, by=begun):
            return


def _sweep(services: Services, clock: Clock, has_time: GoesOn) -> None:
    sweep(services, clock(), has_time)


STEPS: tuple[Step, ...] = (_pulse, _correct_clocks, _collect, _follow, _submit, _sweep)
