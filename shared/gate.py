"""The gate before analyze calls: trouble that is no fault of a document closes it for every instance of the app."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta

from shared.errors import LanguageError, Moved, QuotaSpent, Refused, Throttled, Unavailable, Unknown
from shared.model import wait_before
from shared.services import Services
from shared.singles import Gate

log = logging.getLogger(__name__)

# How long the first closing lasts, by trouble; each one in a row doubles it. The service's Retry-After wins.
FIRST_WAIT: dict[type[LanguageError], timedelta] = {
    Throttled: timedelta(seconds=5),
    Unavailable: timedelta(seconds=5),
    Unknown: timedelta(seconds=15),
    Refused: timedelta(seconds=15),
    QuotaSpent: timedelta(minutes=10),
}
LONGEST_WAIT = timedelta(minutes=15)
# A spent quota asks for days; a better tier can be bought at any time, and is noticed within the hour.
LONGEST_ASKED = timedelta(hours=1)
MEANING: dict[type[LanguageError], str] = {
    Unknown: "The service does not know the classifier: publish a model, or correct PUT /api/classifier. ",
    Refused: "The service refuses the key or identity: check LANGUAGE_KEY, its role and LANGUAGE_ENDPOINT. ",
    QuotaSpent: "The quota of the Language resource is spent. ",
    Throttled: "The service asks for fewer requests. ",
    Unavailable: "The service cannot be reached or fails. ",
}


def is_closed(services: Services, now: datetime) -> bool:
    """Whether no analyze call may begin now."""
    return services.ledger.read(Gate).is_closed(now)


def close(services: Services, trouble: LanguageError, now: datetime) -> None:
    """Close it for as long as the trouble asks. Whoever closed it a moment ago is as good."""
    gate = services.ledger.read(Gate)
    kind = next((kind for kind in FIRST_WAIT if isinstance(trouble, kind)), Unavailable)
    reason = MEANING[kind] + str(trouble)
    with suppress(Moved):
        failures = gate.failures - gate.is_closed(now)
        services.ledger.write(gate.closed(reason, _wait(kind, failures, trouble), now))
        log.warning("No analyze calls for a while. %s", reason)


def relax(services: Services, now: datetime) -> None:
    """A call went well: forget past trouble, unless another call has just closed it."""
    if not is_closed(services, now):
        reopen(services)


def reopen(services: Services) -> None:
    """Forget all trouble, after a change of the classifier."""
    gate = services.ledger.read(Gate)
    if gate.failures:
        with suppress(Moved):
            services.ledger.write(gate.opened())


def _wait(kind: type[LanguageError], failures: int, trouble: LanguageError) -> timedelta:
    if trouble.retry_after is not None:
        return min(timedelta(seconds=max(1.0, trouble.retry_after)), LONGEST_ASKED)
    return wait_before("gate", failures, FIRST_WAIT[kind], LONGEST_WAIT)
