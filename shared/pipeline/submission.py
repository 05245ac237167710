"""Waiting documents become analyze jobs at the service.

The job's row is written before the request. Whatever dies in between leaves a job in `submitting`, whose documents are
given back after GRACE with an attempt counted, as the service may have received and billed them. A document is sent at
most MAX_ATTEMPTS times, and billed no more often, whatever the service answers; then it has failed, and only a replay
that somebody asks for counts from the start. No document is lost.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from shared.domain.batching import Pack, pack, requests
from shared.domain.clocks import backoff
from shared.domain.documents import SERVICE_PACK, Document, DocumentState, Reason
from shared.domain.jobs import JOB_LIFETIME, Job
from shared.domain.singletons import Pause
from shared.errors import GateClosed, LanguageError, Rejected, StorageUnavailable, VersionConflict
from shared.language.types import Classifier, Text
from shared.pipeline import gate
from shared.pipeline.classifier import with_model
from shared.pipeline.isolation import each, log_trouble, reason
from shared.pipeline.loading import read_all, set_back, windows
from shared.pipeline.settling import RETRY_MAX, no_result, rescue, settle
from shared.services import Services

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=2)  # longer than any request may take
FIRST_POLL, FIRST_POLL_EACH = timedelta(seconds=1), timedelta(milliseconds=200)  # a full job takes longer
# After a submission whose answer cannot be used: all attempts together outlast an outage of two hours.
UNSURE_FIRST, UNSURE_LONGEST = timedelta(minutes=2), timedelta(hours=2)
REFUSED_FIRST = timedelta(seconds=1)  # after the gate has opened
FRESH = timedelta(seconds=1)  # a job's row this young need not be looked at before its request

Clock = Callable[[], datetime]


def submit_waiting(
    services: Services,
    clock: Clock,
    limit: int = SERVICE_PACK,
    has_time: Callable[[], bool] = lambda: True,
    by: datetime | None = None,
) -> int:
    """Deal with at most `limit` of the documents that are due, the longest due first; returns with how many.

    They are submitted, ended or set back. 0: there are none, or the gate, a pause or the quota stops them. `has_time`
    says whether there is time to begin another job: a slow service takes half a minute for each, so each asks the
    `clock` when it begins. `by`: only documents that were due then; what lands meanwhile gathers for a full job. Never
    raises for trouble at the Language service: that closes the gate, and the documents wait.
    """
    now = clock()
    if gate.is_closed(services, now) or services.ledger.read(Pause).paused:
        return 0
    classifier = _classifier(services, now)
    if classifier is None:
        return 0
    due = services.ledger.due(Document, by or now, limit)
    stranded = [document for document in due if document.state is DocumentState.SUBMITTED]
    _rescue(stranded, services, now)
    waiting = [document for document in due if document.state is DocumentState.WAITING]
    return len(stranded) + _submit_all(waiting, classifier, services, clock, has_time)


def _submit_all(
    waiting: Sequence[Document], classifier: Classifier, services: Services, clock: Clock, has_time: Callable[[], bool]
) -> int:
    """Returns how many are no longer due. Those that errors kept back come last."""
    fresh_first = sorted(waiting, key=lambda document: document.setbacks > 0 or document.refusals > 0)
    moved = 0
    for window in windows(fresh_first[: gate.left(services, clock()) * SERVICE_PACK]):
        readables = read_all(window, services, clock())
        submitted = _submit_packs(list(pack(readables)), classifier, services, clock, has_time)
        moved += len(window) - len(readables) + submitted
        if not has_time() or (readables and not submitted):
            break
    return moved


def _submit_packs(
    packs: Sequence[Pack], classifier: Classifier, services: Services, clock: Clock, has_time: Callable[[], bool]
) -> int:
    """As many as the quota has requests for; returns how many documents are no longer due."""
    asked = [requests(one) for one in packs]
    paid = gate.reserve(services, [len(texts) for texts in asked], clock())
    moved = each(
        lambda one: _submit(one[0], one[1], classifier, services, clock) if has_time() else 0,
        list(zip(packs, asked, strict=True))[:paid],
        lambda one, trouble: _set_apart(one[0], trouble, services, clock()),
        workers=1,
    )
    return sum(number or 0 for number in moved)


def _set_apart(readables: Pack, trouble: Exception, services: Services, now: datetime) -> int:
    """Nothing was sent. Whose fault it was shows when each of them is tried alone."""
    if isinstance(trouble, StorageUnavailable):
        raise trouble  # the ledger did not answer: they are due as before
    apart = len(readables) > 1
    each(lambda one: set_back(one.document, trouble, services, now, apart=apart), readables, lambda _, __: None)
    return len(readables)


def _classifier(services: Services, now: datetime) -> Classifier | None:
    try:
        return with_model(services, now)
    except LanguageError as trouble:
        gate.close(services, trouble, now)
        return None


def release_documents(services: Services, job: Job, documents: Sequence[Document], why: str, now: datetime) -> None:
    """End a job that brought no answer, and that may have been billed: its documents wait again, or have failed."""
    after = [no_result(document, why, now) for document in documents]
    settle(services, (job, job.lost(why, now)), list(zip(documents, after, strict=True)))


def _submit(readables: Pack, asked: list[list[Text]], classifier: Classifier, services: Services, clock: Clock) -> int:
    """One job, of one or more requests; returns how many documents are no longer due."""
    now = clock()
    if services.seen.is_closed(now):
        return 0
    planned = Job(
        key=uuid4().hex,
        documents=tuple(one.document.key for one in readables),
        classifier=classifier,
        api=services.language.api,
        created=now,
        due=now + GRACE,
        written=now,
    )
    handed = [(one.document, one.document.submitted(planned.key, now + JOB_LIFETIME, now)) for one in readables]
    try:
        job, *documents = services.ledger.commit((None, planned), *handed)
    except VersionConflict:
        return 0  # another instance took one of them
    return _send(job, documents, asked, services, clock)


def _send(job: Job, documents: list[Document], asked: list[list[Text]], services: Services, clock: Clock) -> int:
    """A process may have been held up at any line: before each request the job must still be its own."""
    service_ids: tuple[str, ...] = ()
    try:
        for texts in asked:
            job = _kept(job, services, clock())
            service_ids += (_begin(job, texts, services, clock()),)
        now = clock()
        due = now + FIRST_POLL + len(documents) * FIRST_POLL_EACH
        services.ledger.commit((job, job.running(service_ids, due, now)))
    except VersionConflict as trouble:
        log.warning("Job %s is not sent: this process was held up. %s", job.key, trouble)
        if not service_ids:
            _take_back(job, documents, services, clock())
    except LanguageError as trouble:
        _answer(trouble, job, documents, services, clock(), billed=bool(service_ids))
        return len(documents) if isinstance(trouble, Rejected) else 0
    except StorageUnavailable:
        raise
    except Exception as trouble:  # noqa: BLE001 - nobody knows whether the request arrived
        log_trouble(trouble)
        release_documents(services, job, documents, reason(trouble), clock())
    return len(documents)


def _take_back(job: Job, documents: list[Document], services: Services, now: datetime) -> None:
    """Nothing was sent, and no attempt is counted."""
    why = "nothing was sent: the process was held up"
    back = [(document, document.requeued(why, now, now)) for document in documents]
    with suppress(VersionConflict):  # another instance has done so
        settle(services, (job, job.lost(why, now)), back)


def _kept(job: Job, services: Services, now: datetime) -> Job:
    """The job, with GRACE from now on if it was written a while ago.

    Raises VersionConflict if another instance gave it up, or may do so before a request that begins now has ended.
    """
    age = now - (job.due - GRACE)
    if age > GRACE / 2:
        raise VersionConflict("The job was written too long ago.")
    if age < FRESH:
        return job
    [renewed] = services.ledger.commit((job, job.renewed(now + GRACE, now)))
    return renewed  # type: ignore[no-any-return]


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
        after = [no_result(document, why, now) for document in documents]
    elif trouble.sent or billed:
        log.warning("Job %s may have been received and billed: an attempt is counted. %s", job.key, why)
        after = [no_result(document, why, now, UNSURE_FIRST, UNSURE_LONGEST) for document in documents]
    elif isinstance(trouble, GateClosed):  # another thread of this process met the trouble
        after = [document.requeued(why, now, now) for document in documents]
    else:
        after = _refused(why, documents, services, now)
    settle(services, (job, job.lost(why, now)), list(zip(documents, after, strict=True)))


def _refused(why: str, documents: Sequence[Document], services: Services, now: datetime) -> list[Document]:
    """Due again some time after the gate opens, so that others go first: these may close it each time."""
    alone = len(documents) == 1 and gate.is_first_trouble(services, now)
    opens = services.seen.opens(now)

    def refused(document: Document) -> Document:
        due = opens + backoff(document.key, document.refusals, REFUSED_FIRST, RETRY_MAX)
        return document.refused(why, due, now, alone=alone)

    return [refused(document) for document in documents]


def _rescue(documents: Sequence[Document], services: Services, now: datetime) -> None:
    """Documents that are still submitted after their job's lifetime: only a job that is open may go on holding them."""

    def look_after(document: Document) -> None:
        if held := rescue(services, document, now):
            services.ledger.commit((held, held.submitted(held.job, now + JOB_LIFETIME, now)))

    each(look_after, documents, lambda document, trouble: set_back(document, trouble, services, now))
