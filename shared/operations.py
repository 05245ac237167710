"""Long-running work on a project at the service: begun once, then followed by the tick until it ends.

The operation's row is written before the request. A table says how each kind begins, is followed and takes effect.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from shared import gate
from shared.errors import (
    BadRequest,
    Busy,
    Closed,
    Conflict,
    ContainerMissing,
    Garbled,
    Moved,
    NotFound,
    Refused,
    StorageUnavailable,
    TextdropError,
)
from shared.labels import parse_labels
from shared.language.types import Kind, Labels, Progress, Project, State
from shared.model import wait_before
from shared.operation import Operation, OperationKind, OperationState
from shared.services import Services
from shared.singles import Chosen

log = logging.getLogger(__name__)

LIFETIME = timedelta(days=7)  # of an authoring job at the service
FIRST_LOOK, LONGEST_LOOK = timedelta(seconds=1), timedelta(seconds=30)
LONGEST_ASKED = timedelta(minutes=15)  # whatever the service asks for
# Nobody knows whether a beginning arrived whose process died; longer than any request may take.
GRACE = timedelta(minutes=2)
# Trouble that passes. A caller hears of a refused key or a busy project at once; the tick tries on.
PASSING = (Closed, StorageUnavailable)
PASSING_FOR_THE_TICK = (*PASSING, Busy, Garbled)


@dataclass(frozen=True)
class Work:
    """How one kind of operation goes.

    `begin` gives the service's id ("": it is done already); `look` how it stands; `effect` what else changes in the
    ledger when it succeeds, as (before, after) pairs, and what it yielded.
    """

    begin: Callable[[Services, Operation], str]
    look: Callable[[Services, Operation], Progress]
    effect: Callable[[Services, Operation, Progress, datetime], tuple[list[tuple[Any, Any]], Mapping[str, str]]]


def start(services: Services, operation: Operation, now: datetime) -> Operation:
    """Remember the operation and ask the service for it.

    Raises Conflict if another is under way on the project, and whatever the service or storage has against it, except
    trouble that passes: then the operation is kept, and the tick goes on trying.
    """
    try:
        [remembered] = services.ledger.commit((None, operation))
    except Moved:
        raise Conflict(f"Another operation on project {operation.project} is under way: GET /api/operations.") from None
    try:
        return _begin(services, remembered, now)
    except TextdropError as trouble:
        if isinstance(trouble, PASSING) and not isinstance(trouble, Refused):
            return _postpone(services, remembered, str(trouble), now)
        services.ledger.commit((remembered, remembered.failed(str(trouble), now)))
        raise


def follow(services: Services, now: datetime, limit: int) -> int:
    """Take the next step of at most `limit` operations that are due; gives how many. One's trouble is its own."""
    operations = services.ledger.due(Operation, now, limit)
    for operation in operations:
        with suppress(Moved):  # another instance took the step
            _step(services, operation, now)
    return len(operations)


def _step(services: Services, operation: Operation, now: datetime) -> None:
    try:
        if now - operation.created > LIFETIME:
            services.ledger.commit((operation, operation.failed("It did not end within seven days.", now)))
        elif operation.state is OperationState.STARTING:
            [operation] = services.ledger.commit((operation, operation.taken(now + GRACE)))
            _begin(services, operation, now)
        else:
            _look(services, operation, now)
    except PASSING_FOR_THE_TICK as trouble:
        _postpone(services, operation, str(trouble), now)
    except Moved:
        raise
    except TextdropError as trouble:
        log.warning("Operation %s failed: %s", operation.key, trouble)
        services.ledger.commit((operation, operation.failed(str(trouble), now)))


def _begin(services: Services, operation: Operation, now: datetime) -> Operation:
    service_id = WORK[operation.kind].begin(services, operation)
    if not service_id:
        return _succeed(services, operation, Progress(State.SUCCEEDED), now)
    [running] = services.ledger.commit((operation, operation.running(service_id, now + FIRST_LOOK, now)))
    return running  # type: ignore[no-any-return]


def _look(services: Services, operation: Operation, now: datetime) -> None:
    progress = WORK[operation.kind].look(services, operation)
    if progress.state is State.SUCCEEDED:
        _succeed(services, operation, progress, now)
    elif progress.state.final:
        services.ledger.commit((operation, operation.failed(progress.error or f"{progress.state}", now)))
    else:
        wait = wait_before(operation.key, operation.polls, FIRST_LOOK, LONGEST_LOOK)
        if progress.retry_after is not None:
            wait = min(timedelta(seconds=progress.retry_after), LONGEST_ASKED)
        services.ledger.commit((operation, operation.progressed(progress, now + wait, now)))


