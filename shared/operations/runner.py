"""Runs operations: starts them at the service, and follows them in each tick until they end.

The operation's row is written before the request. `handlers` has the table of the handlers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from shared.domain.clocks import backoff, wait_for
from shared.domain.operations import Operation, OperationState
from shared.errors import (
    AccessDenied,
    Busy,
    Conflict,
    InvalidResponse,
    LanguageError,
    ResourceNotFound,
    StorageUnavailable,
    TextdropError,
    TransientError,
    VersionConflict,
)
from shared.language.types import Progress, State
from shared.operations.handlers import HANDLERS, next_part
from shared.pipeline import gate
from shared.pipeline.isolation import each, reason
from shared.services import Services
from shared.storage.snapshot import Agenda

log = logging.getLogger(__name__)

LIFETIME = timedelta(days=7)  # of an authoring job at the service
FIRST_LOOK, MAX_POLL_WAIT = timedelta(seconds=1), timedelta(seconds=30)
SETBACK_FIRST, SETBACK_MAX = timedelta(seconds=10), timedelta(minutes=10)  # after an unexpected error
GRACE = timedelta(minutes=2)  # longer than any request; then a start whose process died is repeated
PAGE = 100  # open operations in a page
TRIES = 5  # to start an operation while another one on the project ends or takes a step
# Transient errors. A caller gets an error at once for a refused key or a busy project; the tick tries again.
# VersionConflict: another value that the operation changes was changed at the same time.
PASSING = (TransientError, StorageUnavailable, VersionConflict)
PASSING_FOR_THE_TICK = (*PASSING, Busy, InvalidResponse)


def start(services: Services, operation: Operation, now: datetime) -> Operation:
    """Store the operation and request it from the service. If an equal one is open, return that one.

    Raises Conflict if another operation on the project is open, and errors of the service or of storage. After a
    transient error the operation is kept, and the tick tries again.
    """
    for _ in range(TRIES):
        try:
            [stored] = services.ledger.commit((None, operation))
        except VersionConflict:
            if current := _under_way(services, operation.project):
                return _same(operation, current)
        else:
            return _begin_now(services, stored, now)
    return _same(operation, None)


def _begin_now(services: Services, operation: Operation, now: datetime) -> Operation:
    try:
        return _begin(services, operation, now)
    except TextdropError as trouble:
        if isinstance(trouble, PASSING) and not isinstance(trouble, AccessDenied):
            return _postpone(services, operation, str(trouble), now)
        services.ledger.commit((operation, operation.failed(str(trouble), now)))
        raise


def _under_way(services: Services, project: str) -> Operation | None:
    """The open operation on the project; None if it has just ended, or took a step during the search."""
    current, after = None, ""
    while current is None:
        page, after = services.ledger.open(Operation, PAGE, after)
        current = next((operation for operation in page if operation.project == project), None)
        if not after:
            break
    return current


def _same(wanted: Operation, current: Operation | None) -> Operation:
    """The open operation, if it equals the wanted one. Raises Conflict if not."""
    if current and (current.kind, current.parameters) == (wanted.kind, wanted.parameters):
        return current
    what = f"Operation {current.key} ({current.kind})" if current else "Another operation"
    where = f"project {wanted.project}" if wanted.project else "all documents"
    raise Conflict(f"{what} on {where} is under way: GET /api/operations lists all of them.")


def follow(
    services: Services,
    now: datetime,
    limit: int,
    has_time: Callable[[], bool] = lambda: True,
    agenda: Agenda | None = None,
) -> int:
    """Take the next step of at most `limit` operations that are due. Returns how many were. Errors count against each.

    `has_time` says whether there is time for another step. An operation that took none is still due.
    `agenda`: what is open, if it was just read.
    """
    operations = services.ledger.due(Operation, now, limit, agenda)
    each(
        lambda operation: _step(services, operation, now) if has_time() else None,
        operations,
        lambda operation, trouble: _set_back(services, operation, trouble, now),
        workers=1,
    )
    return len(operations)


def _set_back(services: Services, operation: Operation, trouble: Exception, now: datetime) -> None:
    current = services.ledger.find(Operation, operation.key)  # the step may have changed it before the error
    if current is None or current.state.final:
        return
    due = now + backoff(operation.key, current.setbacks, SETBACK_FIRST, SETBACK_MAX)
    with suppress(VersionConflict):
        services.ledger.commit((current, current.set_back(reason(trouble), due, now)))


def _step(services: Services, operation: Operation, now: datetime) -> None:
    try:
        if now - operation.created > LIFETIME:
            services.ledger.commit((operation, operation.failed("It did not end within seven days.", now)))
        elif operation.state is OperationState.STARTING:
            [operation] = services.ledger.commit((operation, operation.taken(now + GRACE, now)))
            _begin_again(services, operation, now)
        else:
            _look(services, operation, now)
    except VersionConflict:  # another instance took the step
        return
    except PASSING_FOR_THE_TICK as trouble:
        _postpone(services, operation, str(trouble), now)
    except TextdropError as trouble:
        log.warning("Operation %s failed: %s", operation.key, trouble)
        services.ledger.commit((operation, operation.failed(str(trouble), now)))


def _begin_again(services: Services, operation: Operation, now: datetime) -> None:
    """Repeat the request. It succeeds too if the service answers that the first one has had its effect."""
    already_done = HANDLERS[operation.phase].already_done
    try:
        _begin(services, operation, now)
    except LanguageError as trouble:
        if already_done is None or not isinstance(trouble, already_done):
            raise
        _succeed(services, operation, Progress(State.SUCCEEDED), now)


def _begin(services: Services, operation: Operation, now: datetime) -> Operation:
    service_id = HANDLERS[operation.phase].begin(services, operation)
    if service_id is None:
        return _succeed(services, operation, Progress(State.SUCCEEDED), now)
    [running] = services.ledger.commit((operation, operation.running(service_id, now + FIRST_LOOK, now)))
    return running  # type: ignore[no-any-return]


def _look(services: Services, operation: Operation, now: datetime) -> None:
    try:
        progress = HANDLERS[operation.phase].look(services, operation)
    except ResourceNotFound:
        if HANDLERS[operation.phase].already_done is not ResourceNotFound:
            raise
        _begin_again(services, operation, now)  # the service no longer lists the deletion: check its target
        return
    if progress.state is State.SUCCEEDED:
        _succeed(services, operation, progress, now)
    elif progress.state.final:
        why = "It was cancelled." if progress.state is State.CANCELLED else progress.error or f"{progress.state}"
        services.ledger.commit((operation, operation.failed(why, now)))
    else:
        growing = backoff(operation.key, operation.polls, FIRST_LOOK, MAX_POLL_WAIT)
        wait = wait_for(progress.retry_after, growing)
        services.ledger.commit((operation, operation.progressed(progress, now + wait, now)))


def _succeed(services: Services, operation: Operation, progress: Progress, now: datetime) -> Operation:
    changes, result = HANDLERS[operation.phase].effect(services, operation, progress, now)
    part = next_part(operation, result)
    if part:
        after = operation.advanced(part, result, progress.steps, now)
    else:
        after = operation.succeeded(result, progress.steps, now)
    done, *_ = services.ledger.commit((operation, after), *changes)
    if changes:
        gate.reopen(services)  # documents that waited for a classifier need not wait for the gate
    return done  # type: ignore[no-any-return]


def _postpone(services: Services, operation: Operation, why: str, now: datetime) -> Operation:
    due = now + backoff(operation.key, operation.polls, FIRST_LOOK, MAX_POLL_WAIT)
    [postponed] = services.ledger.commit((operation, operation.postponed(why, due, now)))
    return postponed  # type: ignore[no-any-return]
