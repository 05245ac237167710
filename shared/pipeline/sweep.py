"""The sweep: compare the container's listing with the ledger, and claim the files that no event told of.

A few pages a tick; where it stopped is remembered, so that it goes on after a crash. Files that were there before the
app are found the same way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from shared.domain.documents import Blob, Document
from shared.domain.keys import document_key
from shared.domain.singletons import Sweep
from shared.errors import VersionConflict
from shared.pipeline.claim import UNREAD, claim_blob
from shared.pipeline.isolation import each
from shared.pipeline.settling import rescue
from shared.services import Services

log = logging.getLogger(__name__)

PAGE, PAGES = 500, 10  # files a page, pages a tick
TRIES = 3  # to claim a file, in one sweep


def sweep(services: Services, now: datetime, has_time: Callable[[], bool]) -> None:
    """Take the sweep up to PAGES pages further, if it is time for one; the first to move it on does the work."""
    every = timedelta(minutes=services.settings.sweep_minutes)
    with suppress(VersionConflict):  # another instance is at it
        for _ in range(PAGES):
            current = services.ledger.read(Sweep)
            if not current.is_due(every, now) or not has_time():
                return
            if current.began is None:  # written first, so that one that never comes to its first page is noticed
                begun = current.started(now)
                [current] = services.ledger.commit((current if current.version else None, begun))
            _page(current, services, now)


def ask(services: Services) -> Sweep:
    """Have the next tick begin a sweep of every file; gives what is known of sweeps then."""
    return services.ledger.change(Sweep, lambda before: replace(before, asked=True))


def _page(current: Sweep, services: Services, now: datetime) -> None:
    """Claims come before the position is written: a crash in between looks at the page once more."""
    blobs, marker = services.documents.page(current.marker, PAGE)
    wanted = [blob for blob in blobs if current.is_of_interest(blob.modified)]
    open_documents, unknown = _known(wanted, services)
    if current.whole:
        each(lambda one: rescue(services, one, now), open_documents, _leave)
    found, unclaimed = _claimed(unknown, services, now)
    further = current.advanced(marker, found, now, [blob.name for blob in unclaimed])
    services.ledger.write(further)
    if further.began is None:
        level = logging.INFO if further.found else logging.DEBUG  # one that found nothing is no news
        log.log(level, "The sweep is complete: %d files that no event had told of.", further.found)


def _known(blobs: list[Blob], services: Services) -> tuple[list[Document], list[Blob]]:
    """Of these versions of files: the documents that are open, and those that are to be claimed."""
    keys = {document_key(services.documents.container, blob.name, blob.etag): blob for blob in blobs}
    found = services.ledger.find_all(Document, list(keys))
    known = {document.key for document in found if document.state not in UNREAD}
    open_documents = [document for document in found if not document.state.final]
    return open_documents, [blob for key, blob in keys.items() if key not in known]


def _claimed(blobs: list[Blob], services: Services, now: datetime) -> tuple[int, list[Blob]]:
    """How many were new, and those that could not be claimed, each tried TRIES times."""
    found, left = 0, list(blobs)
    for _ in range(TRIES):
        trying, left = left, []
        claims = each(lambda blob: claim_blob(services, blob, now), trying, lambda blob, _: left.append(blob))  # noqa: B023 - run at once
        found += sum(document is not None for document in claims)
        if not left:
            break
    return found, left


def _leave(document: Document, _: Exception) -> None:
    """The next whole sweep looks after it again."""
    log.warning("Document %s could not be looked after.", document.key)
