"""Intake of a file that landed: claim it, and submit it if this instance gets the submit lease."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from shared.domain.singletons import SubmitLease
from shared.errors import VersionConflict
from shared.pipeline import tracing
from shared.pipeline.claim import claim
from shared.pipeline.submission import submit_waiting
from shared.services import Services
from shared.storage.snapshot import Singletons

log = logging.getLogger(__name__)

SLOT = timedelta(seconds=5)


def document_landed(name: str, services: Services, clock: Callable[[], datetime]) -> None:
    """Claim a file. The instance that gets the submit lease submits it, with all other waiting documents.

    Raises StorageUnavailable if the file could not be claimed. Errors after that are logged, and the tick submits it.
    """
    with tracing.span(services.settings, "landing"):
        _intake(name, services, clock)


def _intake(name: str, services: Services, clock: Callable[[], datetime]) -> None:
    now = clock()
    document = claim(services, name, now)
    if document is None or document.state.final:
        return
    log.info("Document %s landed: %s", document.key, name)
    try:
        if known := _won_slot(services, now):
            submit_waiting(services, clock, known=known)
    except Exception:  # the file is claimed: a retry of the event would do nothing
        log.exception("Document %s is claimed, and waits for the next tick.", document.key)


def _won_slot(services: Services, now: datetime) -> Singletons | None:
    """Take the submit lease. Returns the singletons that were read for it; None if another process has the lease.

    Reads the ledger only if this process has not seen the lease taken within SLOT.
    """
    if services.seen.slot and abs(now - services.seen.slot) < SLOT:
        return None
    known = services.ledger.singletons()
    slot = known.of(SubmitLease)
    services.seen.slot = slot.taken
    if slot.taken and abs(now - slot.taken) < SLOT:  # a later time was written by a wrong clock
        return None
    services.seen.slot = now
    try:
        services.ledger.write(SubmitLease(taken=now, version=slot.version))
    except VersionConflict:
        return None
    return known
