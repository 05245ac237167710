"""The health checks: each is ok, waiting (it may recover without intervention) or red (it needs attention)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Self

from shared.api.call import Call
from shared.api.requests import Response
from shared.api.views import HealthStatus
from shared.domain.clocks import is_ahead
from shared.domain.document_json import View
from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.jobs import Job
from shared.domain.operations import Operation
from shared.domain.singletons import (
    ClassifierGate,
    Gate,
    Heartbeat,
    OutboxError,
    Pause,
    SubmitLease,
    Sweep,
    TokenBucket,
)
from shared.domain.timeline import OPEN_TOO_LONG, SETBACKS
from shared.learning.outbox import OUTBOX_TOO_LONG
from shared.learning.reviews import Review
from shared.pipeline import waiting
from shared.pipeline.classifier import is_missing, names, unrouted
from shared.pipeline.isolation import reason
from shared.pipeline.submission import NO_CLASSIFIER
from shared.services import TABLE, Services
from shared.storage.snapshot import Single, Singletons

NO_TICK_TOO_LONG = timedelta(minutes=5)
MANY_SETBACKS = 3  # of one item; fewer are ordinary

RECENT = timedelta(hours=1)  # how long errors that ended documents are reported
MAX_CHECKED = 100  # items that a check reads of each kind
MAX_REVIEWS = 20  # many may be open for long
MAX_ENTRIES = 5  # of the outbox: the first one that can be read is the oldest
# Returns a problem that is red, in a sentence, or "" if there is none; or the status and its sentence.
Check = Callable[["Stored"], str | tuple[HealthStatus, str]]
KINDS: tuple[Any, ...] = (Document, Job, Operation)


@dataclass(frozen=True)
class Stored:
    """What several checks need is read once, in parallel. A read that failed fails the checks that need it."""

    services: Services
    now: datetime
    singletons: Future[Singletons]
    opened: Mapping[type, Future[list[Any]]]

    @classmethod
    def reading(cls, services: Services, now: datetime, readers: Executor) -> Self:
        ledger = services.ledger
        opened = {kind: readers.submit(lambda kind: ledger.open(kind, MAX_CHECKED)[0], kind) for kind in KINDS}
        return cls(services, now, readers.submit(ledger.singletons), opened)

    def read(self, kind: type[Single]) -> Single:
        """A singleton."""
        return self.singletons.result().of(kind)

    def open(self, kind: type) -> list[Any]:
        """At most MAX_CHECKED open documents, jobs or operations, in the order of the time when they are due."""
        return self.opened[kind].result()


def get_health(call: Call[None]) -> Response:
    """The health of the app, with a sentence for each problem. 503 if a check is `red` and needs attention.

    `waiting`, with status 200: calls to the service wait, and may resume without intervention.
    """
    threads = len(CHECKS) + len(KINDS) + 1  # in parallel, so that several slow checks take the time of one
    with ThreadPoolExecutor(threads) as checkers:
        stored = Stored.reading(call.services, call.now, checkers)
        findings = list(checkers.map(lambda name: _finding(name, CHECKS[name], stored), CHECKS))
    worst = max((finding["status"] for finding in findings), key=list(HealthStatus).index)
    return Response(503 if worst is HealthStatus.RED else 200, {"status": worst, "checks": findings})


def _finding(name: str, check: Check, stored: Stored) -> View:
    try:
        result = check(stored)
    except Exception as error:  # noqa: BLE001 - a check that fails does not hide the others
        result = reason(error)
    status, detail = result if isinstance(result, tuple) else (HealthStatus.RED if result else HealthStatus.OK, result)
    detail_if_any = {"detail": detail} if detail else {}
    return {"name": name, "ok": status is not HealthStatus.RED, "status": status, **detail_if_any}


def _container(stored: Stored) -> str:
    if stored.services.documents.reachable():
        return ""
    return f"Container {stored.services.documents.container} does not exist: create it, or correct DOCUMENTS_CONTAINER."


def _heartbeat(stored: Stored) -> str:
    at = stored.read(Heartbeat).at
    if at and stored.now - at < NO_TICK_TOO_LONG:
        return ""
    return f"No tick has run {f'since {at.isoformat()}' if at else 'yet'}: is the timer function enabled?"


def _clocks(stored: Stored) -> str:
    """Stored times that are in the future, which make ages too small: the clock of a host is wrong."""
    read = stored.read
    gate, sweep = read(Gate), read(Sweep)
    times = {
        "the last tick": read(Heartbeat).at,
        "the closing of the gate": gate.closed_at or gate.since,
        "the last call": read(TokenBucket).at,
        "the last submission": read(SubmitLease).taken,
        "the last sweep": sweep.moved or sweep.ended,
    }
    times |= {f"document {document.name}": document.claimed for document in stored.open(Document)}
    times |= {f"job {job.key}": job.created for job in stored.open(Job)}
    items = stored.services.ledger.written_ahead(stored.now, MAX_CHECKED)
    times |= {f"{type(item).__name__} {item.key}": item.written for item in items}
    ahead = {what: time for what, time in times.items() if time and is_ahead(time, stored.now)}
    if not ahead:
        return ""
    what, time = max(ahead.items(), key=itemgetter(1))
    return (
        f"{len(ahead)} stored times are in the future, such as {what} at {time.isoformat()}, while this host's clock "
        f"shows {stored.now.isoformat()}: the clock of this host or of another host is wrong."
    )


def _gate(stored: Stored) -> tuple[HealthStatus, str]:
    """A closed gate is waiting, with its reason. It is red once it has been closed for too long."""
    return _breaker(stored.read(Gate).bounded(stored.now), stored.now)


def _breaker(part: Gate | ClassifierGate, now: datetime) -> tuple[HealthStatus, str]:
    if not part.is_troubled(now):
        return HealthStatus.OK, ""
    return HealthStatus.RED if part.is_closed_too_long(now) else HealthStatus.WAITING, waiting.closed(part)


def _oldest(stored: Stored) -> str:
    """The oldest open document or job. Waiting documents are first in the order of due; submitted ones have jobs."""
    documents = stored.open(Document)
    jobs = stored.open(Job)
    since = [(document.claimed, f"{document.name} has been {document.state}") for document in documents]
    since += [(job.created, f"Job {job.key} has been {job.state}") for job in jobs]
    oldest, what = min(since, default=(stored.now, ""))
    return f"{what} since {oldest.isoformat()}." if stored.now - oldest >= OPEN_TOO_LONG else ""


def _sweep(stored: Stored) -> str:
    """A sweep that does not start, does not end, or cannot claim files. Files without an event depend on it."""
    sweep = stored.read(Sweep)
    if sweep.unclaimed:
        return f"{sweep.unclaimed} files, such as {sweep.example}, could not be claimed: see the app's log."
    since = sweep.ended or sweep.began
    if since is None or not sweep.is_late(timedelta(minutes=stored.services.settings.sweep_minutes), stored.now):
        return ""
    return f"No sweep has ended since {since.isoformat()}: see the app's log."


def _setbacks(stored: Stored) -> str:
    """Open items with repeated unexpected errors, and documents that such errors ended recently."""
    stopped = [
        f"{getattr(item, 'name', item.key)} ({item.timeline[-1].what})"
        for kind in KINDS
        for item in stored.open(kind)
        if item.setbacks >= MANY_SETBACKS or getattr(item, "refusals", 0) >= SETBACKS
    ]
    failed, _ = stored.services.ledger.ended(Document, DocumentState.FAILED, MAX_CHECKED, since=stored.now - RECENT)
    stopped += [f"{document.name} ({document.detail})" for document in failed if document.reason is Reason.ERROR]
    if not stopped:
        return ""
    return f"Errors stop {len(stopped)} items, such as {stopped[0]}: see the app's log, and replay failed documents."


def _unreadable_rows(stored: Stored) -> str:
    ledger = stored.services.ledger
    keys = [key for kind in KINDS for key in ledger.unreadable(kind, MAX_CHECKED)]
    learning = ledger.unreadable(Review, MAX_REVIEWS) + ledger.unreadable_learning(MAX_CHECKED)
    if not (keys or learning):
        return ""
    deletion = (
        "Or delete them, and POST /api/sweep, which finds their files again, and the documents of their jobs."
        if keys
        else "Or delete them: what they count or ask is lost."
    )
    return (
        f"{len(keys + learning)} rows of table {TABLE} cannot be read and are not processed: "
        f"{', '.join((keys + learning)[:3])}. Run the version of the app that wrote them. {deletion}"
    )


def _outbox(stored: Stored) -> tuple[HealthStatus, str]:
    """An entry that an error keeps is waiting, with the error. It is red once it is OUTBOX_TOO_LONG old."""
    entries, _more = stored.services.ledger.outbox(MAX_ENTRIES)
    if not entries:
        return HealthStatus.OK, ""
    since, last = entries[0].at, stored.read(OutboxError)
    error = last.reason if last.at and last.at >= since else ""
    late = stored.now - since >= OUTBOX_TOO_LONG
    if not (late or error):
        return HealthStatus.OK, ""
    cause = f"the last error: {error}" if error else "no tick has taken what ended since then"
    detail = f"Statistics, reviews and events are late since {since.isoformat()}; {cause}"
    return HealthStatus.RED if late else HealthStatus.WAITING, detail if detail.endswith(".") else f"{detail}."


def _classifier(stored: Stored) -> str | tuple[HealthStatus, str]:
    """Files that no classifier takes are red. A classifier that the service does not know is as a closed gate."""
    services, known = stored.services, stored.singletons.result()
    documents = stored.open(Document)
    if documents and is_missing(services, known):
        return f"Files wait, and there is no classifier: {waiting.CHOOSE_ONE}"
    used = names(services, known)
    found = [_breaker(part, stored.now) for part in stored.read(Gate).bounded(stored.now).blocked if part.name in used]
    if files := unrouted(services, [document.name for document in documents], known):
        found.append((HealthStatus.RED, f"{len(files)} files, such as {files[0]}, wait: {NO_CLASSIFIER}"))
    worst = max((status for status, _ in found), key=list(HealthStatus).index, default=HealthStatus.OK)
    return worst, " ".join(detail for _, detail in found if detail)


def _paused(stored: Stored) -> str:
    pause = stored.read(Pause)
    return waiting.paused(pause) if pause.paused else ""


CHECKS: dict[str, Check] = {
    "container": _container,
    "tick": _heartbeat,
    "clocks": _clocks,
    "gate": _gate,
    "oldest document": _oldest,
    "sweep": _sweep,
    "set back": _setbacks,
    "rows": _unreadable_rows,
    "outbox": _outbox,
    "classifier": _classifier,
    "submission": _paused,
}
