"""Submits waiting documents in analyze jobs.

The job's row is written before the request. If the process dies in between, the job stays in `submitting`. After GRACE
its documents wait again with one attempt counted, because the service may have received and billed them. A document is
submitted, and perhaps billed, at most MAX_ATTEMPTS times. Then it fails; a replay resets the count.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from uuid import uuid4

from shared.domain.batching import LoadedDocument, Pack, pack, requests
from shared.domain.clocks import backoff
from shared.domain.documents import SERVICE_PACK, Document, DocumentState, Reason
from shared.domain.jobs import JOB_LIFETIME, Job
from shared.domain.routing import Routing
from shared.domain.singletons import SEVERAL, Pause
from shared.errors import GateClosed, LanguageError, Rejected, StorageUnavailable, VersionConflict
from shared.language.types import Classifier, Text
from shared.pipeline import gate, tracing
from shared.pipeline.classifier import routing
from shared.pipeline.isolation import each, log_trouble, reason
from shared.pipeline.loading import read_all, set_back, windows
from shared.pipeline.settling import RETRY_MAX, no_result, rescue, settle
from shared.services import Services
from shared.storage.snapshot import Singletons

log = logging.getLogger(__name__)

GRACE = timedelta(minutes=2)  # longer than any request
FIRST_POLL, FIRST_POLL_EACH = timedelta(milliseconds=500), timedelta(milliseconds=200)  # a full job takes longer
# Waits after a submission without a valid response. All attempts together outlast an outage of two hours.
UNSURE_FIRST, UNSURE_MAX = timedelta(minutes=2), timedelta(hours=2)
REFUSED_FIRST = timedelta(seconds=1)  # after the gate has opened
FRESH = timedelta(seconds=1)  # a job's row that is not older is not renewed before its request
NO_CLASSIFIER = "No classifier takes this file: PUT /api/classifiers/PREFIX for its folder, or PUT /api/classifier."
UNKNOWN_CLASSIFIER = "The service does not know classifier {}: publish a model to it, or choose another one."

Clock = Callable[[], datetime]
Planned = tuple[Pack, Classifier]  # a job


def submit_waiting(
    services: Services,
    clock: Clock,
    limit: int = SERVICE_PACK,
    has_time: Callable[[], bool] = lambda: True,
    by: datetime | None = None,
    *,
    known: Singletons | None = None,
) -> int:
    """Submit, end or set back at most `limit` documents that are due, the longest due first. Returns how many were due.

    Returns 0 if nothing was done, because none is due, or because of the gate, a pause or the quota. `has_time` says
    whether there is time for another job: a slow service takes half a minute for each, so each job reads the `clock`.
    `by`: only documents that were due then, so that files that land meanwhile are collected for a full job. `known`:
    the singletons, if they were just read. Errors of the Language service are not raised: they close the gate, and the
    documents wait.
    """
    now = clock()
    known = known or services.ledger.singletons()
    if gate.is_closed(services, now, known) or is_paused(services, known):
        return 0
    routes = _routing(services, now, known)
    if routes is None or all(services.seen.is_closed(now, classifier.name) for classifier in routes.classifiers):
        return 0
    due = services.ledger.due(Document, by or now, limit)
    stranded = [document for document in due if document.state is DocumentState.SUBMITTED]
    _rescue(stranded, services, now)
    waiting = [document for document in due if document.state is DocumentState.WAITING]
    held = {document.key: why for document in waiting if (why := _held_by(document, routes, services, now))}
    _postpone([document for document in waiting if document.key in held], held, services, now)
    ready = [document for document in waiting if document.key not in held]
    moved = len(stranded) + len(held) + _submit_all(ready, routes, services, clock, has_time, known=known)
    return len(due) if moved else 0


def is_paused(services: Services, known: Singletons) -> bool:
    """Whether submissions are paused, which this process remembers."""
    services.seen.paused = known.of(Pause).paused
    return services.seen.paused


def _held_by(document: Document, routes: Routing, services: Services, now: datetime) -> str:
    """Why its classifier keeps this document waiting while others can be submitted; "" if it does not."""
    classifier = routes.classifier_for(document.name)
    if classifier is None:
        return NO_CLASSIFIER
    return UNKNOWN_CLASSIFIER.format(classifier.name) if services.seen.is_closed(now, classifier.name) else ""


def _postpone(documents: Sequence[Document], why: Mapping[str, str], services: Services, now: datetime) -> None:
    """Let others be submitted first. `why`: the reasons, by the documents' keys."""

    def postpone(document: Document) -> None:
        with suppress(VersionConflict):  # another instance did the same
            services.ledger.commit((document, document.postponed(why[document.key], now)))

    each(postpone, documents, lambda document, trouble: set_back(document, trouble, services, now))


