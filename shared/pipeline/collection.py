"""Collects jobs: polls those that are due, writes the results of their documents, and settles them.

A result is written before its document's row. Settling changes only documents that are still in this job.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from shared.domain.clocks import backoff, wait_for
from shared.domain.document_json import class_score
from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.jobs import Job, JobState
from shared.domain.splitting import merge
from shared.domain.timeline import SETBACKS
from shared.errors import GateClosed, InvalidResponse, LanguageError, Rejected, ResourceNotFound, VersionConflict
from shared.language.types import Analysis, State
from shared.pipeline import gate, tracing
from shared.pipeline.isolation import each, log_trouble, patience, reason
from shared.pipeline.settling import RETRY_FIRST, RETRY_MAX, no_result, settle
from shared.pipeline.submission import GRACE, release_documents
from shared.services import Services
from shared.storage.snapshot import UNREAD, Singletons, Snapshot

log = logging.getLogger(__name__)
HasTime = Callable[[], bool]

POLL_FIRST, POLL_MAX = timedelta(seconds=2), timedelta(minutes=1)
ASKED = timedelta(seconds=10)  # in which a caller's poll ends; if its process dies, a tick polls after that
MAX_OUTAGE = timedelta(hours=1)  # of the service, that costs no job: after it, the job's documents are sent again


def collect(
    services: Services,
    now: datetime,
    limit: int,
    by: datetime | None = None,
    has_time: HasTime = lambda: True,
    *,
    snapshot: Snapshot = UNREAD,
) -> int:
    """Poll at most `limit` jobs that are due at `by` (default: `now`), in parallel. Returns how many may be polled.

    `has_time` says whether there is time for another poll. A job that was not polled is still due. `snapshot`:
    what was just read.
    """
    known = snapshot.known or services.ledger.singletons()
    if gate.is_closed(services, now, known):
        return 0
    jobs = _within_quota(services.ledger.due(Job, by or now, limit, snapshot.agenda), services, now, known)
    each(
        lambda job: _collect(job, services, now, has_time) if has_time() else None,
        jobs,
        lambda job, trouble: _set_back(job, trouble, services, now),
    )
    return len(jobs)


def collect_asked(services: Services, key: str, now: datetime, has_time: HasTime = lambda: True) -> bool:
    """Poll the job with this key for a caller who asks, if it is due. Returns whether it was polled.

    Of any number of callers, one polls: the one that postpones the job first. Nothing is polled while the gate is
    closed or the quota is used up. Errors count against the job, as in a tick, and are not raised.
    """
    try:
        job = _claimed(services, key, now)
    except Exception as trouble:  # noqa: BLE001 - the caller gets what is known
        log_trouble(trouble)
        return False
    if job is None:
        return False
    each(
        lambda claimed: _collect(claimed, services, now, has_time),
        [job],
        lambda claimed, trouble: _set_back(claimed, trouble, services, now),
        workers=1,
    )
    return True


def _claimed(services: Services, key: str, now: datetime) -> Job | None:
    """The job, postponed by ASKED so that nobody else polls it; None if it is not due, or must not be polled now."""
    job = services.ledger.find(Job, key)
    if job is None or job.state is not JobState.RUNNING or job.due > now:
        return None
    known = services.ledger.singletons()
    calls = len(job.service_ids)
    if gate.is_closed(services, now, known) or not gate.left(services, now, known):
        return None
    try:
        [claimed] = services.ledger.commit((job, job.renewed(now + ASKED, now)))
    except VersionConflict:  # another caller, or a tick, was first
        return None
    return claimed if gate.reserve(services, [calls], now, known) else None


def _within_quota(jobs: Sequence[Job], services: Services, now: datetime, known: Singletons) -> Sequence[Job]:
    """The first of these jobs, as many as the quota allows. A job needs one poll for each of its requests."""
    return jobs[: gate.reserve(services, [len(job.service_ids) for job in jobs], now, known)]


def _collect(job: Job, services: Services, now: datetime, has_time: HasTime) -> None:
    if job.is_worn_out:
        last = job.timeline[-1].what
        _lose(job, f"its next step failed {job.setbacks} times. Last error: {last}", services, now)
        return
    try:
        with tracing.span(services.settings, "collection", [job.traceparent], documents=len(job.documents)):
            _follow(job, services, now, has_time)
    except VersionConflict:  # another instance settled it, or one of its rows is missing
        _postpone(job, "another change was written first", services, now)


def _set_back(job: Job, trouble: Exception, services: Services, now: datetime) -> None:
    """Count an error against this job. It is lost after too many of them, or when it has expired."""
    if job.is_worn_out:
        services.ledger.commit((job, job.lost(reason(trouble), now)))
        return
    if job.expires and now >= job.expires:
        _lose(job, reason(trouble), services, now)
        return
    due = services.seen.opens(now) + backoff(job.key, job.setbacks, RETRY_FIRST, RETRY_MAX)
    with suppress(VersionConflict):
        services.ledger.commit((job, job.set_back(reason(trouble), due, now)))


def _follow(job: Job, services: Services, now: datetime, has_time: HasTime) -> None:
    if job.state is JobState.SUBMITTING:
        _lose(job, "the service may not have received the request", services, now)
    elif job.classifier.dialect != services.language.dialect:
        _lose(job, f"it was submitted with API {job.api}, which is no longer configured", services, now)
    else:
        _poll(job, services, now, has_time)


def _poll(job: Job, services: Services, now: datetime, has_time: HasTime) -> None:
    try:
        analysis = _ask(job, services, now, has_time)
    except GateClosed:
        return
    except ResourceNotFound as trouble:
        if now - job.created < GRACE:
            _postpone(job, str(trouble), services, now)
        else:
            _lose(job, f"the service no longer has it: {trouble}", services, now)
    except (InvalidResponse, Rejected) as trouble:  # concerns this job only
        log_trouble(trouble)
        _set_back(job, trouble, services, now)
    except LanguageError as trouble:
        _wait_behind(job, trouble, services, now)
    else:
        if analysis is None:
            _wait_or_expire(job, "the tick had no time left to poll all of its requests", services, now, _wait(job))
        else:
            _judge(job, analysis, services, now)


def _wait_behind(job: Job, trouble: LanguageError, services: Services, now: datetime) -> None:
    """Postpone a job whose poll closed the gate until some time after the gate opens, so that others go first.

    The last of SETBACKS is counted only if the calls before it succeeded, or if the job is older than MAX_OUTAGE.
    """
    is_its_own = gate.is_first_trouble(services, now) or now - job.created >= MAX_OUTAGE
    if is_its_own or job.setbacks < SETBACKS - 1:
        _set_back(job, trouble, services, now)
        return
    due = services.seen.opens(now) + backoff(job.key, job.setbacks, RETRY_FIRST, RETRY_MAX)
    with suppress(VersionConflict):
        services.ledger.commit((job, job.renewed(due, now)))


def _ask(job: Job, services: Services, now: datetime, has_time: HasTime) -> Analysis | None:
    """Poll the job's requests. Returns the merged analysis, or that of the first request that has not ended.

    None if there was no time for all of them.
    """
    analyses: list[Analysis] = []
    for service_id in job.service_ids:
        if analyses and not has_time():
            return None
        ask = partial(services.language.analysis, service_id)
        item = job.documents[0] if len(job.documents) == 1 else job.key
        analyses.append(gate.call(services, now, ask, harmless=gate.ON_ONE_JOB, item=item, again=job.setbacks > 0))
        if not analyses[-1].state.final:
            return analyses[-1]
    return analyses[0] if len(analyses) == 1 else merge(analyses, job.classifier.kind, job.documents[0])


def _judge(job: Job, analysis: Analysis, services: Services, now: datetime) -> None:
    if not analysis.state.final:
        _wait_or_expire(job, analysis.status, services, now, _wait(job, analysis.retry_after))
    elif analysis.state is State.SUCCEEDED or analysis.classes or analysis.errors:
        _settle(job, analysis, services, now)
    else:
        _lose(job, analysis.error or f"its status at the service is {analysis.status}", services, now)


def _settle(job: Job, analysis: Analysis, services: Services, now: datetime) -> None:
    """Write the results of all documents. A document that fails stays in the job, which is polled again."""
    held = _held(job, services, recent=True)
    spans = [job.traceparent, *(document.traceparent for document in held)]
    with tracing.span(services.settings, "result", spans, documents=len(held)):
        _settle_held(job, held, analysis, services, now)


def _settle_held(job: Job, held: Sequence[Document], analysis: Analysis, services: Services, now: datetime) -> None:
    remembered = _settlement(job, held, analysis, services, now)
    try:
        services.ledger.commit(*remembered)
    except Exception:  # noqa: BLE001 - a document may have changed since this process wrote it
        settled, *changes = _settlement(job, _held(job, services), analysis, services, now)
        settle(services, settled, changes)
    gate.relax(services, now, job.classifier.name)


def _settlement(
    job: Job, held: Sequence[Document], analysis: Analysis, services: Services, now: datetime
) -> list[tuple[Any, Any]]:
    """The job and its documents, before and after. The results have been written."""
    last = job.expires is not None and now >= job.expires
    settled = each(
        lambda document: (document, _settled(document, job, analysis, services, now)),
        held,
        lambda document, trouble: (document, _kept(document, trouble, now, last=last)),
    )
    changes = [change for change in settled if change]
    return [(job, _after_settling(job, [after for _, after in changes], now)), *changes]


def _settled(document: Document, job: Job, analysis: Analysis, services: Services, now: datetime) -> Document:
    """The document after the job. If it has classes, its result has been written."""
    after = outcome(document, job, analysis, now)
    if after.state is DocumentState.SUCCEEDED:
        services.documents.write_result(after.name, after.etag, result_of(after, job, services))
    return after


def _kept(document: Document, trouble: Exception, now: datetime, *, last: bool) -> Document:
    """The document, still in its job, with one setback more; failed if this was the `last` poll before it expires."""
    if last:
        return document.failed(Reason.ERROR, f"Its result could not be written: {reason(trouble)}", now)
    return document.set_back(reason(trouble), document.due, now, patience=patience(trouble))


def _after_settling(job: Job, documents: Sequence[Document], now: datetime) -> Job:
    """Done; or due again, for the documents that are still in it."""
    kept = [document for document in documents if not document.state.final and document.job == job.key]
    if not kept:
        return job.done(now)
    tries = max(document.setbacks for document in kept)
    due = now + backoff(job.key, tries, POLL_FIRST, POLL_MAX)
    return job.polled(kept[0].timeline[-1].what, due, now)


def outcome(document: Document, job: Job, analysis: Analysis, now: datetime) -> Document:
    """The document after its job has ended with this analysis. Pure."""
    if document.key in analysis.classes:
        return document.succeeded(analysis.classes[document.key], job.classifier, now)
    if document.key in analysis.errors:
        return document.failed(Reason.REJECTED, analysis.errors[document.key], now)
    return no_result(document, analysis.error or "the service's response does not include it", now)


def result_of(document: Document, job: Job, services: Services) -> dict[str, Any]:
    """The content of the result file. Times are ISO 8601, confidences from 0 to 1, sizes in bytes."""
    classifier = job.classifier
    return {
        "source": {
            "container": services.documents.container,
            "name": document.name,
            "etag": document.etag,
            "size": document.size,
            "lastModified": document.modified.isoformat(),
        },
        "classes": [class_score(score) for score in document.classes],
        "project": classifier.project,
        "deployment": classifier.deployment,
        "model": classifier.model,
        "modelId": classifier.model_id,
        "apiVersion": job.api,
        "document": document.key,
        "job": job.key,
        "landed": document.claimed.isoformat(),
        "submitted": job.created.isoformat(),
        "classified": document.ended.isoformat() if document.ended else None,
    }


def _held(job: Job, services: Services, *, recent: bool = False) -> list[Document]:
    """The documents that are submitted in this job; `recent`: as this process last wrote them."""

    def is_held(document: Document) -> bool:
        return document.job == job.key and document.state is DocumentState.SUBMITTED

    documents = services.ledger.find_all(Document, job.documents, is_held if recent else None)
    return [document for document in documents if is_held(document)]


def _lose(job: Job, why: str, services: Services, now: datetime) -> None:
    log.warning("Job %s is lost: %s", job.key, why)
    release_documents(services, job, _held(job, services), why, now)


def _wait_or_expire(job: Job, status: str, services: Services, now: datetime, wait: timedelta) -> None:
    if job.expires and now >= job.expires:
        _lose(job, "it expired at the service before it ended", services, now)
    else:
        _postpone(job, status, services, now, wait)


def _postpone(job: Job, status: str, services: Services, now: datetime, wait: timedelta | None = None) -> None:
    with suppress(VersionConflict):
        services.ledger.commit((job, job.polled(status, now + (wait or _wait(job)), now)))


def _wait(job: Job, retry_after: float | None = None) -> timedelta:
    """The wait until the next poll: the service's Retry-After, up to a limit, or else a growing wait."""
    return wait_for(retry_after, backoff(job.key, job.polls, POLL_FIRST, POLL_MAX))
