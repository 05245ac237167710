"""Faults on request: what shall go wrong, to which calls and how often. By count or by share, the same for a seed."""

from __future__ import annotations

import random
import re
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from msgspec import structs

from local.language.protocol.incoming_call import IncomingCall
from local.language.protocol.service_errors import (
    ServiceError,
    WireError,
    quota_spent,
    throttled,
    too_much_text,
    wrong_key,
)
from local.language.protocol.text_length import MOST_ELEMENTS
from local.language.state.records import InjectedOutcome, Job

OF_CALLS = ("status", "latency", "timeout")
OF_JOBS = ("failedJob", "documentError", "lostJob", "lateJob", "expiredJob")
KINDS = (*OF_CALLS, *OF_JOBS)
ERRORS = {  # by status: the code that the service has for it
    400: "InvalidRequest",
    404: "NotFound",
    408: "Timeout",
    409: "Conflict",
    500: "InternalServerError",
    502: "ServiceUnavailable",
    503: "ServiceUnavailable",
    504: "Timeout",
}
STATUSES = (*ERRORS, 401, 403, 413, 429)
EVERYTHING = re.compile("")


@dataclass(frozen=True)
class FaultOrder:
    """One thing that shall go wrong.

    `method`, `path` and `body` choose the calls: the patterns are searched for; "" is any method. `status` and
    `retry_after` (seconds; None: no header) are for kind "status". `seconds`: how long "latency" and "timeout" hold the
    answer (None: "timeout" cuts the connection at once), and after how long a "lateJob" ends. `share` (0 to 1) is
    drawn for each call that is chosen, for "documentError" for each document; `count` is how often it strikes at most.
    """

    kind: str
    method: str = ""
    path: re.Pattern[str] = EVERYTHING
    body: re.Pattern[str] = EVERYTHING
    status: int = 500
    retry_after: int | None = None
    seconds: float | None = None
    count: int | None = None
    share: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class FaultEffect:
    """What befalls a call: wait before the work; an error instead of it; hold or cut the answer after it."""

    delay: float = 0.0
    error: ServiceError | None = None
    cut: bool = False
    hold: float = 0.0


@dataclass
class ArmedFault:
    """An order, and how often it was looked at and has struck."""

    order: FaultOrder
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    seen: int = 0
    struck: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.order.seed)  # noqa: S311

    def draw(self) -> bool:
        self.seen += 1
        drawn = self._random.random() < self.order.share
        strikes = drawn and (self.order.count is None or self.struck < self.order.count)
        self.struck += strikes
        return strikes

    def meant(self, asked: IncomingCall) -> bool:
        if self.order.method not in ("", asked.method) or not self.order.path.search(asked.path):
            return False
        return self.order.body is EVERYTHING or bool(self.order.body.search(asked.content.decode("utf-8", "replace")))


class Faults:
    """The orders, in the order in which they came; the first that strikes is what happens. Safe between threads."""

    def __init__(self) -> None:
        self._ordered: Sequence[ArmedFault] = ()
        self._lock = threading.Lock()

    def add(self, order: FaultOrder) -> ArmedFault:
        with self._lock:
            added = ArmedFault(order)
            self._ordered = (*self._ordered, added)
            return added

    def all(self) -> list[ArmedFault]:
        return list(self._ordered)

    def clear(self) -> None:
        self._ordered = ()

    def strike(self, asked: IncomingCall) -> FaultEffect:
        """What befalls this call. Waiting does not keep what comes after it from happening too."""
        found = FaultEffect()
        for item in self._meant(asked, OF_CALLS):
            if self._draw(item):
                found = _struck(found, item.order, asked)
                if item.order.kind != "latency":
                    break
        return found

    def fated(self, asked: IncomingCall, job: Job) -> Job:
        """The job that this call submits, with the fate that was drawn for it, if any."""
        for item in self._meant(asked, OF_JOBS):
            with self._lock:
                fate = _fate(item, job)
            if fate:
                return _doomed(structs.replace(job, injected=fate))
        return job

    def _draw(self, item: ArmedFault) -> bool:
        with self._lock:
            return item.draw()

    def _meant(self, asked: IncomingCall, kinds: Sequence[str]) -> list[ArmedFault]:
        return [item for item in self._ordered if item.order.kind in kinds and item.meant(asked)]


def _struck(found: FaultEffect, order: FaultOrder, asked: IncomingCall) -> FaultEffect:
    if order.kind == "status":
        return replace(found, error=_error(order, asked))
    if order.kind == "latency":
        return replace(found, delay=found.delay + (order.seconds or 0))
    return replace(found, cut=order.seconds is None, hold=order.seconds or 0)


def _error(order: FaultOrder, asked: IncomingCall) -> ServiceError:
    if order.status == 429:  # noqa: PLR2004
        return throttled(asked.operation, asked.api, order.retry_after)
    if order.status == 403:  # noqa: PLR2004
        return quota_spent(order.retry_after)
    headers = {} if order.retry_after is None else {"Retry-After": str(order.retry_after)}
    return ServiceError(order.status, _fault(order.status), headers)


def _fault(status: int) -> WireError:
    if status == 401:  # noqa: PLR2004
        return wrong_key().fault
    if status == 413:  # noqa: PLR2004
        return too_much_text(MOST_ELEMENTS).fault
    return WireError(ERRORS[status], "This fault was asked for.")


def _fate(item: ArmedFault, job: Job) -> InjectedOutcome | None:
    if item.order.kind != "documentError":
        return InjectedOutcome(item.order.kind, item.order.seconds or 0) if item.draw() else None
    documents: list[dict[str, Any]] = (job.input or {}).get("documents", [])
    chosen = [it["id"] for it in documents if item.order.body.search(it["text"]) and item.draw()]
    return InjectedOutcome(item.order.kind, documents=tuple(chosen)) if chosen else None


def _doomed(job: Job) -> Job:
    """Late and expiring jobs only end at another time than their pace has it."""
    if job.injected is None or job.injected.kind not in ("lateJob", "expiredJob"):
        return job
    late = max(job.moments[-1], job.created + timedelta(seconds=job.injected.seconds))
    end = job.expires if job.injected.kind == "expiredJob" else late
    return structs.replace(job, moments=(*job.moments[:-1], end))
