"""What jobs at the service have come to: poll what is due, write the results, settle.

Results are written before the row that says so. A settle moves only documents whose job is this job.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from shared.domain.clocks import backoff
from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.jobs import Job, JobState
from shared.domain.splitting import merge
from shared.errors import GateClosed, InvalidResponse, LanguageError, Rejected, ResourceNotFound, VersionConflict
from shared.language.types import Analysis, State
from shared.pipeline import gate
from shared.pipeline.isolation import each, log_trouble, patience, reason
from shared.pipeline.settling import RETRY_FIRST, RETRY_MAX, no_result, settle
from shared.pipeline.submission import GRACE, release_documents
from shared.services import Services

log = logging.getLogger(__name__)

POLL_FIRST, POLL_MAX = timedelta(seconds=2), timedelta(minutes=1)
MAX_RETRY_AFTER = timedelta(minutes=15)  # whatever the service asks for


def collect(services: Services, now: datetime, limit: int, by: datetime | None = None) -> int:
    """Follow at most `limit` jobs that are due, or were `by` then, side by side; gives how many were looked at."""
    if gate.is_closed(services, now):
        return 0
    jobs = _within_quota(services.ledger.due(Job, by or now, limit), services, now)
    each(lambda job: _collect(job, services, now), jobs, lambda job, trouble: _set_back(job, trouble, services, now))
    return len(jobs)


def _within_quota(jobs: Sequence[Job], services: Services, now: datetime) -> Sequence[Job]:
    """As many of them, in their order, as the quota has polls for; a job asks as often as it has requests."""
    return jobs[: gate.reserve(services, [len(job.service_ids) for job in jobs], now)]


def _collect(job: Job, services: Services, now: datetime) -> None:
    if job.is_worn_out:
        last = job.timeline[-1].what
        _lose(job, f"its next step failed {job.setbacks} times; the last time: {last}", services, now)
        return
    try:
        _follow(job, services, now)
    except (
        VersionConflict
    ):  # another instance settled it; or else a row of its is missing, and asking at once is of no use
        _postpone(job, "another change came first", services, now)


def _set_back(job: Job, trouble: Exception, services: Services, now: datetime) -> None:
    """One job's trouble is its own, and not for ever."""
    if job.is_worn_out:
        services.ledger.commit((job, job.lost(reason(trouble), now)))
        return
    if job.expires and now >= job.expires:
        _lose(job, reason(trouble), services, now)
        return
    due = services.seen.opens(now) + backoff(job.key, job.setbacks, RETRY_FIRST, RETRY_MAX)
    with suppress(VersionConflict):
        services.ledger.commit((job, job.set_back(reason(trouble), due, now)))


def _follow(job: Job, services: Services, now: datetime) -> None:
    if job.state is JobState.SUBMITTING:
        _lose(job, "nobody knows whether the request arrived", services, now)
    elif job.classifier.dialect != services.language.dialect:
        _lose(job, f"it belongs to API {job.api}, which is not in use any more", services, now)
    else:
        _poll(job, services, now)


def _poll(job: Job, services: Services, now: datetime) -> None:
    try:
        analysis = _ask(job, services, now)
    except GateClosed:
        return
    except ResourceNotFound as trouble:
        if now - job.created < GRACE:
            _postpone(job, str(trouble), services, now)
        else:
            _lose(job, f"the service does not know it any more: {trouble}", services, now)
    except (InvalidResponse, Rejected) as trouble:  # no trouble of the service: only of this job
        log_trouble(trouble)
        _set_back(job, trouble, services, now)
    except LanguageError as trouble:
        _wait_behind(job, trouble, services, now)
    else:
        _judge(job, analysis, services, now)


def _wait_behind(job: Job, trouble: LanguageError, services: Services, now: datetime) -> None:
    """Its poll closed the gate, and may do so each time: it is due some time after the gate opens, so that others go
    first. It counts against the job only if the service answered others before.
    """
    if gate.is_first_trouble(services, now):
        _set_back(job, trouble, services, now)
        return
    wait = services.seen.opens(now) - now + backoff(job.key, job.polls, RETRY_FIRST, RETRY_MAX)
    _wait_or_expire(job, str(trouble), services, now, wait)


def _ask(job: Job, services: Services, now: datetime) -> Analysis:
    """What the service says of the job: of all its parts together, or of the first that has not ended."""
    analyses = []
    for service_id in job.service_ids:
        ask = partial(services.language.analysis, service_id)
        analyses.append(gate.call(services, now, ask, harmless=gate.ON_ONE_JOB))
        if not analyses[-1].state.final:
            return analyses[-1]
    return analyses[0] if len(analyses) == 1 else merge(analyses, job.classifier.kind, job.documents[0])


