"""Story 2: a moment passed. Collect what jobs have come to, follow operations, submit what waits, sweep.

Polls come before submissions. Two ticks at once do no harm: every change is conditional on what was read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from shared.collection import collect
from shared.errors import Moved, TextdropError
from shared.operations import follow
from shared.services import Services
from shared.singles import Pulse
from shared.submission import submit_waiting
from shared.sweep import sweep

log = logging.getLogger(__name__)

JOBS = 40  # a round
DOCUMENTS = 100  # a round
OPERATIONS = 50
ROUNDS = 25

GoesOn = Callable[[], bool]


def tick(services: Services, now: datetime, goes_on: GoesOn = lambda: True) -> None:
    """One round. `goes_on` says whether there is time to begin something more.

    Trouble in one step does not keep the others from their turn; the first of it is raised at the end.
    """
    troubles = [trouble for step in STEPS if (trouble := _tried(step, services, now, goes_on))]
    if troubles:
        raise troubles[0]


def _tried(
    step: Callable[[Services, datetime, GoesOn], None], services: Services, now: datetime, goes_on: GoesOn
) -> Exception | None:
    try:
        step(services, now, goes_on)
    except TextdropError as trouble:
        log.warning("Not finished in this tick: %s", trouble)
        return trouble
    except Exception as trouble:  # nobody foresaw it: it must not keep the others from their turn at every tick
        log.exception("Not finished in this tick.")
        return trouble
    return None


def _pulse(services: Services, now: datetime, _: GoesOn) -> None:
    with suppress(Moved):  # another tick began at the same moment
        services.ledger.write(replace(services.ledger.read(Pulse), at=now))


def _collect(services: Services, now: datetime, goes_on: GoesOn) -> None:
    for _ in range(ROUNDS):
        if not goes_on() or not collect(services, now, JOBS):
            return


def _follow(services: Services, now: datetime, _: GoesOn) -> None:
    follow(services, now, OPERATIONS)


def _submit(services: Services, now: datetime, goes_on: GoesOn) -> None:
    for _ in range(ROUNDS):
        if not goes_on() or not submit_waiting(services, now, DOCUMENTS, goes_on):
            return


STEPS = (_pulse, _collect, _follow, _submit, sweep)
