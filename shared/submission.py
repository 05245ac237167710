"""Waiting documents become analyze jobs at the service.

The job's row is written before the request. Whatever dies in between leaves a job in `submitting`, whose documents are
given back after GRACE with an attempt counted, as the service may have received and billed them. A document is sent at
most MAX_ATTEMPTS times, and billed no more often, whatever the service answers; then it has failed, and only a replay
that somebody asks for counts from the start. No document is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from shared import gate
from shared.claim import check, claim
from shared.classifier import with_model
from shared.errors import (
    LanguageError,
    Moved,
    NotFound,
    Rejected,
    StorageUnavailable,
    Unreadable,
)
from shared.language.types import Classifier, Text
from shared.model import JOB_LIFETIME, SERVICE_PACK, Document, DocumentState, Job, Reason, wait_before
from shared.packing import Pack, Readable, pack, requests
from shared.services import Services
from shared.singles import Pause
from shared.text import decode

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=2)  # longer than any request may take
FIRST_POLL, FIRST_POLL_EACH = timedelta(seconds=1), timedelta(milliseconds=200)  # a full job takes longer
RETRY_FIRST, RETRY_LONGEST = timedelta(seconds=10), timedelta(minutes=10)
# After a submission whose answer cannot be used: all attempts together outlast an outage of two hours.
UNSURE_FIRST, UNSURE_LONGEST = timedelta(minutes=2), timedelta(hours=2)
READERS = 8


def submit_waiting(
    services: Services,
    clock: Callable[[], datetime],
    limit: int = SERVICE_PACK,
    goes_on: Callable[[], bool] = lambda: True,
    by: datetime | None = None,
) -> int:
    """Submit at most `limit` of the documents that wait, those due longest first; gives how many were submitted.

    `goes_on` says whether there is time to begin another job: a slow service takes half a minute for each, so each asks
    the `clock` when it begins. `by`: only documents that were due then; what lands meanwhile gathers for a full job.
    Never raises for trouble at the Language service: that closes the gate, and the documents wait.
    """
    now = clock()
    if gate.is_closed(services, now) or services.ledger.read(Pause).paused:
        return 0
    classifier = _classifier(services, now)
    due = services.ledger.due(Document, by or now, limit) if classifier else []
    _rescue([document for document in due if document.state is DocumentState.SUBMITTED], services, now)
    waiting = [document for document in due if document.state is DocumentState.WAITING]
    if not waiting or classifier is None:
        return 0
    readables = _read_all(waiting[: gate.left(services, now) * SERVICE_PACK], services, now)
    packs = [(one, requests(one)) for one in pack(readables)]
    paid = gate.reserve(services, [len(asked) for _, asked in packs], now)
    return sum(_submit(one, asked, classifier, services, clock()) for one, asked in packs[:paid] if goes_on())


def _classifier(services: Services, now: datetime) -> Classifier | None:
    try:
        return with_model(services, now)
    except LanguageError as trouble:
        gate.close(services, trouble, now)
        return None


def give_back(services: Services, job: Job, documents: Sequence[Document], why: str, now: datetime) -> None:
    """End a job that brought no answer, and that may have been billed: its documents wait again, or have failed."""
    after = [_unanswered(document, why, now) for document in documents]
    services.ledger.commit((job, job.lost(why, now)), *zip(documents, after, strict=True))


def _unanswered(
    document: Document, why: str, now: datetime, first: timedelta = RETRY_FIRST, longest: timedelta = RETRY_LONGEST
) -> Document:
    return document.unanswered(why, now + wait_before(document.key, document.attempts, first, longest), now)


def _submit(readables: Pack, asked: list[list[Text]], classifier: Classifier, services: Services, now: datetime) -> int:
    """One job, of one or more requests."""
    if services.seen.is_closed(now):
        return 0
    planned = Job(
        key=uuid4().hex,
        documents=tuple(one.document.key for one in readables),
        classifier=classifier,
        api=services.language.api,
        created=now,
        due=now + GRACE,
    )
    handed = [(one.document, one.document.submitted(planned.key, now + JOB_LIFETIME, now)) for one in readables]
    try:
        job, *documents = services.ledger.commit((None, planned), *handed)
        return _send(job, documents, asked, services, now)
    except Moved:
        return 0  # another instance took one of them, or gave this job up while this process was held up


def _send(job: Job, documents: list[Document], asked: list[list[Text]], services: Services, now: datetime) -> int:
    service_ids: tuple[str, ...] = ()
    try:
        for texts in asked:
            service_ids += (_begin(job, texts, services, now),)
    except LanguageError as trouble:
        _answer(trouble, job, documents, services, now, billed=bool(service_ids))
        return 0
    services.ledger.commit((job, job.running(service_ids, now + FIRST_POLL + len(documents) * FIRST_POLL_EACH, now)))
    return len(documents)


def _begin(job: Job, texts: list[Text], services: Services, now: datetime) -> str:
    begin = partial(services.language.begin_analyze, texts, job.classifier, job.key)
    return gate.call(services, now, begin)


def _answer(
    trouble: LanguageError, job: Job, documents: list[Document], services: Services, now: datetime, *, billed: bool
) -> None:
    """A request that failed. `billed`: another request of the same job was accepted before."""
    why = str(trouble)
    if isinstance(trouble, Rejected) and len(documents) == 1:
        after = [documents[0].failed(Reason.REJECTED, why, now)]
    elif isinstance(trouble, Rejected):
        after = [_unanswered(document, why, now) for document in documents]
    elif trouble.sent or billed:
        log.warning("Job %s may have been received and billed: an attempt is counted. %s", job.key, why)
        after = [_unanswered(document, why, now, UNSURE_FIRST, UNSURE_LONGEST) for document in documents]
    else:
        after = [document.returned(why, now, now) for document in documents]
    services.ledger.commit((job, job.lost(why, now)), *zip(documents, after, strict=True))


def _read_all(documents: Sequence[Document], services: Services, now: datetime) -> list[Readable]:
    with ThreadPoolExecutor(READERS) as readers:
        found = readers.map(lambda document: _read(document, services, now), documents)
        return [readable for readable in found if readable is not None]


def _read(document: Document, services: Services, now: datetime) -> Readable | None:
    """The document with its text; None if it ended here, or must wait for its container."""
    try:
        check(document)  # a replayed one may be of any size
        return Readable(document, decode(services.documents.read(document.name, document.etag)))
    except Unreadable as error:
        _end(document, document.failed(Reason.BAD_INPUT, str(error), now), services)
    except Moved:
        claim(services, document.name, now)
        _end(document, document.superseded(now), services)
    except NotFound:
        _end(document, document.gone(now), services)
    except StorageUnavailable as trouble:
        log.warning("Document %s waits: %s", document.key, trouble)
        later = now + wait_before(document.key, 0, RETRY_FIRST, RETRY_LONGEST)
        _end(document, document.returned(str(trouble), later, now), services)
    return None


def _end(document: Document, after: Document, services: Services) -> None:
    with suppress(Moved):  # another instance saw the same
        services.ledger.commit((document, after))


def _rescue(documents: Sequence[Document], services: Services, now: datetime) -> None:
    """Documents that are still submitted after their job's lifetime: only a job that is open may go on holding them."""
    for document in documents:
        job = services.ledger.find(Job, document.job)
        held = job is not None and not job.state.final
        later = document.submitted(document.job, now + JOB_LIFETIME, now)
        _end(document, later if held else _unanswered(document, "its job was forgotten", now), services)
