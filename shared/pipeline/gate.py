"""The road of every analyze call: a gate that trouble closes for every instance, and a budget that all of them share.

Trouble that is no fault of a document closes the gate. What this process has seen closed stays closed for it until
then, also in the middle of a tick: no call begins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

from shared.domain.clocks import MAX_WAIT, backoff
from shared.domain.singletons import Gate, TokenBucket
from shared.errors import (
    AccessDenied,
    Busy,
    GateClosed,
    InvalidResponse,
    LanguageError,
    QuotaSpent,
    Rejected,
    ResourceNotFound,
    Throttled,
    Unavailable,
    Unexpected,
    VersionConflict,
)
from shared.services import Services

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
Bounded = TypeVar("Bounded", Gate, TokenBucket)

# How long the first closing lasts, by trouble; each one in a row doubles it. The service's Retry-After wins.
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
MAX_BACKOFF = timedelta(minutes=15)
# A spent quota asks for days; a better tier can be bought at any time, and is noticed within the hour.
MAX_RETRY_AFTER = MAX_WAIT["gate"]
MEANING: dict[type[LanguageError], str] = {
    ResourceNotFound: "The service does not know the classifier: publish a model, or correct PUT /api/classifier. ",
    AccessDenied: "The service refuses the key or identity: check LANGUAGE_KEY, its role and LANGUAGE_ENDPOINT. ",
    QuotaSpent: "The quota of the Language resource is spent. ",
    Throttled: "The service asks for fewer requests. ",
    Unavailable: "The service cannot be reached or fails. ",
    Busy: "The service cannot take texts now, for example during a training: it is asked again. ",
    InvalidResponse: (
        "The service's answer to a submission cannot be used: check that LANGUAGE_ENDPOINT, and a gateway or proxy in "
        "front of it, pass on its answers with their operation-location. "
    ),
    Unexpected: (
        "Something other than the Language service answers: check LANGUAGE_ENDPOINT, LANGUAGE_API, and the gateway or "
        "proxy in front. "
    ),
}
# What an answer may be without closing the gate: a judgement on the documents sent; or, of a poll, on that one job.
ON_DOCUMENTS: tuple[type[LanguageError], ...] = (Rejected,)
ON_ONE_JOB: tuple[type[LanguageError], ...] = (Rejected, ResourceNotFound, InvalidResponse)


def is_closed(services: Services, now: datetime) -> bool:
    """Whether no analyze call may begin now, by what any instance has seen."""
    look(services, now)
    return services.seen.is_closed(now)


def look(services: Services, now: datetime) -> Gate:
    """The gate as any instance has seen it, noted for this process.

    If a clock that was ahead closed it, what can have been meant is written in its place, so that the wait ends.
    """
    found = _bounded(services, Gate, now)
    services.seen.saw(found)
    return found


def left(services: Services, now: datetime) -> int:
    """How many analyze calls the quota has left now."""
    return max(0, int(_bounded(services, TokenBucket, now).left(services.settings.requests_per_minute, now)))


def reserve(services: Services, costs: Sequence[int], now: datetime) -> int:
    """How many pieces of work, in their order, may begin under the quota; `costs` are the analyze calls of each."""
    begun = 0

    def taken(budget: TokenBucket) -> TokenBucket:
        nonlocal begun
        budget = budget.bounded(now)
        begun, left = budget.taken(costs, services.settings.requests_per_minute, now)
        return left if sum(costs[:begun]) else budget

    with suppress(VersionConflict):  # others took some first, each time
        services.ledger.change(TokenBucket, taken)
        return begun
    return 0


def call(
    services: Services,
    now: datetime,
    request: Callable[[], Answer],
    harmless: tuple[type[LanguageError], ...] = ON_DOCUMENTS,
) -> Answer:
    """Make one analyze call, or raise GateClosed if the gate is closed.

    Its trouble is raised, and closes the gate unless it is `harmless` (ON_DOCUMENTS or ON_ONE_JOB).
    """
    if services.seen.is_closed(now):
        raise GateClosed("The gate is closed.")
    try:
        return request()
    except LanguageError as trouble:
        if not isinstance(trouble, harmless):
            close(services, trouble, now)
        raise


def close(services: Services, trouble: LanguageError, now: datetime) -> None:
    """Close it for as long as the trouble asks, whatever another instance makes of it at the same moment."""
    kind = next((kind for kind in FIRST_WAIT if isinstance(trouble, kind)), Unavailable)

    def closed(gate: Gate) -> Gate:
        gate = gate.bounded(now)
        failures = gate.failures - gate.is_closed(now)
        found = gate.closed(MEANING[kind] + str(trouble), _wait(kind, failures, trouble), now)
        services.seen.saw(found)  # whether it can be written or not
        return found

    services.seen.saw(closed(services.seen.opened()))  # whether storage can be asked or not
    with suppress(VersionConflict):  # others close it all the time
        log.warning("No analyze calls for a while. %s", services.ledger.change(Gate, closed).reason)


def is_first_trouble(services: Services, now: datetime) -> bool:
    """Whether calls went well until the gate was closed last: then the trouble may be that of one job alone."""
    return look(services, now).failures <= 1


def relax(services: Services, now: datetime) -> None:
    """A call went well: forget past trouble, unless another call has just closed it."""
    gate = look(services, now)
    if gate.failures and not gate.is_closed(now) and not services.seen.is_closed(now):
        with suppress(VersionConflict):
            services.ledger.write(gate.opened())


def reopen(services: Services) -> None:
    """Forget all trouble, after a change of the classifier: every instance's next look finds it open."""
    with suppress(VersionConflict):  # others close it all the time
        services.seen.saw(services.ledger.change(Gate, Gate.reopened))


def _bounded(services: Services, kind: type[Bounded], now: datetime) -> Bounded:
    """The one value of this kind, corrected in storage if a clock that was ahead wrote it."""
    try:
        return services.ledger.change(kind, lambda found: _corrected(found, now))
    except VersionConflict:  # others change it all the time
        return services.ledger.read(kind).bounded(now)


def _corrected(found: Bounded, now: datetime) -> Bounded:
    after = found.bounded(now)
    if after != found:
        log.warning("A clock is wrong: the %s was written ahead of its time, and is corrected.", type(found).__name__)
    return after


def _wait(kind: type[LanguageError], failures: int, trouble: LanguageError) -> timedelta:
    if trouble.retry_after is not None:
        return min(timedelta(seconds=max(1.0, trouble.retry_after)), MAX_RETRY_AFTER)
    return backoff("gate", failures, FIRST_WAIT[kind], MAX_BACKOFF)