def _submit_all(
    waiting: Sequence[Document],
    routes: Routing,
    services: Services,
    clock: Clock,
    has_time: Callable[[], bool],
    *,
    known: Singletons,
) -> int:
    """Returns how many are no longer due. Suspect documents are submitted last."""
    if not waiting:  # the quota need not be read
        return 0
    fresh_first = sorted(waiting, key=lambda document: document.is_suspect)
    moved = 0
    for window in windows(fresh_first[: gate.left(services, clock(), known) * SERVICE_PACK]):
        loaded = read_all(window, services, clock())
        submitted = _submit_packs(_packs(loaded, routes), services, clock, has_time, known)
        moved += len(window) - len(loaded) + submitted
        if not has_time() or (loaded and not submitted):
            break
    return moved


def _packs(loaded: Sequence[LoadedDocument], routes: Routing) -> list[Planned]:
    """The packs of each classifier, those of suspect documents last: a job has one classifier."""
    of_each: dict[Classifier, list[LoadedDocument]] = {}
    for one in loaded:
        if classifier := routes.classifier_for(one.document.name):
            of_each.setdefault(classifier, []).append(one)
    planned = [(documents, classifier) for classifier, group in of_each.items() for documents in pack(group)]
    return sorted(planned, key=lambda one: one[0][0].document.is_suspect)


def _submit_packs(
    packs: Sequence[Planned], services: Services, clock: Clock, has_time: Callable[[], bool], known: Singletons
) -> int:
    """Submit as many packs as the quota allows. Returns how many documents are no longer due."""
    bodies = [requests(documents) for documents, _ in packs]
    allowed = gate.reserve(services, [len(texts) for texts in bodies], clock(), known)
    moved = each(
        lambda planned: _submit(*planned, services, clock) if has_time() else 0,
        list(zip(packs, bodies, strict=True))[:allowed],
        lambda planned, trouble: _set_apart(planned[0][0], trouble, services, clock()),
        workers=1,
    )
    return sum(number or 0 for number in moved)


def _set_apart(documents: Pack, trouble: Exception, services: Services, now: datetime) -> int:
    """Count an error before the request against all documents of the job. Each is then tried alone."""
    if isinstance(trouble, StorageUnavailable):
        raise trouble  # the ledger is not available: the documents are still due
    apart = len(documents) > 1
    each(lambda loaded: set_back(loaded.document, trouble, services, now, apart=apart), documents, lambda _, __: None)
    return len(documents)


def _routing(services: Services, now: datetime, known: Singletons) -> Routing | None:
    try:
        return routing(services, now, known)
    except LanguageError as trouble:
        gate.close(services, trouble, now)
        return None


def release_documents(services: Services, job: Job, documents: Sequence[Document], why: str, now: datetime) -> None:
    """End a job without results that may have been billed. Its documents wait again, or fail at the limit."""
    after = [no_result(document, why, now) for document in documents]
    settle(services, (job, job.lost(why, now)), list(zip(documents, after, strict=True)))


def _submit(planned: Planned, bodies: list[list[Text]], services: Services, clock: Clock) -> int:
    """Submit one job, in one or more requests. Returns how many documents are no longer due."""
    landings = [loaded.document.traceparent for loaded in planned[0]]
    with tracing.span(services.settings, "submission", landings, documents=len(landings)):
        return _submit_job(planned, bodies, services, clock)


def _submit_job(planned: Planned, bodies: list[list[Text]], services: Services, clock: Clock) -> int:
    now = clock()
    pack, classifier = planned
    if services.seen.is_closed(now, classifier.name):
        return 0
    submitting = Job(
        key=uuid4().hex,
        documents=tuple(loaded.document.key for loaded in pack),
        classifier=classifier,
        api=services.language.api,
        created=now,
        due=now + GRACE,
        written=now,
        traceparent=tracing.here(services.settings),
    )
    changes = [
        (loaded.document, loaded.document.submitted(submitting.key, now + JOB_LIFETIME, now, len(loaded.text)))
        for loaded in pack
    ]
    try:
        job, *documents = services.ledger.commit((None, submitting), *changes)
    except VersionConflict:
        return 0  # another instance took one of them
    return _send(job, documents, bodies, services, clock)


