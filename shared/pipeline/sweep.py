"""The sweep: compares the container's listing with the ledger, and claims the files without an event.

It reads up to PAGES pages in a tick, and stores its position, so that it resumes after a crash. It also claims files
that are older than the app. The index rows by name tell it which documents of a page are known; only the others are
read. A thorough sweep reads all of them, and so also finds rows that were deleted by hand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from shared.domain.documents import UNREAD, Blob, Document
from shared.domain.keys import document_key
from shared.domain.singletons import Sweep
from shared.errors import StorageUnavailable, VersionConflict
from shared.pipeline.claim import claim_blob
from shared.pipeline.isolation import each, log_trouble
from shared.pipeline.settling import rescue
from shared.services import Services
from shared.storage.snapshot import Singletons

log = logging.getLogger(__name__)

PAGE, PAGES = 500, 10  # files in a page, pages in a tick
TRIES = 3  # for a file in one sweep
IN_PROGRESS = timedelta(minutes=1)  # an open document with a younger event needs no repair


@dataclass(frozen=True)
class Looked:
    """What was found of the files of one page."""

    claimed: int = 0
    known: tuple[Document, ...] = ()  # that were read
    unindexed: tuple[Document, ...] = ()  # of these, that have ended and have no index row by name
    unclaimed: tuple[Blob, ...] = ()  # because of errors


def sweep(services: Services, now: datetime, has_time: Callable[[], bool], known: Singletons | None = None) -> Sweep:
    """Process up to PAGES pages if a sweep is due, at least one. Only one instance does at a time.

    Returns its state after that. `has_time` says whether there is time for another page. `known`: the singletons, if
    they were just read.
    """
    every = timedelta(minutes=services.settings.sweep_minutes)
    current = services.ledger.read(Sweep, known)
    with suppress(VersionConflict):  # another instance has written its position
        for number in range(PAGES):
            if not current.is_due(every, now) or (number and not has_time()):
                break
            if current.began is None:  # stored first, so that health reports a sweep that never completes a page
                current = services.ledger.write(current.started(now))
            current = _page(current, services, now)
    return current


def ask(services: Services) -> Sweep:
    """Request a thorough sweep by the next tick. Returns the stored state of sweeps."""
    return services.ledger.change(Sweep, lambda before: replace(before, asked=True))


def _page(current: Sweep, services: Services, now: datetime) -> Sweep:
    """Process one page. Returns the state of the sweep after it.

    Files are claimed before the position is stored: after a crash in between, the page is repeated.
    """
    blobs, marker = _listed(current, services, now)
    wanted = [blob for blob in blobs if current.is_of_interest(blob.modified)]
    looked = _compared(current, wanted, services, now)
    if current.whole:
        _rescue(looked.known, services, now)
    _index(looked.unindexed, services)
    names = [blob.name for blob in looked.unclaimed]
    further = services.ledger.write(current.advanced(marker, looked.claimed, now, names, files=len(blobs)))
    if further.began is None:
        _tell(current, further)
    return further


def _listed(current: Sweep, services: Services, now: datetime) -> tuple[list[Blob], str]:
    """The next page of files, and a marker. A sweep that is stuck begins again in the next tick."""
    try:
        return services.documents.page(current.marker, PAGE)
    except StorageUnavailable:
        if current.marker and current.is_stuck(now):
            services.ledger.write(current.from_the_start())
            log.warning("The sweep could not list the files that follow its last page. It begins again.")
        raise


def _compared(current: Sweep, wanted: Sequence[Blob], services: Services, now: datetime) -> Looked:
    """Compare these files with the ledger. If the sweep is stuck and this fails, none of them is claimed."""
    keys = {blob: document_key(services.documents.container, blob.name, blob.etag) for blob in wanted}
    try:
        indexed, unindexed = services.ledger.known_by_name({key: blob.name for blob, key in keys.items()})
        looked = _looked_at([blob for blob in wanted if current.thorough or keys[blob] not in indexed], services, now)
    except StorageUnavailable:
        if not current.is_stuck(now):
            raise
        return Looked(unclaimed=tuple(wanted))
    to_index = (document for document in looked.known if document.state.final and document.key in unindexed)
    return replace(looked, unindexed=tuple(to_index))


def _looked_at(blobs: Sequence[Blob], services: Services, now: datetime) -> Looked:
    """Read the documents of these files, and claim those without one, with TRIES tries for each."""
    looked = Looked(unclaimed=tuple(blobs))
    for number in range(TRIES):
        looked = _looked_again(looked, services, now, is_first=number == 0)
        if not looked.unclaimed:
            break
    return looked


def _looked_again(before: Looked, services: Services, now: datetime, *, is_first: bool) -> Looked:
    failed: list[Blob] = []

    def set_back(blob: Blob, trouble: Exception) -> None:
        failed.append(blob)
        if is_first and isinstance(trouble, StorageUnavailable):
            raise trouble  # of several in a row, storage is the cause; later tries are only of files that failed

    found = each(lambda blob: _look(blob, services, now), before.unclaimed, set_back)
    known = [document for document, claimed in filter(None, found) if not claimed]
    claimed = sum(claimed for _, claimed in filter(None, found))
    return Looked(before.claimed + claimed, (*before.known, *known), unclaimed=tuple(failed))


def _look(blob: Blob, services: Services, now: datetime) -> tuple[Document, bool] | None:
    """The document of this file, and whether it was claimed just now. None if another instance has done so."""
    key = document_key(services.documents.container, blob.name, blob.etag)
    document = services.ledger.find(Document, key)
    if document is not None and document.state not in UNREAD:
        return document, False
    claimed = claim_blob(services, blob, now)
    return (claimed, True) if claimed else None


def _index(documents: Sequence[Document], services: Services) -> None:
    """An index row only saves a read: the next sweep tries again."""
    try:
        services.ledger.index_names(documents)
    except Exception as trouble:  # noqa: BLE001 - one document must not stop the sweep
        log_trouble(trouble)


def _rescue(documents: Sequence[Document], services: Services, now: datetime) -> None:
    """Repair open documents that nothing would process."""
    idle = [one for one in documents if not one.state.final and abs(now - one.timeline[-1].at) >= IN_PROGRESS]
    each(lambda document: rescue(services, document, now), idle, _leave)


def _leave(document: Document, _: Exception) -> None:
    """The next whole sweep tries again."""
    log.warning("Document %s could not be repaired.", document.key)


def _tell(sweep: Sweep, ended: Sweep) -> None:
    level = logging.INFO if ended.found else logging.DEBUG
    began = sweep.began.isoformat() if sweep.began else ""
    text = "The sweep is complete: it claimed %d files without an event. It began at %s, and compared %d files."
    log.log(level, text, ended.found, began, ended.files)
