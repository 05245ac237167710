"""Writes a job together with its documents, repairs stranded documents, and corrects times of clocks that are ahead."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from shared.domain.clocks import backoff
from shared.domain.documents import Document, DocumentState
from shared.domain.jobs import Job
from shared.errors import VersionConflict
from shared.pipeline.isolation import each
from shared.services import Services
from shared.storage.snapshot import Agenda

log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MAX = timedelta(seconds=10), timedelta(minutes=10)

CLOCKS_EVERY = timedelta(minutes=1)  # how often each process looks for times written by a clock that is ahead
AHEAD = 500  # values corrected in one tick

Change = tuple[Document, Document]


def settle(services: Services, job: tuple[Job, Job], documents: Sequence[Change]) -> None:
    """Write the job and its documents, as (before, after) pairs, in one transaction.

    If that fails because of a document (its row was edited, or cannot be written), each document is written separately,
    and the job last. Raises VersionConflict if another instance has settled the job. Raises the error of a document
    that could not be written, unless the job can no longer be polled: then `rescue` finds the document later.
    """
    try:
        services.ledger.commit(job, *documents)
    except Exception as trouble:
        if not documents or _has_moved(job[0], services):
            raise
        log.warning("Job %s is settled document by document (%s).", job[0].key, type(trouble).__name__)
        _settle_apart(services, job, documents)


def no_result(
    document: Document, why: str, now: datetime, first: timedelta = RETRY_FIRST, longest: timedelta = RETRY_MAX
) -> Document:
    """The document after a submission without a result. It waits longer each time."""
    return document.no_result(why, now + backoff(document.key, document.attempts, first, longest), now)


def _settle_apart(services: Services, job: tuple[Job, Job], documents: Sequence[Change]) -> None:
    troubles: list[Exception] = []

    def write(change: Change) -> None:
        with suppress(VersionConflict):  # edited or deleted since it was read
            services.ledger.commit(change)

    each(write, documents, lambda _, trouble: troubles.append(trouble))
    before, after = job
    for_good = before.is_worn_out or (before.expires and after.ended and after.ended >= before.expires)
    if troubles and not for_good:
        raise troubles[0]
    services.ledger.commit(job)


def _has_moved(job: Job, services: Services) -> bool:
    current = services.ledger.find(Job, job.key)
    return current is None or current.version != job.version


def rescue(services: Services, document: Document, now: datetime) -> Document | None:
    """Repair an open document that nothing would process. Returns its current state if it is in an open job, else None.

    Its index row, or its job's, may have been deleted by hand. Its job may be unreadable or missing.
    """
    document = _in_time(services, services.ledger.repair(document), now)
    if document.state is not DocumentState.SUBMITTED:
        return None
    job = services.ledger.find(Job, document.job)
    if job is not None and not job.state.final:
        _in_time(services, services.ledger.repair(job), now)
        return document
    services.ledger.commit((document, no_result(document, "its job is no longer in the ledger", now)))
    return None


def correct_clocks(services: Services, now: datetime, agenda: Agenda | None = None) -> None:
    """Correct the times of open documents, jobs and operations that a clock ahead of ours wrote, once in CLOCKS_EVERY.

    If our clock is the wrong one, these values are processed too early, which does no harm. `agenda`: what is open, if
    it was just read.
    """
    looked = services.seen.clocks
    if looked and abs(now - looked) < CLOCKS_EVERY:
        return
    ahead = services.ledger.written_ahead(now, AHEAD, agenda)
    each(lambda value: _in_time(services, value, now), ahead, lambda value, _: value)
    services.seen.clocks = now if len(ahead) < AHEAD else None


def _in_time(services: Services, value: Any, now: datetime) -> Any:
    """The document, job or operation with its times corrected, and stored if they were wrong."""
    bounded = value.bounded(now)
    if bounded == value:
        return value
    with suppress(VersionConflict):  # another instance did the same, or took its next step
        [value] = services.ledger.commit((value, bounded))
        log.warning("A clock is wrong: corrected the time of %s %s.", type(value).__name__, value.key)
    return value
