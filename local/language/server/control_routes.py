"""`/_local`: routes of this service that Azure does not have, for its request log, injected faults and clock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from local.language.conditions.fault_injection import EVERYTHING, KINDS, STATUSES, ArmedFault, FaultOrder
from local.language.operations.service import Service
from local.language.protocol.dialect import Call, Dialect, Reply, Route
from local.language.protocol.json_body import JSON, JsonBody
from local.language.protocol.request_log import RequestLog
from local.language.protocol.service_errors import bad_parameter

PREFIX = "/_local"
REQUIRED = {  # by kind: the field that it needs
    "status": "status",
    "latency": "seconds",
    "lateJob": "seconds",
}
MAX_SECONDS = 366 * 24 * 3600
LAST_DAY = datetime(9000, 1, 1, tzinfo=UTC)  # leaves room for expiration dates


def add_fault(call: Call, service: Service) -> Reply:
    return Reply(201, {"id": service.faults.add(order_of(call.body)).id})


def list_faults(_call: Call, service: Service) -> Reply:
    return Reply(200, {"value": [_fault_body(fault) for fault in service.faults.all()]})


def clear_faults(_call: Call, service: Service) -> Reply:
    service.faults.clear()
    return Reply(204)


def advance(call: Call, service: Service) -> Reply:
    seconds = call.body.number("advance", least=0, most=MAX_SECONDS)
    if service.clock.now() + timedelta(seconds=seconds) >= LAST_DAY:
        raise bad_parameter(f"The clock cannot be moved past {LAST_DAY:%Y-%m-%d}.", "advance")
    service.clock.advance(seconds)
    return now(call, service)


def now(_call: Call, service: Service) -> Reply:
    return Reply(200, {"now": service.clock.now().isoformat()})


def dialect(request_log: RequestLog) -> Dialect[Service]:
    def requests(_call: Call, _service: Service) -> Reply:
        return Reply(200, {"value": [request.wire() for request in request_log.all()]})

    def clear(_call: Call, _service: Service) -> Reply:
        request_log.clear()
        return Reply(204)

    routes = (
        Route("GET", "/requests", requests),
        Route("DELETE", "/requests", clear),
        Route("POST", "/faults", add_fault),
        Route("GET", "/faults", list_faults),
        Route("DELETE", "/faults", clear_faults),
        Route("GET", "/clock", now),
        Route("POST", "/clock", advance),
    )
    return Dialect(PREFIX, routes)


def order_of(body: JsonBody) -> FaultOrder:
    """The fault that a body describes. Raises a 400 ServiceError that names the wrong field."""
    body.only("kind", "match", "status", "retryAfter", "seconds", "count", "share", "seed")
    kind = body.text("kind")
    if kind not in KINDS:
        raise bad_parameter(f"kind must be one of {', '.join(KINDS)}.", "kind")
    if kind in REQUIRED and not body.has(REQUIRED[kind]):
        raise bad_parameter(f"A fault of kind {kind} needs {REQUIRED[kind]}.", REQUIRED[kind])
    status = body.whole("status", 500)
    if status not in STATUSES:
        raise bad_parameter(f"status must be one of {', '.join(map(str, sorted(STATUSES)))}.", "status")
    return FaultOrder(kind=kind, status=status, **_match(body.body("match", {})), **_numbers(body))


def _match(match: JsonBody) -> Mapping[str, Any]:
    match.only("method", "path", "body")
    return {
        "method": match.text("method", "").upper(),
        "path": _pattern(match, "path"),
        "body": _pattern(match, "body"),
    }


def _numbers(body: JsonBody) -> Mapping[str, Any]:
    return {
        "retry_after": body.whole("retryAfter", least=0, most=MAX_SECONDS) if body.has("retryAfter") else None,
        "seconds": body.number("seconds", least=0, most=MAX_SECONDS) if body.has("seconds") else None,
        "count": body.whole("count", least=0) if body.has("count") else None,
        "share": body.number("share", 1.0, least=0, most=1),
        "seed": body.whole("seed", 0),
    }


def _pattern(match: JsonBody, name: str) -> re.Pattern[str]:
    if not match.has(name):
        return EVERYTHING
    try:
        return re.compile(match.text(name))
    except (re.error, RecursionError, OverflowError) as error:
        raise bad_parameter(
            f"{match.name(name)} is not a valid regular expression: {error}", match.name(name)
        ) from error


def _fault_body(fault: ArmedFault) -> JSON:
    order = fault.order
    match = {"method": order.method, "path": order.path.pattern, "body": order.body.pattern}
    body: JSON = {"id": fault.id, "kind": order.kind, "match": match, "share": order.share, "seed": order.seed}
    body |= {"count": order.count, "seconds": order.seconds}
    body |= {"status": order.status, "retryAfter": order.retry_after} if order.kind == "status" else {}
    return {**body, "seen": fault.seen, "struck": fault.struck}
