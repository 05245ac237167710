"""Begins an operation for a caller, and says where to ask about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from shared.api import views
from shared.api.requests import KEY, Answer, key_of, name_of
from shared.domain.operations import Operation, OperationKind
from shared.errors import NotFound
from shared.operations.runner import GRACE, start
from shared.services import Services

LOOK_AGAIN = {"Retry-After": "2"}
# Where a caller asks about each kind, as the quickstart's steps have it.
LOCATIONS = {
    OperationKind.TRAIN: "projects/{project}/train/jobs/{key}",
    OperationKind.PUBLISH: "projects/{project}/publish/jobs/{key}",
}


def begin(
    services: Services,
    kind: OperationKind,
    project: str,
    parameters: Mapping[str, Any],
    now: datetime,
    *,
    known: Mapping[str, Any] | None = None,
) -> Answer:
    """202 with the operation, or with the very same if it is under way. `known` goes into its result beforehand."""
    operation = Operation(
        uuid4().hex, kind, project, parameters, created=now, due=now + GRACE, written=now, result=known or {}
    )
    return accepted(start(services, operation, now))


def accepted(operation: Operation) -> Answer:
    template = LOCATIONS.get(operation.kind, "operations/{key}")
    location = "/api/" + template.format(project=operation.project, key=operation.key)
    return Answer(202, views.operation(operation), {"Location": location, **LOOK_AGAIN})


def find(services: Services, kind: OperationKind, project: str, key: str) -> Operation | None:
    """The operation of this key, if it is of this kind and project."""
    found = services.ledger.find(Operation, key) if KEY.fullmatch(key) else None
    return found if found and (found.kind, found.project) == (kind, project) else None


def answer(services: Services, kind: OperationKind, project: str, key: str) -> Answer:
    """How the operation of this key stands. Raises NotFound."""
    operation = find(services, kind, project, key_of(key))
    if operation is None:
        raise NotFound(f"Project {name_of(project, 'project')} has no {kind} operation {key}.")
    return Answer(200, views.operation(operation))