def _succeed(services: Services, operation: Operation, progress: Progress, now: datetime) -> Operation:
    changes, result = WORK[operation.kind].effect(services, operation, progress, now)
    after = operation.succeeded(result, progress.steps, now)
    done, *_ = services.ledger.commit((operation, after), *changes)
    if changes:
        gate.reopen(services)  # what waited for a classifier need not wait for the gate
    return done  # type: ignore[no-any-return]


def _postpone(services: Services, operation: Operation, why: str, now: datetime) -> Operation:
    due = now + wait_before(operation.key, operation.polls, FIRST_LOOK, LONGEST_LOOK)
    [postponed] = services.ledger.commit((operation, operation.postponed(why, due, now)))
    return postponed  # type: ignore[no-any-return]


def project_of(operation: Operation) -> Project:
    """The project that a create operation is to make."""
    wanted = operation.parameters
    return Project(
        name=operation.project,
        kind=Kind(wanted["modelType"]),
        container=wanted["storageInputContainerName"],
        language=wanted["culture"],
        multilingual=wanted["multiLingual"],
        description=wanted["description"],
        labels_location=wanted["labelsLocation"],
    )


def _create(services: Services, operation: Operation) -> str:
    project = project_of(operation)
    return services.language.begin_create_project(project, _labels(services, project))


def _labels(services: Services, project: Project) -> Labels:
    try:
        raw = services.documents.read_any(project.container, project.labels_location)
    except (NotFound, ContainerMissing):
        raise BadRequest(
            f"There is no labels file {project.labels_location} in container {project.container}: upload it first, "
            "beside the documents it names."
        ) from None
    return parse_labels(raw, project.kind)


def _no_effect(*_: Any) -> tuple[list[tuple[Any, Any]], Mapping[str, str]]:
    return [], {}


def _trained(_: Services, operation: Operation, __: Progress, ___: datetime) -> tuple[list[Any], Mapping[str, str]]:
    return [], {"model": operation.parameters["model"]}


def _published(
    services: Services, operation: Operation, progress: Progress, now: datetime
) -> tuple[list[tuple[Any, Any]], Mapping[str, str]]:
    """What was published is the classifier of dropped files from now on, in the same transaction."""
    deployment, model = operation.parameters["deployment"], operation.parameters["model"]
    classifier = services.language.classifier(operation.project, deployment, progress.model_id)
    before = services.ledger.read(Chosen)
    classifier = replace(classifier, project=operation.project, deployment=deployment, model=model)
    after = Chosen(classifier, now, before.version)
    result = {"model": model, "deployment": deployment, "modelId": progress.model_id}
    return [(before if before.version else None, after)], {name: value for name, value in result.items() if value}


def _deleted(
    services: Services, operation: Operation, _: Progress, now: datetime
) -> tuple[list[tuple[Any, Any]], Mapping[str, str]]:
    """Deleting the project that dropped files go to leaves them without a classifier."""
    before = services.ledger.read(Chosen)
    if before.classifier is None or before.classifier.project != operation.project:
        return [], {}
    return [(before, Chosen(None, now, before.version))], {"classifier": "cleared: it belonged to this project"}


WORK: dict[OperationKind, Work] = {
    OperationKind.CREATE: Work(
        _create, lambda services, one: services.language.creation(one.project, one.service_id), _no_effect
    ),
    OperationKind.TRAIN: Work(
        lambda services, one: services.language.begin_train(one.project, one.parameters["model"]),
        lambda services, one: services.language.training(one.project, one.service_id),
        _trained,
    ),
    OperationKind.PUBLISH: Work(
        lambda services, one: services.language.begin_publish(
            one.project, one.parameters["model"], one.parameters["deployment"]
        ),
        lambda services, one: services.language.publishing(one.project, one.parameters["deployment"], one.service_id),
        _published,
    ),
    OperationKind.DELETE: Work(
        lambda services, one: services.language.begin_delete_project(one.project),
        lambda services, one: services.language.deletion(one.project, one.service_id),
        _deleted,
    ),
}
