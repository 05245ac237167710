"""How the app does: what was looked at, what may pass by itself, and what wants attention."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from shared.api import views
from shared.api.call import Call
from shared.api.requests import Response
from shared.api.views import Standing
from shared.domain.clocks import is_ahead
from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.jobs import Job
from shared.domain.operations import Operation
from shared.domain.singletons import Gate, Heartbeat, Pause, SubmitLease, Sweep, TokenBucket
from shared.domain.timeline import SETBACKS
from shared.pipeline import waiting
from shared.pipeline.classifier import is_missing
from shared.pipeline.isolation import reason
from shared.services import TABLE, Services

OLDEST_OPEN = timedelta(minutes=15)
LOOKED_AT = 100
MAX_SILENCE = timedelta(minutes=5)
MAX_QUIET_CLOSED = timedelta(minutes=5)
LATE_SWEEPS = 3
NOTICED_SETBACKS = 3  # one or two are weather
RECENT = timedelta(hours=1)
# What is red, in words; "" if all is well. Or how it stands, and what there is to say of it.
Check = Callable[[Services, datetime], str | tuple[Standing, str]]
KINDS: tuple[Any, ...] = (Document, Job, Operation)
MAX_SWEEP = timedelta(days=1)  # 5,000 files a tick: millions


def get_health(call: Call[None]) -> Response:
    """How the app does, in words: 503 if something is `red` and needs somebody's attention, 200 if not.

    `waiting`: calls to the service wait for a while, and it may pass by itself.
    """
    with ThreadPoolExecutor(len(CHECKS)) as checkers:  # what does not answer is waited for once, not five times
        findings = list(checkers.map(lambda name: _finding(name, CHECKS[name], call.services, call.now), CHECKS))
    worst = max((finding["status"] for finding in findings), key=list(Standing).index)
    return Response(503 if worst is Standing.RED else 200, {"status": worst, "checks": findings})


def _finding(name: str, check: Check, services: Services, now: datetime) -> views.View:
    try:
        found = check(services, now)
    except Exception as error:  # noqa: BLE001 - one check that fails hides no other
        found = reason(error)
    standing, detail = found if isinstance(found, tuple) else (Standing.RED if found else Standing.OK, found)
    detail_if_any = {"detail": detail} if detail else {}
    return {"name": name, "ok": standing is not Standing.RED, "status": standing, **detail_if_any}


def _container(services: Services, _: datetime) -> str:
    if services.documents.reachable():
        return ""
    return f"Container {services.documents.container} is not there: create it, or correct DOCUMENTS_CONTAINER."


def _ticking(services: Services, now: datetime) -> str:
    at = services.ledger.read(Heartbeat).at
    if at and now - at < MAX_SILENCE:
        return ""
    return f"No tick has run {f'since {at.isoformat()}' if at else 'yet'}: is the timer function enabled?"


def _clocks(services: Services, now: datetime) -> str:
    """Moments that have not come yet: ages would be negative, and what is late would look young."""
    read = services.ledger.read
    gate, sweep = read(Gate), read(Sweep)
    moments = {
        "the last tick": read(Heartbeat).at,
        "the gate's closing": gate.closed_at or gate.since,
        "the last call": read(TokenBucket).at,
        "the last submission": read(SubmitLease).taken,
        "the last sweep": sweep.moved or sweep.ended,
    }
    moments |= {f"document {one.name}": one.claimed for one in services.ledger.open(Document, LOOKED_AT)[0]}
    moments |= {f"job {one.key}": one.created for one in services.ledger.open(Job, LOOKED_AT)[0]}
    moments |= {f"{type(one).__name__} {one.key}": one.written for one in services.ledger.written_ahead(now, LOOKED_AT)}
    ahead = {what: moment for what, moment in moments.items() if moment and is_ahead(moment, now)}
    if not ahead:
        return ""
    what, moment = max(ahead.items(), key=itemgetter(1))
    return (
        f"{len(ahead)} moments lie ahead of this host's clock, such as {what} at {moment.isoformat()}, and now is "
        f"{now.isoformat()}: the clock of this host or of another is wrong."
    )


def _gate(services: Services, now: datetime) -> tuple[Standing, str]:
    """Closed, it shows at once with its reason; red once it has been closed for long."""
    found = services.ledger.read(Gate).bounded(now)
    if not found.is_troubled(now):
        return Standing.OK, ""
    long = found.since is not None and now - found.since >= MAX_QUIET_CLOSED
    return Standing.RED if long else Standing.WAITING, waiting.closed(found)


def _oldest(services: Services, now: datetime) -> str:
    """Waiting documents stand first in the order of what is due; submitted ones are as old as their jobs."""
    documents, _ = services.ledger.open(Document, LOOKED_AT)
    jobs, _more = services.ledger.open(Job, LOOKED_AT)
    since = [(one.claimed, f"{one.name} has been {one.state}") for one in documents]
    since += [(one.created, f"Job {one.key} has been {one.state}") for one in jobs]
    oldest, what = min(since, default=(now, ""))
    return f"{what} since {oldest.isoformat()}." if now - oldest >= OLDEST_OPEN else ""


def _sweeping(services: Services, now: datetime) -> str:
    """One that does not come to its end, or to its turn: files that no event tells of would wait unseen."""
    found = services.ledger.read(Sweep)
    if found.unclaimed:
        return f"{found.unclaimed} files, such as {found.example}, could not be claimed: the app's log says why."
    late = LATE_SWEEPS * timedelta(minutes=services.settings.sweep_minutes) + MAX_SILENCE
    since, moved = found.began or found.ended, found.moved if found.began else found.ended
    stuck = moved is not None and now - moved >= late
    endless = found.began is not None and now - found.began >= MAX_SWEEP
    if since is None or not (stuck or endless):
        return ""
    return f"No sweep has ended since {(found.ended or since).isoformat()}: the app's log says what keeps it."


def _set_back(services: Services, now: datetime) -> str:
    """What errors keep from its next step, again and again; and what they ended of late."""
    kept = [
        f"{getattr(one, 'name', one.key)} ({one.timeline[-1].what})"
        for kind in KINDS
        for one in services.ledger.open(kind, LOOKED_AT)[0]
        if one.setbacks >= NOTICED_SETBACKS or getattr(one, "refusals", 0) >= SETBACKS
    ]
    failed, _ = services.ledger.ended(Document, DocumentState.FAILED, LOOKED_AT, since=now - RECENT)
    kept += [f"{one.name} ({one.detail})" for one in failed if one.reason is Reason.ERROR]
    if not kept:
        return ""
    return (
        f"Errors keep {len(kept)} from their next step, such as {kept[0]}: the app's log has more. Replay what failed."
    )


def _rows(services: Services, _: datetime) -> str:
    keys = [key for kind in KINDS for key in services.ledger.unreadable(kind, LOOKED_AT)]
    if not keys:
        return ""
    return (
        f"{len(keys)} rows of table {TABLE} cannot be read, and wait for ever: {', '.join(keys[:3])}. "
        "Run the version of the app that wrote them; or delete them, and POST /api/sweep finds their files again, and "
        "the documents of their jobs."
    )


def _classifier(services: Services, _: datetime) -> str:
    open_documents, _more = services.ledger.open(Document, 1)
    if not open_documents or not is_missing(services):
        return ""
    return f"Files wait, and there is no classifier: {waiting.CHOOSE_ONE}"


def _paused(services: Services, _: datetime) -> str:
    found = services.ledger.read(Pause)
    return waiting.paused(found) if found.paused else ""


CHECKS: dict[str, Check] = {
    "container": _container,
    "tick": _ticking,
    "clocks": _clocks,
    "gate": _gate,
    "oldest document": _oldest,
    "sweep": _sweeping,
    "set back": _set_back,
    "rows": _rows,
    "classifier": _classifier,
    "submission": _paused,
}
