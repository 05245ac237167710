"""Begins an operation for a caller, and says where to ask about it."""

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

LOOK_AGAIN = {"Retry-After": "2"}
# Where a caller asks about each kind, as the quickstart's steps have it.
LOCATIONS = {
    OperationKind.TRAIN: "projects/{project}/train/jobs/{key}",
    OperationKind.PUBLISH: "projects/{project}/publish/jobs/{key}",
}


def begin(
    call: Call[Any],
    kind: OperationKind,
    project: str,
    parameters: Mapping[str, Any],
    *,
    known: Mapping[str, Any] | None = None,
) -> Response:
    """202 with the operation, or with the very same if it is under way. `known` goes into its result beforehand."""
    now = call.now
    operation = Operation(
        uuid4().hex, kind, project, parameters, created=now, due=now + GRACE, written=now, result=known or {}
    )
    return accepted(start(call.services, operation, now))


def accepted(operation: Operation) -> Response:
    template = LOCATIONS.get(operation.kind, "operations/{key}")
    location = "/api/" + template.format(project=operation.project, key=operation.key)
    return Response(202, views.operation(operation), {"Location": location, **LOOK_AGAIN})


def find(call: Call[Any], kind: OperationKind) -> Operation | None:
    """The operation of the key in the path, if it is of this kind and of the path's project."""
    found = call.services.ledger.find(Operation, call.key) if KEY.fullmatch(call.key) else None
    return found if found and (found.kind, found.project) == (kind, call.project) else None


def answer(call: Call[Any], kind: OperationKind) -> Response:
    """How the operation of the key in the path stands. Raises NotFound."""
    key_of(call.key)
    operation = find(call, kind)
    if operation is None:
        raise NotFound(f"Project {call.project} has no {kind} operation {call.key}.")
    return Response(200, views.operation(operation))
