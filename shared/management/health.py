"""How the app does: what was looked at, and what wants attention."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from shared.isolation import reason
from shared.management import views
from shared.management.requests import Answer, Request
from shared.model import Document, DocumentState, Job, Reason
from shared.operation import Operation
from shared.services import TABLE, Services
from shared.singles import Chosen, Gate, Pause, Pulse, Sweep

OLDEST_OPEN = timedelta(minutes=15)
LOOKED_AT = 100
LONGEST_SILENCE = timedelta(minutes=5)
LONGEST_CLOSED = timedelta(minutes=5)
LATE_SWEEPS = 3
NOTICED_SETBACKS = 3  # one or two are weather
RECENT = timedelta(hours=1)
KINDS: tuple[Any, ...] = (Document, Job, Operation)
LONGEST_SWEEP = timedelta(days=1)  # 5,000 files a tick: millions


def get_health(services: Services, request: Request, now: datetime) -> Answer:
    """How the app does, in words: 200 if all is well, 503 if something needs somebody's attention."""
    del request
    with ThreadPoolExecutor(len(CHECKS)) as checkers:  # what does not answer is waited for once, not five times
        findings = list(checkers.map(lambda named: _finding(named[0], named[1], services, now), CHECKS.items()))
    well = all(finding["ok"] for finding in findings)
    return Answer(200 if well else 503, {"status": "ok" if well else "red", "checks": findings})


def _finding(name: str, check: Callable[[Services, datetime], str], services: Services, now: datetime) -> views.View:
    try:
        trouble = check(services, now)
    except Exception as error:  # noqa: BLE001 - one check that fails hides no other
        trouble = reason(error)
    return {"name": name, "ok": not trouble, **({"detail": trouble} if trouble else {})}


def _container(services: Services, _: datetime) -> str:
    if services.documents.reachable():
        return ""
    return f"Container {services.documents.container} is not there: create it, or correct DOCUMENTS_CONTAINER."


def _ticking(services: Services, now: datetime) -> str:
    at = services.ledger.read(Pulse).at
    if at and now - at < LONGEST_SILENCE:
        return ""
    return f"No tick has run {f'since {at.isoformat()}' if at else 'yet'}: is the timer function enabled?"


def _gate(services: Services, now: datetime) -> str:
    found = services.ledger.read(Gate)
    if not found.is_closed(now) or found.since is None or now - found.since < LONGEST_CLOSED:
        return ""
    return f"No analyze calls since {found.since.isoformat()}. {found.reason}"


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
    late = LATE_SWEEPS * timedelta(minutes=services.settings.sweep_minutes) + LONGEST_SILENCE
    since, moved = found.began or found.ended, found.moved if found.began else found.ended
    stuck = moved is not None and now - moved >= late
    endless = found.began is not None and now - found.began >= LONGEST_SWEEP
    if since is None or not (stuck or endless):
        return ""
    return f"No sweep has ended since {(found.ended or since).isoformat()}: the app's log says what keeps it."


def _set_back(services: Services, now: datetime) -> str:
    """What errors keep from its next step, again and again; and what they ended of late."""
    kept = [
        f"{getattr(one, 'name', one.key)} ({one.timeline[-1].what})"
        for kind in KINDS
        for one in services.ledger.open(kind, LOOKED_AT)[0]
        if one.setbacks >= NOTICED_SETBACKS
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
    waiting, _more = services.ledger.open(Document, 1)
    if not waiting or services.settings.classifier:
        return ""
    remembered = services.ledger.read(Chosen).classifier
    if remembered and remembered.dialect == services.language.dialect:
        return ""
    return "Files wait, and there is no classifier: publish a model, or PUT /api/classifier."


def _paused(services: Services, _: datetime) -> str:
    found = services.ledger.read(Pause)
    since = f" since {found.since.isoformat()}" if found.since else ""
    return f"Submissions are paused{since}: PUT /api/submission resumes them." if found.paused else ""


CHECKS: dict[str, Callable[[Services, datetime], str]] = {
    "container": _container,
    "tick": _ticking,
    "gate": _gate,
    "oldest document": _oldest,
    "sweep": _sweeping,
    "set back": _set_back,
    "rows": _rows,
    "classifier": _classifier,
    "submission": _paused,
}