def _send(job: Job, documents: list[Document], bodies: list[list[Text]], services: Services, clock: Clock) -> int:
    """Send the requests of a job. Before each one, check that no other instance has given up the job meanwhile."""
    service_ids: tuple[str, ...] = ()
    try:
        for texts in bodies:
            job = _kept(job, services, clock())
            service_ids += (_begin(job, documents, texts, services, clock()),)
        now = clock()
        due = now + FIRST_POLL + len(documents) * FIRST_POLL_EACH
        services.ledger.commit((job, job.running(service_ids, due, now)))
    except VersionConflict as trouble:
        log.warning("Job %s is not sent: this process was delayed. %s", job.key, trouble)
        if not service_ids:
            _take_back(job, documents, services, clock())
    except LanguageError as trouble:
        _answer(trouble, job, documents, services, clock(), billed=bool(service_ids))
        closes_all = not isinstance(trouble, Rejected) and not gate.closes_for(trouble, job.classifier.name)
        return 0 if closes_all else len(documents)
    except StorageUnavailable:
        raise
    except Exception as trouble:  # noqa: BLE001 - the service may have received the request
        log_trouble(trouble)
        release_documents(services, job, documents, reason(trouble), clock())
    return len(documents)


def _take_back(job: Job, documents: list[Document], services: Services, now: datetime) -> None:
    """Requeue the documents of a job that was not sent, without a counted attempt."""
    why = "nothing was sent: the process was delayed"
    back = [(document, document.requeued(why, now, now)) for document in documents]
    with suppress(VersionConflict):  # another instance did the same
        settle(services, (job, job.lost(why, now)), back)


def _kept(job: Job, services: Services, now: datetime) -> Job:
    """The job, renewed by GRACE if its row is older than FRESH.

    Raises VersionConflict if another instance gave it up, or may do so before a request that starts now ends.
    """
    age = now - (job.due - GRACE)
    if age > GRACE / 2:
        raise VersionConflict("The job was written too long ago.")
    if age < FRESH:
        return job
    [renewed] = services.ledger.commit((job, job.renewed(now + GRACE, now)))
    return renewed  # type: ignore[no-any-return]


def _begin(job: Job, documents: list[Document], texts: list[Text], services: Services, now: datetime) -> str:
    begin = partial(services.language.begin_analyze, texts, job.classifier, job.key)
    alone = documents[0] if len(documents) == 1 else None
    item, again = (alone.key, alone.refusals > 0) if alone else (SEVERAL, False)
    return gate.call(services, now, begin, item=item, again=again, classifier=job.classifier.name)


def _answer(
    trouble: LanguageError, job: Job, documents: list[Document], services: Services, now: datetime, *, billed: bool
) -> None:
    """End a job whose request failed. `billed`: an earlier request of the same job was accepted."""
    why = str(trouble)
    if isinstance(trouble, Rejected) and len(documents) == 1:
        after = [documents[0].failed(Reason.REJECTED, why, now)]
    elif isinstance(trouble, Rejected):
        after = [no_result(document, why, now) for document in documents]
    elif trouble.sent or billed:
        log.warning("Job %s may have been received and billed: counting an attempt. %s", job.key, why)
        after = [no_result(document, why, now, UNSURE_FIRST, UNSURE_MAX) for document in documents]
    elif isinstance(trouble, GateClosed):  # another thread of this process closed it
        after = [document.requeued(why, now, now) for document in documents]
    else:
        after = _refused(why, documents, gate.closes_for(trouble, job.classifier.name), services, now)
    settle(services, (job, job.lost(why, now)), list(zip(documents, after, strict=True)))


def _refused(
    why: str, documents: Sequence[Document], classifier: str, services: Services, now: datetime
) -> list[Document]:
    """The documents after a refused job: due some time after the gate opens, so that others are submitted first.

    `classifier`: if only its gate was closed; "" for the gate of all calls.
    """
    alone = len(documents) == 1 and gate.is_first_trouble(services, now, classifier)
    opens = services.seen.opens(now, classifier)

    def refused(document: Document) -> Document:
        due = opens + backoff(document.key, document.refusals, REFUSED_FIRST, RETRY_MAX)
        return document.refused(why, due, now, alone=alone)

    return [refused(document) for document in documents]


def _rescue(documents: Sequence[Document], services: Services, now: datetime) -> None:
    """Repair documents that are still submitted after their job's lifetime. They stay submitted only in an open job."""

    def look_after(document: Document) -> None:
        if held := rescue(services, document, now):
            services.ledger.commit((held, held.submitted(held.job, now + JOB_LIFETIME, now)))

    each(look_after, documents, lambda document, trouble: set_back(document, trouble, services, now))
