"""Circuit breaker and rate limiter for calls to the analyze API. All instances share both through the ledger.

An error that is not a document's closes the gate. A classifier that the service does not know closes it only for the
submissions to that classifier. A process that has read a closed gate makes no call until it opens,
also in the middle of a tick. If the calls of one job or document alone fail again and again, only the first failure
closes the gate.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

from shared.domain.clocks import MAX_WAIT, backoff, wait_for
from shared.domain.rate_limiter import TokenBucket
from shared.domain.singletons import SEVERAL, ClassifierGate, Gate
from shared.errors import (
    AccessDenied,
    Busy,
    GateClosed,
    InvalidResponse,
    LanguageError,
    QuotaSpent,
    Rejected,
    ResourceNotFound,
    StorageUnavailable,
    Throttled,
    Unavailable,
    Unexpected,
    VersionConflict,
)
from shared.services import Services
from shared.storage.snapshot import Singletons

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
Bounded = TypeVar("Bounded", Gate, TokenBucket)

# The duration of the first closing, by error. Each consecutive one doubles it. The service's Retry-After has priority.
FIRST_WAIT: dict[type[LanguageError], timedelta] = {
    Throttled: timedelta(seconds=5),
    Unavailable: timedelta(seconds=5),
    Busy: timedelta(seconds=15),
    InvalidResponse: timedelta(seconds=15),
    Unexpected: timedelta(seconds=15),
    ResourceNotFound: timedelta(seconds=15),
    AccessDenied: timedelta(seconds=15),
    QuotaSpent: timedelta(minutes=10),
}
MIN_WAIT, MAX_BACKOFF = timedelta(seconds=1), timedelta(minutes=15)
# Retry-After for a spent quota is days. A higher tier may be bought at any time, and is noticed within an hour.
MAX_CLOSED = MAX_WAIT["gate"]
MEANING: dict[type[LanguageError], str] = {
    ResourceNotFound: "The service does not know the classifier: publish a model, or correct PUT /api/classifier. ",
    AccessDenied: "The service refuses the key or identity: check LANGUAGE_KEY, its role and LANGUAGE_ENDPOINT. ",
    QuotaSpent: "The quota of the Language resource is spent. ",
    Throttled: "The service throttles requests. ",
    Unavailable: "The service cannot be reached or fails. ",
    Busy: "The service does not accept texts now, for example during a training. The request is repeated. ",
    InvalidResponse: (
        "The service's response to a submission is not valid: check that LANGUAGE_ENDPOINT is correct, and that a "
        "gateway or proxy in front of it preserves the operation-location header. "
    ),
    Unexpected: (
        "The response is not from the Language service: check LANGUAGE_ENDPOINT, LANGUAGE_API, and the gateway or "
        "proxy in front of it. "
    ),
}
# Errors that do not close the gate: those about the documents sent; for a poll, those about that job.
ON_DOCUMENTS: tuple[type[LanguageError], ...] = (Rejected,)
ON_ONE_JOB: tuple[type[LanguageError], ...] = (Rejected, ResourceNotFound, InvalidResponse)


def is_closed(services: Services, now: datetime, known: Singletons | None = None) -> bool:
    """Whether the gate is closed: no analyze call may start now. Reads the ledger if not `known`."""
    look(services, now, known)
    return services.seen.is_closed(now)


def look(services: Services, now: datetime, known: Singletons | None = None) -> Gate:
    """Read the gate from the ledger, if the singletons are not `known`, and remember it in this process.

    If the clock that closed it was ahead, its times are corrected and stored.
    """
    gate = _bounded(services, Gate, now, known)
    services.seen.saw(gate)
    services.seen.gate = gate
    return gate


def left(services: Services, now: datetime, known: Singletons | None = None) -> int:
    """How many analyze calls the quota has left now; `known`: the singletons, if they were just read."""
    return max(0, int(_bounded(services, TokenBucket, now, known).left(services.settings.requests_per_minute, now)))


def reserve(services: Services, costs: Sequence[int], now: datetime, known: Singletons | None = None) -> int:
    """Take calls from the bucket for as many of these requests as the quota allows, in their order.

    `costs` are the analyze calls of each request. Returns how many requests may start. `known`: see `left`.
    """
    started = 0
    if not costs:
        return started

    def taken(budget: TokenBucket) -> TokenBucket:
        nonlocal started
        budget = budget.bounded(now)
        started, budget = budget.taken(costs, services.settings.requests_per_minute, now)
        return budget

    with suppress(VersionConflict):  # other instances changed the bucket first, each time
        services.ledger.change(TokenBucket, taken, known)
        return started
    return 0


def call(
    services: Services,
    now: datetime,
    request: Callable[[], Answer],
    harmless: tuple[type[LanguageError], ...] = ON_DOCUMENTS,
    *,
    item: str = SEVERAL,
    again: bool = False,
    classifier: str = "",
) -> Answer:
    """Make one analyze call. Raises GateClosed if the gate is closed.

    Errors of the call are raised. They close the gate unless they are `harmless` (ON_DOCUMENTS or ON_ONE_JOB) or
    concern one item only. `item`: the key of the only job or document of the call. `again`: its last call failed.
    `classifier`: for a submission, the name of its classifier.
    """
    if services.seen.is_closed(now, classifier):
        raise GateClosed("The gate is closed.")
    try:
        return request()
    except LanguageError as trouble:
        if not isinstance(trouble, harmless):
            close(services, trouble, now, item, again=again, classifier=closes_for(trouble, classifier))
        raise


def closes_for(trouble: LanguageError, classifier: str) -> str:
    """What this error of a submission closes: the gate of its classifier, or "" for that of all calls."""
    return classifier if isinstance(trouble, ResourceNotFound) else ""


def close(
    services: Services,
    trouble: LanguageError,
    now: datetime,
    item: str = SEVERAL,
    *,
    again: bool = False,
    classifier: str = "",
) -> None:
    """Close the gate after this error, in this process and in the ledger; `item`, `again`: see `call`.

    With the name of a `classifier`, only for submissions to it. It stays open if the last call of the item failed, too,
    and those of others either succeeded since or were not made: the item must wait instead.
    """

    def closed(before: Gate) -> Gate:
        gate = before.bounded(now)
        part = gate.of(classifier)
        if again and (repeated := part.after_repeated(_reason(trouble), now, item)):
            return gate.with_part(repeated)
        after = gate.with_part(_closed(part, trouble, now, item))
        services.seen.saw(after)  # even if it cannot be written
        return after

    try:
        services.seen.gate = services.ledger.change(Gate, closed)
        is_closed = services.seen.gate.of(classifier).is_closed(now)
    except VersionConflict:  # other instances closed it first, each time
        is_closed = True
    except StorageUnavailable:
        opened = services.seen.opened()
        services.seen.saw(opened.with_part(_closed(opened.of(classifier), trouble, now)))
        raise
    calls = f"submissions to classifier {classifier}" if classifier else "analyze calls"
    what = f"The gate is closed: no {calls} for now" if is_closed else f"The gate stays open, and {item} waits"
    log.warning("%s. %s", what, _reason(trouble))


def _closed(
    part: Gate | ClassifierGate, trouble: LanguageError, now: datetime, item: str = SEVERAL
) -> Gate | ClassifierGate:
    failures = part.failures - part.is_closed(now)
    return part.closed(_reason(trouble), _wait(trouble, failures), now, item, _kind(trouble).code)


def _reason(trouble: LanguageError) -> str:
    return MEANING[_kind(trouble)] + str(trouble)


def is_first_trouble(services: Services, now: datetime, classifier: str = "") -> bool:
    """Whether calls (to this classifier) succeeded until the gate was last closed: the error may concern one job."""
    return look(services, now).of(classifier).failures <= 1


def relax(services: Services, now: datetime, classifier: str = "") -> None:
    """Reset the gate, and that of this classifier, after a successful call, unless another call has just closed it.

    Reads the ledger only if this process last found one of them in trouble.
    """
    if services.seen.was_untroubled(classifier):
        return
    gate = after = look(services, now)
    for name in ("", classifier):
        part = after.of(name)
        if part.failures and not part.is_closed(now) and not services.seen.is_closed(now, name):
            after = after.with_part(part.opened())
    if after != gate:
        with suppress(VersionConflict):
            services.seen.gate = services.ledger.write(after)


def reopen(services: Services) -> None:
    """Open the gate for all instances and all classifiers, after a change of one."""
    with suppress(VersionConflict):  # other instances changed it first, each time
        services.seen.saw(services.ledger.change(Gate, Gate.reopened))


def _bounded(services: Services, kind: type[Bounded], now: datetime, known: Singletons | None = None) -> Bounded:
    """The singleton, read if not `known`. If the clock that wrote it was ahead, its times are corrected and stored."""
    try:
        return services.ledger.change(kind, lambda before: _corrected(before, now), known)
    except VersionConflict:  # other instances changed it first, each time
        return services.ledger.read(kind).bounded(now)


def _corrected(before: Bounded, now: datetime) -> Bounded:
    after = before.bounded(now)
    if after != before:
        log.warning("A clock is wrong: %s had a time in the future, which was corrected.", type(before).__name__)
    return after


def _kind(trouble: LanguageError) -> type[LanguageError]:
    return next((kind for kind in FIRST_WAIT if isinstance(trouble, kind)), Unavailable)


def _wait(trouble: LanguageError, failures: int) -> timedelta:
    growing = backoff("gate", failures, FIRST_WAIT[_kind(trouble)], MAX_BACKOFF)
    return max(MIN_WAIT, wait_for(trouble.retry_after, growing, MAX_CLOSED))
