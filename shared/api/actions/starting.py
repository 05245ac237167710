"""Starts operations, and responds with their status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from shared.api import views
from shared.api.call import Call
from shared.api.requests import KEY, Response, key_of
from shared.domain.operations import Operation, OperationKind
from shared.errors import NotFound
from shared.operations.runner import GRACE, start

RETRY_SOON = {"Retry-After": "2"}
# The status URLs of some kinds, which are those of the quickstart.
LOCATIONS = {
    OperationKind.TRAIN: "projects/{project}/train/jobs/{key}",
    OperationKind.PUBLISH: "projects/{project}/publish/jobs/{key}",
}


def start_operation(
    call: Call[Any],
    kind: OperationKind,
    project: str,
    parameters: Mapping[str, Any],
    *,
    initial_result: Mapping[str, Any] | None = None,
) -> Response:
    """202 with the operation; if the same operation is under way, with that one. Raises Conflict for another one.

    `initial_result`: values that its result has from the start.
    """
    now = call.now
    operation = Operation(
        uuid4().hex, kind, project, parameters, created=now, due=now + GRACE, written=now, result=initial_result or {}
    )
    return accepted(start(call.services, operation, now))


def accepted(operation: Operation) -> Response:
    """202 with the operation and its status URL."""
    template = LOCATIONS.get(operation.kind, "operations/{key}")
    location = "/api/" + template.format(project=operation.project, key=operation.key)
    return Response(202, views.operation(operation), {"Location": location, **RETRY_SOON})


def find_operation(call: Call[Any], kind: OperationKind) -> Operation | None:
    """The operation of the key in the path, if it has this kind and the project in the path."""
    operation = call.services.ledger.find(Operation, call.key) if KEY.fullmatch(call.key) else None
    return operation if operation and (operation.kind, operation.project) == (kind, call.project) else None


def operation_response(call: Call[Any], kind: OperationKind) -> Response:
    """200 with the operation of the key in the path. Raises NotFound, or BadRequest for an invalid key."""
    key_of(call.key)
    operation = find_operation(call, kind)
    if operation is None:
        raise NotFound(f"Project {call.project} has no {kind} operation {call.key}.")
    return Response(200, views.operation(operation))
