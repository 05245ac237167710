"""The sweep: compares the container's listing with the ledger, and claims the files without an event.

It reads up to PAGES pages in a tick, and stores its position, so that it resumes after a crash. It also claims files
that are older than the app.
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
from shared.storage.snapshot import Singletons

log = logging.getLogger(__name__)

PAGE, PAGES = 500, 10  # files in a page, pages in a tick
TRIES = 3  # to claim a file in one sweep
IN_PROGRESS = timedelta(minutes=1)  # an open document with a younger event needs no repair


def sweep(services: Services, now: datetime, has_time: Callable[[], bool], known: Singletons | None = None) -> Sweep:
    """Process up to PAGES pages if a sweep is due. Only one instance does at a time. Returns its state after that.

    `known`: the singletons, if they were just read.
    """
    every = timedelta(minutes=services.settings.sweep_minutes)
    current = services.ledger.read(Sweep, known)
    with suppress(VersionConflict):  # another instance has written its position
        for _ in range(PAGES):
            if not current.is_due(every, now) or not has_time():
                break
            if current.began is None:  # stored first, so that health reports a sweep that never completes a page
                current = services.ledger.write(current.started(now))
            current = _page(current, services, now)
    return current


def ask(services: Services) -> Sweep:
    """Request a sweep of every file by the next tick. Returns the stored state of sweeps."""
    return services.ledger.change(Sweep, lambda before: replace(before, asked=True))


def _page(current: Sweep, services: Services, now: datetime) -> Sweep:
    """Process one page. Returns the state of the sweep after it.

    Files are claimed before the position is stored: after a crash in between, the page is repeated.
    """
    blobs, marker = services.documents.page(current.marker, PAGE)
    wanted = [blob for blob in blobs if current.is_of_interest(blob.modified)]
    open_documents, unknown = _known(wanted, services)
    if current.whole:
        idle = [document for document in open_documents if abs(now - document.timeline[-1].at) >= IN_PROGRESS]
        each(lambda document: rescue(services, document, now), idle, _leave)
    found, unclaimed = _claimed(unknown, services, now)
    further = services.ledger.write(current.advanced(marker, found, now, [blob.name for blob in unclaimed]))
    if further.began is None:
        level = logging.INFO if further.found else logging.DEBUG
        log.log(level, "The sweep is complete: it claimed %d files without an event.", further.found)
    return further


def _known(blobs: list[Blob], services: Services) -> tuple[list[Document], list[Blob]]:
    """The open documents of these files, and the files that are not claimed yet."""
    keys = {document_key(services.documents.container, blob.name, blob.etag): blob for blob in blobs}
    documents = services.ledger.find_all(Document, list(keys))
    known = {document.key for document in documents if document.state not in UNREAD}
    open_documents = [document for document in documents if not document.state.final]
    return open_documents, [blob for key, blob in keys.items() if key not in known]


def _claimed(blobs: list[Blob], services: Services, now: datetime) -> tuple[int, list[Blob]]:
    """Claim these files, with TRIES tries for each. Returns how many were new, and those that could not be claimed."""
    found, left = 0, list(blobs)
    for _ in range(TRIES):
        trying, left = left, []
        claims = each(lambda blob: claim_blob(services, blob, now), trying, lambda blob, _: left.append(blob))  # noqa: B023 - run at once
        found += sum(document is not None for document in claims)
        if not left:
            break
    return found, left


def _leave(document: Document, _: Exception) -> None:
    """The next whole sweep tries again."""
    log.warning("Document %s could not be repaired.", document.key)
