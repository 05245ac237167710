"""Waiting documents become analyze jobs at the service.

The job's row is written before the request. Whatever dies in between leaves a job in `submitting`, whose documents are
given back after GRACE: at the worst one job is paid twice, and no document is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

from shared import gate
from shared.claim import check, claim
from shared.classifier import with_model
from shared.errors import (
    Garbled,
    LanguageError,
    Moved,
    NotFound,
    Rejected,
    StorageUnavailable,
    Unavailable,
    Unknown,
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


def give_back(
    services: Services, job: Job, documents: Sequence[Document], why: str, now: datetime, *, blame: bool
) -> None:
    """End a job that gave nothing: its documents wait again. `blame`: the service had them, and did not answer."""
    alone = len(job.documents) == 1
    returned = []
    for document in documents:
        due = now + wait_before(document.key, document.attempts, RETRY_FIRST, RETRY_LONGEST) if blame else now
        after = document.unanswered(alone, why, due, now) if blame else document.returned(why, due, now)
        returned.append((document, after))
    services.ledger.commit((job, job.lost(why, now)), *returned)


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
    try:
        service_ids = tuple(_begin(job, texts, services, now) for texts in asked)
    except LanguageError as trouble:
        _answer(trouble, job, documents, services, now)
        return 0
    services.ledger.commit((job, job.running(service_ids, now + FIRST_POLL + len(documents) * FIRST_POLL_EACH, now)))
    return len(documents)


def _begin(job: Job, texts: list[Text], services: Services, now: datetime) -> str:
    return gate.call(services, now, lambda: services.language.begin_analyze(texts, job.classifier, job.key))


def _answer(trouble: LanguageError, job: Job, documents: list[Document], services: Services, now: datetime) -> None:
    """A request that failed: whose fault was it, and may it have arrived all the same?"""
    if isinstance(trouble, Unknown):
        gate.close(services, trouble, now)
    if isinstance(trouble, Garbled) or (isinstance(trouble, Unavailable) and trouble.sent):
        log.warning("Job %s may have arrived or not; it is settled after a while. %s", job.key, trouble)
    elif isinstance(trouble, Rejected) and len(documents) == 1:
        refused = documents[0].failed(Reason.REJECTED, str(trouble), now)
        services.ledger.commit((job, job.lost(str(trouble), now)), (documents[0], refused))
    else:
        give_back(services, job, documents, str(trouble), now, blame=isinstance(trouble, Rejected))


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
        _end(document, later if held else document.returned("its job was forgotten", now, now), services)
