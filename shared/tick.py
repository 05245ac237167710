"""The tick: STEPS, one after the other.

Polls come before submissions. Two ticks may run at once: every change is conditional on the version that was read. A
tick may take minutes, so each step reads the clock itself.
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
from shared.pipeline.outbox import drain
from shared.pipeline.settling import correct_clocks
from shared.pipeline.submission import submit_waiting
from shared.pipeline.sweep import sweep
from shared.services import Services

log = logging.getLogger(__name__)

JOBS = 40  # in a round
DOCUMENTS = 100  # in a round
OPERATIONS = 50  # in a tick
ENTRIES = 100  # of the outbox, in a round
ROUNDS = 25  # in a tick

Clock = Callable[[], datetime]
HasTime = Callable[[], bool]
Step = Callable[[Services, Clock, HasTime], None]


def tick(services: Services, clock: Clock, has_time: HasTime = lambda: True) -> None:
    """Run all steps once. `has_time` says whether there is time to start more work.

    A failing step does not block the others. The first error is raised at the end.
    """
    troubles = [trouble for step in STEPS if (trouble := _tried(step, services, clock, has_time))]
    if troubles:
        raise troubles[0].with_traceback(None) from None  # its traceback has been logged


def _tried(step: Step, services: Services, clock: Clock, has_time: HasTime) -> Exception | None:
    try:
        step(services, clock, has_time)
    except TextdropError as trouble:
        log.warning("Not finished in this tick: %s", trouble)
        return trouble
    except Exception as trouble:  # must not block the other steps in each tick
        log.exception("Not finished in this tick.")
        return trouble
    return None


def _heartbeat(services: Services, clock: Clock, _: HasTime) -> None:
    with suppress(VersionConflict):  # another tick began at the same moment
        services.ledger.write(replace(services.ledger.read(Heartbeat), at=clock()))


def _correct_clocks(services: Services, clock: Clock, _: HasTime) -> None:
    correct_clocks(services, clock())


def _collect(services: Services, clock: Clock, has_time: HasTime) -> None:
    started = clock()
    for _ in range(ROUNDS):
        if not has_time() or not collect(services, clock(), JOBS, started, has_time):
            return


def _follow(services: Services, clock: Clock, has_time: HasTime) -> None:
    follow(services, clock(), OPERATIONS, has_time)


def _submit(services: Services, clock: Clock, has_time: HasTime) -> None:
    started = clock()
    for _ in range(ROUNDS):
        if not has_time() or not submit_waiting(services, clock, DOCUMENTS, has_time, by=started):
            return


def _drain(services: Services, clock: Clock, has_time: HasTime) -> None:
    after = ""
    for _ in range(ROUNDS):
        after = drain(services, clock(), ENTRIES, after)
        if not after or not has_time():
            return


def _sweep(services: Services, clock: Clock, has_time: HasTime) -> None:
    sweep(services, clock(), has_time)


STEPS: tuple[Step, ...] = (_heartbeat, _correct_clocks, _collect, _follow, _submit, _drain, _sweep)
