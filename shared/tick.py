"""Story 2: a moment passed. Collect what jobs have come to, submit what waits, follow operations.

Two ticks at once do no harm: every change is conditional on what was read.
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

log = logging.getLogger(__name__)

JOBS = 200
DOCUMENTS, TURNS = 100, 5
OPERATIONS = 50


def tick(services: Services, now: datetime) -> None:
    """One round. Trouble in one step does not keep the others from their turn; storage's is raised at the end."""
    troubles = [trouble for step in STEPS if (trouble := _tried(step, services, now))]
    if troubles:
        raise troubles[0]


def _tried(step: Callable[[Services, datetime], object], services: Services, now: datetime) -> TextdropError | None:
    try:
        step(services, now)
    except TextdropError as trouble:
        log.warning("Not finished in this tick: %s", trouble)
        return trouble
    return None


def _pulse(services: Services, now: datetime) -> None:
    with suppress(Moved):  # another tick began at the same moment
        services.ledger.write(replace(services.ledger.read(Pulse), at=now))


def _collect(services: Services, now: datetime) -> None:
    collect(services, now, JOBS)


def _submit(services: Services, now: datetime) -> None:
    for _ in range(TURNS):
        if not submit_waiting(services, now, DOCUMENTS):
            return


def _follow(services: Services, now: datetime) -> None:
    follow(services, now, OPERATIONS)


STEPS = (_pulse, _collect, _follow, _submit)
