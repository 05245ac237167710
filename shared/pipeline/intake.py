"""Intake of a file that landed: claim it, and submit it if this instance gets the submit lease."""

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
    """Claim a file. The instance that gets the submit lease submits it, with all other waiting documents.

    Raises StorageUnavailable if the file could not be claimed. Errors after that are logged, and the tick submits it.
    """
    now = clock()
    document = claim(services, name, now)
    if document is None or document.state.final:
        return
    log.info("Document %s landed: %s", document.key, name)
    try:
        if _wins_slot(services, now):
            submit_waiting(services, clock)
    except Exception:  # the file is claimed: a retry of the event would do nothing
        log.exception("Document %s is claimed, and waits for the next tick.", document.key)


def _wins_slot(services: Services, now: datetime) -> bool:
    """Take the submit lease. Reads the ledger only if this process has not seen it taken within SLOT."""
    if services.seen.slot and abs(now - services.seen.slot) < SLOT:
        return False
    slot = services.ledger.read(SubmitLease)
    services.seen.slot = slot.taken
    if slot.taken and abs(now - slot.taken) < SLOT:  # a later time was written by a wrong clock
        return False
    services.seen.slot = now
    try:
        services.ledger.write(SubmitLease(taken=now, version=slot.version))
    except VersionConflict:
        return False
    return True
