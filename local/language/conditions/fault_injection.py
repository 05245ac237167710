"""Injects faults on request: into which calls, how often, and with which probability. A seed makes it repeatable."""

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
    quota_exceeded,
    throttled,
    too_much_text,
    wrong_key,
)
from local.language.protocol.text_length import MAX_ELEMENTS
from local.language.state.records import InjectedOutcome, Job

OF_CALLS = ("status", "latency", "timeout")
OF_JOBS = ("failedJob", "documentError", "lostJob", "lateJob", "expiredJob")
KINDS = (*OF_CALLS, *OF_JOBS)
ERRORS = {  # the error code of the service for each status
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
    """A fault to inject into all calls that match `method`, `path` and `body`."""

    kind: str
    method: str = ""  # "" matches any
    path: re.Pattern[str] = EVERYTHING  # searched for
    body: re.Pattern[str] = EVERYTHING  # searched for
    status: int = 500  # for the kind "status"
    retry_after: int | None = None  # seconds, for the kind "status"; None: no header
    seconds: float | None = None  # "latency", "timeout": the delay, None cuts the connection; "lateJob": until it ends
    count: int | None = None  # the maximum number of times; None: no maximum
    share: float = 1.0  # the probability (0 to 1) for each matching call, or each document for "documentError"
    seed: int = 0  # of the random numbers


@dataclass(frozen=True)
class FaultEffect:
    """What the faults do to a call."""

    delay: float = 0.0  # seconds before the call is handled
    error: ServiceError | None = None  # returned instead of handling the call
    cut: bool = False  # cut the connection in place of the response
    hold: float = 0.0  # seconds before the response is sent


@dataclass
class ArmedFault:
    """A fault to inject, with the number of calls that matched it and of calls that it changed."""

    order: FaultOrder
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    seen: int = 0
    struck: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.order.seed)  # noqa: S311

    def draw(self) -> bool:
        """Whether the fault applies this time."""
        self.seen += 1
        drawn = self._random.random() < self.order.share
        applies = drawn and (self.order.count is None or self.struck < self.order.count)
        self.struck += applies
        return applies

    def matches(self, call: IncomingCall) -> bool:
        if self.order.method not in ("", call.method) or not self.order.path.search(call.path):
            return False
        return self.order.body is EVERYTHING or bool(self.order.body.search(call.content.decode("utf-8", "replace")))


class Faults:
    """The faults to inject, in the order they were added: the first that applies decides. Thread-safe."""

    def __init__(self) -> None:
        self._armed: Sequence[ArmedFault] = ()
        self._lock = threading.Lock()

    def add(self, order: FaultOrder) -> ArmedFault:
        with self._lock:
            added = ArmedFault(order)
            self._armed = (*self._armed, added)
            return added

    def all(self) -> list[ArmedFault]:
        return list(self._armed)

    def clear(self) -> None:
        self._armed = ()

    def effect_on(self, call: IncomingCall) -> FaultEffect:
        """What the faults do to this call. After a "latency" the next fault can apply too."""
        effect = FaultEffect()
        for fault in self._matching(call, OF_CALLS):
            if self._draw(fault):
                effect = _added(effect, fault.order, call)
                if fault.order.kind != "latency":
                    break
        return effect

    def with_outcome(self, call: IncomingCall, job: Job) -> Job:
        """The job that this call submits, with the outcome of the first fault that applies."""
        for fault in self._matching(call, OF_JOBS):
            with self._lock:
                outcome = _outcome(fault, job)
            if outcome:
                return _rescheduled(structs.replace(job, injected=outcome))
        return job

    def _draw(self, fault: ArmedFault) -> bool:
        with self._lock:
            return fault.draw()

    def _matching(self, call: IncomingCall, kinds: Sequence[str]) -> list[ArmedFault]:
        return [fault for fault in self._armed if fault.order.kind in kinds and fault.matches(call)]


def _added(effect: FaultEffect, order: FaultOrder, call: IncomingCall) -> FaultEffect:
    if order.kind == "status":
        return replace(effect, error=_error(order, call))
    if order.kind == "latency":
        return replace(effect, delay=effect.delay + (order.seconds or 0))
    return replace(effect, cut=order.seconds is None, hold=order.seconds or 0)


def _error(order: FaultOrder, call: IncomingCall) -> ServiceError:
    if order.status == 429:  # noqa: PLR2004
        return throttled(call.operation, call.api, order.retry_after)
    if order.status == 403:  # noqa: PLR2004
        return quota_exceeded(order.retry_after)
    headers = {} if order.retry_after is None else {"Retry-After": str(order.retry_after)}
    return ServiceError(order.status, _wire_error(order.status), headers)


def _wire_error(status: int) -> WireError:
    if status == 401:  # noqa: PLR2004
        return wrong_key().fault
    if status == 413:  # noqa: PLR2004
        return too_much_text(MAX_ELEMENTS).fault
    return WireError(ERRORS[status], "This fault was injected.")


def _outcome(fault: ArmedFault, job: Job) -> InjectedOutcome | None:
    if fault.order.kind != "documentError":
        return InjectedOutcome(fault.order.kind, fault.order.seconds or 0) if fault.draw() else None
    documents: list[dict[str, Any]] = (job.input or {}).get("documents", [])
    chosen = [document["id"] for document in documents if fault.order.body.search(document["text"]) and fault.draw()]
    return InjectedOutcome(fault.order.kind, documents=tuple(chosen)) if chosen else None


def _rescheduled(job: Job) -> Job:
    """With another time of its end, if the outcome is late or expired."""
    if job.injected is None or job.injected.kind not in ("lateJob", "expiredJob"):
        return job
    late = max(job.moments[-1], job.created + timedelta(seconds=job.injected.seconds))
    end = job.expires if job.injected.kind == "expiredJob" else late
    return structs.replace(job, moments=(*job.moments[:-1], end))
