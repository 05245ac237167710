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
from shared.domain.rate_limiter import TokenBucket
from shared.domain.singletons import (
    ClassifierGate,
    Gate,
    Heartbeat,
    OutboxError,
    Pause,
    SubmitLease,
    Sweep,
)
from shared.domain.timeline import OPEN_TOO_LONG, SETBACKS
from shared.errors import TextdropError
from shared.learning.outbox import OUTBOX_TOO_LONG, OutboxEntry
from shared.learning.reviews import Review
from shared.learning.statistics import Statistics
from shared.pipeline import waiting
from shared.pipeline.classifier import is_missing, names, unrouted
from shared.pipeline.isolation import reason
from shared.pipeline.submission import NO_CLASSIFIER
from shared.services import TABLE, Services
from shared.storage.snapshot import Agenda, Single, Singletons

NO_TICK_TOO_LONG = timedelta(minutes=5)
MANY_SETBACKS = 3  # of one item; fewer are ordinary

RECENT = timedelta(hours=1)  # how long errors that ended documents are reported
MAX_CHECKED = 100  # items that a check reads of each kind
MAX_REVIEWS = 20  # many may be open for long
MAX_OPEN = 200  # documents, jobs and operations that one query reads
# Returns a problem that is red, in a sentence, or "" if there is none; or the status and its sentence.
Check = Callable[["Stored"], str | tuple[HealthStatus, str]]
KINDS: tuple[Any, ...] = (Document, Job, Operation)
Examined = tuple[list[Any], list[str]]  # values, and the keys of rows that cannot be read
READS = 10  # threads: one for each read


@dataclass(frozen=True)
class Stored:
    """What the checks need is read once, in parallel. A read that failed fails the checks that need it."""

    services: Services
    now: datetime
    singletons: Future[Singletons]
    agenda: Future[Agenda | None]
    opened: Mapping[type, Future[Examined]]
    learning: Mapping[type, Future[Examined]]
    failed: Future[list[Document]]
    container: Future[bool]

    @classmethod
    def reading(cls, services: Services, now: datetime, readers: Executor) -> Self:
        """What is not yet read when this returns is read by `readers`."""
        ledger = services.ledger
        agenda = readers.submit(_agenda, services)
        entries = readers.submit(ledger.examine_learning, OutboxEntry, MAX_CHECKED)
        counts = readers.submit(ledger.examine_learning, Statistics, MAX_CHECKED)
        recent = now - RECENT
        return cls(
            services,
            now,
            readers.submit(ledger.singletons),
            agenda,
            {
                Review: readers.submit(ledger.examine_open, Review, MAX_REVIEWS),
                **{kind: readers.submit(_open, services, kind, agenda) for kind in KINDS},
            },
            {OutboxEntry: entries, Statistics: counts},
            readers.submit(lambda: ledger.ended(Document, DocumentState.FAILED, MAX_CHECKED, since=recent)[0]),
            readers.submit(services.documents.reachable),
        )

    def read(self, kind: type[Single]) -> Single:
        """A singleton."""
        return self.singletons.result().of(kind)

    def open(self, kind: type) -> list[Any]:
        """At most MAX_CHECKED open documents, jobs or operations, in the order of the time when they are due."""
        return self.opened[kind].result()[0]


def _agenda(services: Services) -> Agenda | None:
    """One query for what is open, unless that is much, or a row keeps it from being read with the others."""
    try:
        return services.ledger.agenda(MAX_OPEN)
    except TextdropError:
        raise
    except Exception:  # noqa: BLE001 - the checks read each kind
        return None


def _open(services: Services, kind: type, agenda: Future[Agenda | None]) -> Examined:
    return services.ledger.examine_open(kind, MAX_CHECKED, agenda.result())


def get_health(call: Call[None]) -> Response:
    """The health of the app, with a sentence for each problem. 503 if a check is `red` and needs attention.

    `waiting`, with status 200: calls to the service wait, and may resume without intervention.
    """
    with ThreadPoolExecutor(READS) as readers:  # so that several slow reads take the time of one
        stored = Stored.reading(call.services, call.now, readers)
    findings = [_finding(name, check, stored) for name, check in CHECKS.items()]
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
    if stored.container.result():
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
    items = stored.services.ledger.written_ahead(stored.now, MAX_CHECKED, stored.agenda.result())
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


def _sweep(stored: Stored) -> tuple[HealthStatus, str]:
    """A sweep that does not start, does not end, or cannot claim files. Files without an event depend on it.

    The progress of one that takes several ticks is its detail.
    """
    sweep = stored.read(Sweep)
    progress = _progress_of(sweep)
    if sweep.unclaimed:
        files = f"{sweep.unclaimed} files, such as {sweep.example}, could not be claimed: see the app's log."
        return HealthStatus.RED, f"{files} {progress}".rstrip()
    since = sweep.ended or sweep.began
    if since is None or not sweep.is_late(timedelta(minutes=stored.services.settings.sweep_minutes), stored.now):
        return HealthStatus.OK, progress
    late = f"No sweep has ended since {since.isoformat()}: see the app's log."
    return HealthStatus.RED, f"{late} {progress}".rstrip()


def _progress_of(sweep: Sweep) -> str:
    """Since when a sweep runs, and how far it is; "" if none does."""
    if sweep.began is None:
        return ""
    of_about = f" of about {sweep.files_before:,}" if sweep.files_before > sweep.files else ""
    last = f" Its last page was at {sweep.moved.isoformat()}." if sweep.moved and sweep.files else ""
    return (
        f"A sweep has run since {sweep.began.isoformat()}. It has listed {sweep.files:,} files{of_about}, and found "
        f"{sweep.found:,} without an event.{last}"
    )


def _setbacks(stored: Stored) -> str:
    """Open items with repeated unexpected errors, and documents that such errors ended recently."""
    stopped = [
        f"{getattr(item, 'name', item.key)} ({item.timeline[-1].what})"
        for kind in KINDS
        for item in stored.open(kind)
        if item.setbacks >= MANY_SETBACKS or getattr(item, "refusals", 0) >= SETBACKS
    ]
    failed = [document for document in stored.failed.result() if document.reason is Reason.ERROR]
    stopped += [f"{document.name} ({document.detail})" for document in failed]
    if not stopped:
        return ""
    return f"Errors stop {len(stopped)} items, such as {stopped[0]}: see the app's log, and replay failed documents."


def _unreadable_rows(stored: Stored) -> str:
    keys = [key for kind in KINDS for key in stored.opened[kind].result()[1]]
    reads = (stored.opened[Review], *stored.learning.values())
    learning = [key for read in reads for key in read.result()[1]]
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
    entries = stored.learning[OutboxEntry].result()[0]
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