def _judge(job: Job, analysis: Analysis, services: Services, now: datetime) -> None:
    if not analysis.state.final:
        _wait_or_expire(job, analysis.status, services, now, _wait(job, analysis.retry_after))
    elif analysis.state is State.SUCCEEDED or analysis.classes or analysis.errors:
        _settle(job, analysis, services, now)
    else:
        _lose(job, analysis.error or f"the service says {analysis.status}", services, now)


def _settle(job: Job, analysis: Analysis, services: Services, now: datetime) -> None:
    """What cannot be settled of one document keeps no other: the job is asked for it again as long as it is kept."""
    last = job.expires is not None and now >= job.expires
    settled = each(
        lambda document: (document, _settled(document, job, analysis, services, now)),
        _held(job, services),
        lambda document, trouble: (document, _kept(document, trouble, now, last=last)),
    )
    changes = [change for change in settled if change]
    settle(services, (job, _after_settling(job, [after for _, after in changes], now)), changes)
    gate.relax(services, now)


def _settled(document: Document, job: Job, analysis: Analysis, services: Services, now: datetime) -> Document:
    """Its result is written before the row that says so."""
    after = outcome(document, job, analysis, now)
    if after.state is DocumentState.SUCCEEDED:
        services.documents.write_result(after.name, after.etag, result_of(after, job, services))
    return after


def _kept(document: Document, trouble: Exception, now: datetime, *, last: bool) -> Document:
    """It stays in its job with an error counted; when the service forgets the answer, it has failed."""
    if last:
        return document.failed(Reason.ERROR, f"Its result could not be written: {reason(trouble)}", now)
    return document.set_back(reason(trouble), document.due, now, patience=patience(trouble))


def _after_settling(job: Job, documents: Sequence[Document], now: datetime) -> Job:
    """Done; or looked at again for the documents that are still in it."""
    kept = [one for one in documents if not one.state.final and one.job == job.key]
    if not kept:
        return job.done(now)
    tries = max(one.setbacks for one in kept)
    due = now + backoff(job.key, tries, POLL_FIRST, POLL_MAX)
    return job.polled(kept[0].timeline[-1].what, due, now)


def outcome(document: Document, job: Job, analysis: Analysis, now: datetime) -> Document:
    """What an ended job says about one of its documents. Pure."""
    if document.key in analysis.classes:
        return document.succeeded(analysis.classes[document.key], job.classifier, now)
    if document.key in analysis.errors:
        return document.failed(Reason.REJECTED, analysis.errors[document.key], now)
    return no_result(document, analysis.error or "the service left it out of its answer", now)


def result_of(document: Document, job: Job, services: Services) -> dict[str, Any]:
    """The result as it lies in the results container. Times are ISO 8601, confidences 0 to 1, sizes bytes."""
    classifier = job.classifier
    return {
        "source": {
            "container": services.documents.container,
            "name": document.name,
            "etag": document.etag,
            "size": document.size,
            "lastModified": document.modified.isoformat(),
        },
        "classes": [{"category": one.category, "confidence": one.confidence} for one in document.classes],
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


def _held(job: Job, services: Services) -> list[Document]:
    found = services.ledger.find_all(Document, job.documents)
    return [one for one in found if one.job == job.key and one.state is DocumentState.SUBMITTED]


def _lose(job: Job, why: str, services: Services, now: datetime) -> None:
    log.warning("Job %s is lost: %s", job.key, why)
    release_documents(services, job, _held(job, services), why, now)


def _wait_or_expire(job: Job, status: str, services: Services, now: datetime, wait: timedelta) -> None:
    if job.expires and now >= job.expires:
        _lose(job, "it expired before it ended", services, now)
    else:
        _postpone(job, status, services, now, wait)


def _postpone(job: Job, status: str, services: Services, now: datetime, wait: timedelta | None = None) -> None:
    with suppress(VersionConflict):
        services.ledger.commit((job, job.polled(status, now + (wait or _wait(job)), now)))


def _wait(job: Job, retry_after: float | None = None) -> timedelta:
    """Until the next poll: as long as the service asks, within reason, or longer each time."""
    if retry_after is not None:
        return min(timedelta(seconds=retry_after), MAX_RETRY_AFTER)
    return backoff(job.key, job.polls, POLL_FIRST, POLL_MAX)
