"""What jobs at the service have come to: poll what is due, write the results, settle.

Results are written before the row that says so. A settle moves only documents whose job is this job.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from shared import gate
from shared.errors import LanguageError, Moved, Shut, StorageUnavailable, TextdropError, Unknown
from shared.language.types import Analysis, State
from shared.model import Document, DocumentState, Job, JobState, Reason, wait_before
from shared.packing import merge
from shared.services import Services
from shared.submission import GRACE, RETRY_FIRST, RETRY_LONGEST, give_back

log = logging.getLogger(__name__)

POLL_FIRST, POLL_LONGEST = timedelta(seconds=2), timedelta(minutes=1)
LONGEST_ASKED = timedelta(minutes=15)  # whatever the service asks for
POLLERS = WRITERS = 8


def collect(services: Services, now: datetime, limit: int, by: datetime | None = None) -> int:
    """Follow at most `limit` jobs that are due, or were `by` then, side by side; gives how many were looked at."""
    if gate.is_closed(services, now):
        return 0
    jobs = _within_quota(services.ledger.due(Job, by or now, limit), services, now)
    with ThreadPoolExecutor(POLLERS) as pollers:
        list(pollers.map(lambda job: _collect(job, services, now), jobs))
    return len(jobs)


def _within_quota(jobs: Sequence[Job], services: Services, now: datetime) -> Sequence[Job]:
    """As many of them, in their order, as the quota has polls for; a job asks as often as it has requests."""
    return jobs[: gate.reserve(services, [len(job.service_ids) for job in jobs], now)]


def _collect(job: Job, services: Services, now: datetime) -> None:
    """One job's trouble is its own."""
    try:
        _follow(job, services, now)
    except Moved:  # another instance settled it; or else a row of its is missing, and asking at once is of no use
        _postpone(job, "another change came first", services, now)
    except Exception as trouble:
        log.exception("Job %s is looked at again later.", job.key)
        why = str(trouble) if isinstance(trouble, TextdropError) else "could not be settled: see the log"
        with suppress(Moved):
            _wait_or_expire(job, why, services, now)


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
    except Shut:
        return
    except Unknown as trouble:
        if now - job.created < GRACE:
            _postpone(job, str(trouble), services, now)
        else:
            _lose(job, f"the service does not know it any more: {trouble}", services, now)
    except LanguageError as trouble:
        _wait_or_expire(job, str(trouble), services, now)
    else:
        _judge(job, analysis, services, now)


def _ask(job: Job, services: Services, now: datetime) -> Analysis:
    """What the service says of the job: of all its parts together, or of the first that has not ended."""
    analyses = []
    for service_id in job.service_ids:
        ask = partial(services.language.analysis, service_id)
        analyses.append(gate.call(services, now, ask, harmless=gate.ON_ONE_JOB))
        if not analyses[-1].state.final:
            return analyses[-1]
    return analyses[0] if len(analyses) == 1 else merge(analyses, job.classifier.kind)


def _judge(job: Job, analysis: Analysis, services: Services, now: datetime) -> None:
    if not analysis.state.final:
        _wait_or_expire(job, analysis.status, services, now, analysis.retry_after)
    elif analysis.state is State.SUCCEEDED or analysis.classes or analysis.errors:
        _settle(job, analysis, services, now)
    else:
        _lose(job, analysis.error or f"the service says {analysis.status}", services, now)


def _settle(job: Job, analysis: Analysis, services: Services, now: datetime) -> None:
    documents = _held(job, services)
    settled = [(document, outcome(document, job, analysis, now)) for document in documents]
    with ThreadPoolExecutor(WRITERS) as writers:
        troubles = list(writers.map(lambda pair: _written(pair[1], job, services), settled))
    told = [pair for pair, trouble in zip(settled, troubles, strict=True) if not trouble]
    services.ledger.commit((job, _after_settling(job, troubles, now)), *told)
    gate.relax(services, now)


def _written(document: Document, job: Job, services: Services) -> str:
    """Write the document's result, if it has one; gives what kept it from being written. It keeps no other."""
    if document.state is DocumentState.SUCCEEDED:
        try:
            services.documents.write_result(document.name, document.etag, result_of(document, job, services))
        except StorageUnavailable as trouble:
            return str(trouble)
    return ""


def _after_settling(job: Job, troubles: Sequence[str], now: datetime) -> Job:
    """Done; or looked at again for the results that could not be written, as long as the service keeps them."""
    trouble = next(filter(None, troubles), "")
    if not trouble or (job.expires and now >= job.expires):
        return job.done(now)
    return job.polled(trouble, now + wait_before(job.key, job.polls, POLL_FIRST, POLL_LONGEST), now)


def outcome(document: Document, job: Job, analysis: Analysis, now: datetime) -> Document:
    """What an ended job says about one of its documents. Pure."""
    if document.key in analysis.classes:
        return document.succeeded(analysis.classes[document.key], job.classifier, now)
    if document.key in analysis.errors:
        return document.failed(Reason.REJECTED, analysis.errors[document.key], now)
    due = now + wait_before(document.key, document.attempts, RETRY_FIRST, RETRY_LONGEST)
    return document.unanswered(analysis.error or "the service left it out of its answer", due, now)


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
    give_back(services, job, _held(job, services), why, now)


def _wait_or_expire(job: Job, status: str, services: Services, now: datetime, retry_after: float | None = None) -> None:
    if job.expires and now >= job.expires:
        _lose(job, "it expired before it ended", services, now)
    else:
        _postpone(job, status, services, now, retry_after)


def _postpone(job: Job, status: str, services: Services, now: datetime, retry_after: float | None = None) -> None:
    wait = wait_before(job.key, job.polls, POLL_FIRST, POLL_LONGEST)
    if retry_after is not None:
        wait = min(timedelta(seconds=retry_after), LONGEST_ASKED)
    with suppress(Moved):
        services.ledger.commit((job, job.polled(status, now + wait, now)))
