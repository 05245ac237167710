"""Story 1: a name changed. Look, claim, and submit if it is our turn."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.domain.singletons import SubmitLease
from shared.errors import VersionConflict
from shared.pipeline.claim import claim
from shared.pipeline.submission import submit_waiting
from shared.services import Services

log = logging.getLogger(__name__)

SLOT = timedelta(seconds=5)


def document_landed(name: str, services: Services, clock: Callable[[], datetime]) -> None:
    """A lone file goes to the service at once; in a burst, whoever wins the slot takes along what waits.

    Raises StorageUnavailable if the file could not be claimed. Once it is, nothing is raised: the tick carries on.
    """
    now = clock()
    document = claim(services, name, now)
    if document is None or document.state.final:
        return
    log.info("Document %s landed: %s", document.key, name)
    try:
        if _wins_slot(services, now):
            submit_waiting(services, clock)
    except Exception:  # whatever it is, the event was heeded: a retry of it would claim nothing
        log.exception("Document %s is claimed and waits for the next tick.", document.key)


def _wins_slot(services: Services, now: datetime) -> bool:
    """Storage is asked only if this process has not seen anybody take it within SLOT: in a burst nearly none asks."""
    if services.seen.slot and abs(now - services.seen.slot) < SLOT:
        return False
    slot = services.ledger.read(SubmitLease)
    services.seen.slot = slot.taken
    if slot.taken and abs(now - slot.taken) < SLOT:  # longer in the future: by a clock that went wrong
        return False
    services.seen.slot = now
    try:
        services.ledger.write(SubmitLease(taken=now, version=slot.version))
    except VersionConflict:
        return False
    return True
