"""Writes a job with what it means for its documents; and rescues what nothing would move on, or not in time."""

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

log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MAX = timedelta(seconds=10), timedelta(minutes=10)

CLOCKS_EVERY = timedelta(minutes=1)  # how often each process looks for times that clocks ahead wrote
AHEAD = 500  # values corrected in one tick

Change = tuple[Document, Document]


def settle(services: Services, job: tuple[Job, Job], documents: Sequence[Change]) -> None:
    """Write both, as (before, after), in one transaction.

    Where it fails because of one of the documents (its row was edited, or cannot be written), each is written on its
    own, and the job last. Raises VersionConflict if another instance settled the job, and what kept a document from
    being written, unless the job ends for good with this: then `rescue` finds the document.
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
    """After a submission that brought no answer: it waits longer each time."""
    return document.no_result(why, now + backoff(document.key, document.attempts, first, longest), now)


def _settle_apart(services: Services, job: tuple[Job, Job], documents: Sequence[Change]) -> None:
    troubles: list[Exception] = []

    def write(change: Change) -> None:
        with suppress(VersionConflict):  # edited or deleted since it was read: no longer this job's concern
            services.ledger.commit(change)

    each(write, documents, lambda _, trouble: troubles.append(trouble))
    before, after = job
    for_good = before.is_worn_out or (before.expires and after.ended and after.ended >= before.expires)
    if troubles and not for_good:
        raise troubles[0]
    services.ledger.commit(job)


def _has_moved(job: Job, services: Services) -> bool:
    found = services.ledger.find(Job, job.key)
    return found is None or found.version != job.version


def rescue(services: Services, document: Document, now: datetime) -> Document | None:
    """See to it that something moves an open document on; returns it as it is now if a job still has it.

    Its index row, or that of its job, may have been deleted by hand, and its job may be unreadable or gone.
    """
    document = _in_time(services, services.ledger.repair(document), now)
    if document.state is not DocumentState.SUBMITTED:
        return None
    job = services.ledger.find(Job, document.job)
    if job is not None and not job.state.final:
        _in_time(services, services.ledger.repair(job), now)
        return document
    services.ledger.commit((document, no_result(document, "its job was forgotten", now)))
    return None


def correct_clocks(services: Services, now: datetime) -> None:
    """Bring back open documents, jobs and operations that a clock ahead of this one's put off, once in CLOCKS_EVERY.

    Of two clocks nobody can tell which is wrong: if it is this one's, they come too early, which does no harm.
    """
    looked = services.seen.clocks
    if looked and abs(now - looked) < CLOCKS_EVERY:
        return
    ahead = services.ledger.written_ahead(now, AHEAD)
    each(lambda value: _in_time(services, value, now), ahead, lambda value, _: value)
    services.seen.clocks = now if len(ahead) < AHEAD else None


def _in_time(services: Services, value: Any, now: datetime) -> Any:
    """The document, job or operation, put off no longer than can have been meant."""
    bounded = value.bounded(now)
    if bounded == value:
        return value
    with suppress(VersionConflict):  # another instance did so, or took its next step
        [value] = services.ledger.commit((value, bounded))
        log.warning("A clock is wrong: the time of %s %s was ahead, and is corrected.", type(value).__name__, value.key)
    return value
