"""The tick: STEPS, one after the other, and a line of JSON that reports them.

A snapshot of the ledger comes first: one query for all singletons, one for what is open. With nothing to do, the steps
need no other reads but that of the outbox. Polls come before submissions. Two ticks may run at once: every change is
conditional on the version that was read. A tick may take minutes, so each step reads the clock itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from shared.domain.documents import Document
from shared.domain.singletons import Gate, Heartbeat
from shared.errors import TextdropError, VersionConflict
from shared.learning.outbox import OUTBOX_TOO_LONG
from shared.learning.tick_report import Ended, Findings, Line, line
from shared.operations.runner import follow
from shared.pipeline.collection import collect
from shared.pipeline.outbox import Drained, drain
from shared.pipeline.settling import correct_clocks
from shared.pipeline.submission import is_paused, submit_waiting
from shared.pipeline.sweep import sweep
from shared.services import Services
from shared.storage.snapshot import Snapshot

Read = TypeVar("Read")

log = logging.getLogger(__name__)

JOBS = 40  # in a round
DOCUMENTS = 100  # in a round
OPERATIONS = 50  # in a tick
ENTRIES = 100  # of the outbox, in a round
ROUNDS = 25  # in a tick
OPEN = 100  # documents, jobs and operations that a snapshot holds; if more are open, each step asks for what is due
SWEEP_SHARE = timedelta(seconds=10)  # of a tick for the sweep, also if other steps have used its time
MAX_BACKLOG = 1000  # open documents that are counted: as many as one request reads
UNKNOWN = "Unknown"  # why the gate is closed, if an earlier version of the app has closed it
NO_FINDINGS = Findings()

Clock = Callable[[], datetime]
HasTime = Callable[[], bool]
Step = Callable[[Services, Clock, HasTime, Snapshot], Findings | None]


def tick(services: Services, clock: Clock, has_time: HasTime = lambda: True) -> None:
    """Run all steps once, and log one line of JSON. `has_time` says whether there is time to start more work.

    A failing step does not block the others. The first error is raised at the end.
    """
    started, sent = clock(), _sent(services)
    findings, troubles, snapshot = NO_FINDINGS, [], _snapshot(services)
    for step in STEPS:
        found, trouble = _tried(step, services, clock, has_time, snapshot)
        findings = findings.plus(found)
        troubles += [trouble] if trouble else []
    log.info("%s", _line(findings, services, started, clock(), sent).json())
    if troubles:
        raise troubles[0].with_traceback(None) from None  # its traceback has been logged


def _snapshot(services: Services) -> Snapshot:
    """Without what a damaged row keeps from being read with the others: it concerns the steps that need it."""
    known = _read(services.ledger.singletons)
    return Snapshot(known, _read(lambda: services.ledger.agenda(OPEN)) if known else None)


def _read(read: Callable[[], Read]) -> Read | None:
    try:
        return read()
    except Exception as trouble:  # noqa: BLE001 - the steps read it themselves
        log.warning("Not read at the start of this tick (%s).", type(trouble).__name__)
        return None


def _tried(
    step: Step, services: Services, clock: Clock, has_time: HasTime, snapshot: Snapshot
) -> tuple[Findings, Exception | None]:
    failed = Findings(failed=(step.__name__.strip("_"),))
    try:
        return step(services, clock, has_time, snapshot) or NO_FINDINGS, None
    except TextdropError as trouble:
        log.warning("Not finished in this tick: %s", trouble)
        return failed, trouble
    except Exception as trouble:  # must not block the other steps in each tick
        log.exception("Not finished in this tick.")
        return failed, trouble


def _line(
    findings: Findings, services: Services, started: datetime, now: datetime, sent_before: Mapping[str, int]
) -> Line:
    """What is red, without the checks of health that need further requests."""
    gate = (services.seen.gate or Gate()).bounded(now)
    checks = {"gate": gate.is_closed_too_long(now), "submission": services.seen.paused}
    red = findings.plus(Findings(red=tuple(name for name, is_red in checks.items() if is_red)))
    requests = {name: number - sent_before[name] for name, number in _sent(services).items()}
    cause = (gate.cause or UNKNOWN) if gate.is_troubled(now) else None
    seconds = max(0.0, (now - started).total_seconds())
    below = services.settings.review_below
    return line(red, now, below=below, requests=requests, gate=cause, seconds=seconds)


def _sent(services: Services) -> dict[str, int]:
    return {name: count() for name, count in services.sent.items()}


def _heartbeat(services: Services, clock: Clock, _: HasTime, snapshot: Snapshot) -> None:
    before = services.ledger.read(Heartbeat, snapshot.known)
    with suppress(VersionConflict):  # another tick began at the same moment
        services.ledger.write(replace(before, at=clock()))


def _correct_clocks(services: Services, clock: Clock, _: HasTime, snapshot: Snapshot) -> None:
    correct_clocks(services, clock(), snapshot.agenda)


def _collect(services: Services, clock: Clock, has_time: HasTime, snapshot: Snapshot) -> None:
    started = clock()
    for _ in range(ROUNDS):
        if not has_time():
            return
        if collect(services, clock(), JOBS, started, has_time, snapshot=snapshot) < JOBS:
            return
        snapshot = Snapshot()


def _follow(services: Services, clock: Clock, has_time: HasTime, snapshot: Snapshot) -> None:
    follow(services, clock(), OPERATIONS, has_time, snapshot.agenda)


def _submit(services: Services, clock: Clock, has_time: HasTime, snapshot: Snapshot) -> None:
    """Other instances may have taken calls or paused submissions since the snapshot: each round reads them again."""
    started = clock()
    if snapshot.known and snapshot.agenda is not None and not snapshot.agenda.due(Document, started):
        is_paused(services, snapshot.known)
        return  # a file that landed since is submitted by the next lease or tick
    for _ in range(ROUNDS):
        if not has_time() or submit_waiting(services, clock, DOCUMENTS, has_time, by=started) < DOCUMENTS:
            return


def _drain(services: Services, clock: Clock, has_time: HasTime, _: Snapshot) -> Findings:
    after, drained = "", Drained()
    for _round in range(ROUNDS):
        after = drain(services, clock(), ENTRIES, after, drained)
        if not after or not has_time():
            break
    documents = [document for entry in drained.taken for document in entry.documents]
    is_late = any(clock() - at >= OUTBOX_TOO_LONG for at in drained.left)
    return Findings(ended=Ended.of(documents, services.settings.review_below), red=("outbox",) if is_late else ())


def _sweep(services: Services, clock: Clock, has_time: HasTime, snapshot: Snapshot) -> Findings:
    started = clock()
    state = sweep(services, started, lambda: has_time() or clock() - started < SWEEP_SHARE, snapshot.known)
    is_late = state.is_late(timedelta(minutes=services.settings.sweep_minutes), clock())
    return Findings(sweep=state, red=("sweep",) if is_late or state.unclaimed else ())


def _count(services: Services, clock: Clock, _: HasTime, snapshot: Snapshot) -> Findings:
    """The backlog at the end of the tick, in one request; as it was before, if nothing was due."""
    every = timedelta(minutes=services.settings.sweep_minutes)
    is_idle = snapshot.is_idle(every, clock())
    backlog = services.ledger.backlog(MAX_BACKLOG, snapshot.agenda if is_idle else None)
    return Findings(backlog=backlog, red=("oldest document",) if backlog.is_old(clock()) else ())


STEPS: tuple[Step, ...] = (_heartbeat, _correct_clocks, _collect, _follow, _submit, _drain, _sweep, _count)
