"""The sweep: compare the container's listing with the ledger, and claim the files that no event told of.

A few pages a tick; where it stopped is remembered, so that it goes on after a crash. Files that were there before the
app are found the same way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from shared.claim import UNREAD, claim_blob
from shared.errors import Moved
from shared.model import Blob, Document, document_key
from shared.services import Services
from shared.singles import Sweep

log = logging.getLogger(__name__)

PAGE, PAGES = 500, 10  # files a page, pages a tick
CLAIMERS = 8


def sweep(services: Services, now: datetime, goes_on: Callable[[], bool]) -> None:
    """Take the sweep up to PAGES pages further, if it is time for one; the first to move it on does the work."""
    every = timedelta(minutes=services.settings.sweep_minutes)
    with suppress(Moved):  # another instance is at it
        for _ in range(PAGES):
            current = services.ledger.read(Sweep)
            if not current.is_due(every, now) or not goes_on():
                return
            _page(current.begun(now), services, now)


def ask(services: Services) -> Sweep:
    """Have the next tick begin a sweep of every file; gives what is known of sweeps then."""
    return services.ledger.change(Sweep, lambda before: replace(before, asked=True))


def _page(current: Sweep, services: Services, now: datetime) -> None:
    """Claims come before the position is written: a crash in between looks at the page once more."""
    blobs, marker = services.documents.page(current.marker, PAGE)
    found = _claimed([blob for blob in blobs if current.is_of_interest(blob.modified)], services, now)
    further = current.advanced(marker, found, now)
    services.ledger.write(further)
    if further.began is None:
        level = logging.INFO if further.found else logging.DEBUG  # one that found nothing is no news
        log.log(level, "The sweep is complete: %d files that no event had told of.", further.found)


def _claimed(blobs: list[Blob], services: Services, now: datetime) -> int:
    keys = {document_key(services.documents.container, blob.name, blob.etag): blob for blob in blobs}
    found = services.ledger.find_all(Document, list(keys))
    known = {document.key for document in found if document.state not in UNREAD}
    with ThreadPoolExecutor(CLAIMERS) as claimers:
        unknown = [blob for key, blob in keys.items() if key not in known]
        return sum(
            document is not None for document in claimers.map(lambda one: claim_blob(services, one, now), unknown)
        )
