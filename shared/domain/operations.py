"""Operation: long-running work on a project, or on all documents; a frozen value with its transitions. Pure.

starting -> running -> succeeded | failed
running -> starting, if another phase follows
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from shared.domain.clocks import MAX_WAIT
from shared.domain.timeline import REASON_LENGTH, SETBACKS, Event, Timed, words
from shared.language.types import Progress


class OperationKind(StrEnum):
    CREATE = "create"
    IMPORT = "import"
    EXPORT = "export"
    TRAIN = "train"
    PUBLISH = "publish"
    UNPUBLISH = "unpublish"
    SWAP = "swap"
    DELETE = "delete"
    EXPORT_DOCUMENTS = "export_documents"
    LABEL_REVIEWS = "label_reviews"


class OperationState(StrEnum):
    STARTING = "starting"  # written before the request; requested again if the first request may not have arrived
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in (OperationState.SUCCEEDED, OperationState.FAILED)


@dataclass(frozen=True)
class Cursor:
    """The position of the app's own work: of an export of documents, or of labels from reviews."""

    blocks: int = 0  # of an export: staged
    documents: int = 0  # in these blocks
    after: str = ""  # the listing's continuation token; "" at the start
    stage: str = ""  # of labels from reviews: what the next step does


@dataclass(frozen=True)
class Step(Progress):
    """The progress of work of the app's own: where its next step begins."""

    cursor: Cursor | None = None


@dataclass(frozen=True)
class Operation(Timed):
    """Long-running work on a project at the service, or on all documents. A project has at most one at a time."""

    key: str
    kind: OperationKind
    project: str  # empty: all documents
    parameters: Mapping[str, Any]  # from the caller: model, deployment, the project to create
    created: datetime
    due: datetime  # when its next step is taken
    state: OperationState = OperationState.STARTING
    service_id: str = ""  # the service's id of its job
    polls: int = 0  # in this phase, without a final state
    setbacks: int = 0  # consecutive unexpected errors
    percent: int | None = None  # from 0 to 100
    steps: Mapping[str, str | int] = field(default_factory=dict)  # the status of each step at the service
    result: Mapping[str, Any] = field(default_factory=dict)  # what it produced, and what was looked up at its start
    detail: str = ""  # the last error
    ended: datetime | None = None
    part: OperationKind | None = None  # the phase, if it is not `kind`: a training may be followed by publishing
    timeline: tuple[Event, ...] = ()
    written: datetime | None = None  # when `due` was set, by the writer's clock
    cursor: Cursor | None = None  # the position of the app's own work, after its first step
    version: str = field(default="", compare=False)  # of its row

    @property
    def phase(self) -> OperationKind:
        """What it does now."""
        return self.part or self.kind

    def taken(self, until: datetime, now: datetime) -> Self:
        """Reserved for this process until `until`: its request is about to be sent."""
        return replace(self, due=until, written=now)

    def running(self, service_id: str, due: datetime, now: datetime) -> Self:
        timeline = self._after(now, "accepted by the service")
        running = replace(self, state=OperationState.RUNNING, service_id=service_id, due=due, timeline=timeline)
        return replace(running, polls=0, setbacks=0, detail="", written=now)

    def postponed(self, why: str, due: datetime, now: datetime) -> Self:
        """Tried again at `due`, in the same state."""
        detail = why[:REASON_LENGTH]
        timeline = self.timeline if detail == self.detail else self._after(now, detail)
        return replace(self, polls=self.polls + 1, setbacks=0, detail=detail, due=due, written=now, timeline=timeline)

    def set_back(self, why: str, due: datetime, now: datetime) -> Self:
        """Tried again at `due` after an unexpected error. SETBACKS of them in a row end it."""
        setbacks = self.setbacks + 1
        if setbacks >= SETBACKS:
            return self.failed(f"Its next step failed {setbacks} times. Last error: {why}", now)
        timeline = self._after_other(now, why)
        return replace(self, setbacks=setbacks, detail=why[:REASON_LENGTH], due=due, written=now, timeline=timeline)

    def progressed(self, progress: Progress, due: datetime, now: datetime) -> Self:
        """Still running. The timeline gets an event only if the steps have changed."""
        steps = ", ".join(f"{step} {words(status)}" for step, status in progress.steps.items())
        timeline = self.timeline if not steps or progress.steps == self.steps else self._after(now, steps)
        return replace(
            self,
            service_id=progress.job or self.service_id,
            cursor=progress.cursor if isinstance(progress, Step) else self.cursor,
            polls=self.polls + 1,
            setbacks=0,
            percent=progress.percent,
            steps=dict(progress.steps),
            detail="",
            due=due,
            written=now,
            timeline=timeline,
        )

    def advanced(
        self, part: OperationKind, result: Mapping[str, Any], steps: Mapping[str, str | int], now: datetime
    ) -> Self:
        """The current phase has succeeded; `part` is the next."""
        return replace(
            self,
            state=OperationState.STARTING,
            part=part,
            service_id="",
            polls=0,
            setbacks=0,
            result={**self.result, **result},
            steps=dict(steps),
            cursor=None,
            detail="",
            due=now,
            written=now,
            timeline=self._after(now, f"{self.phase} succeeded, {part} follows"),
        )

    def bounded(self, now: datetime) -> Self:
        """With its times corrected, if the clock that wrote them was ahead.

        An operation that a process may be requesting now is not changed.
        """
        if self.state is OperationState.STARTING and self.due - now <= MAX_WAIT["request"]:
            return self
        return self._bounded("operation", now, created=min(self.created, now))

    def succeeded(self, result: Mapping[str, Any], steps: Mapping[str, str | int], now: datetime) -> Self:
        timeline = self._after(now, "succeeded")
        return replace(
            self,
            state=OperationState.SUCCEEDED,
            percent=100,
            result={**self.result, **result},
            steps=dict(steps),
            detail="",
            ended=now,
            timeline=timeline,
        )

    def failed(self, why: str, now: datetime) -> Self:
        timeline = self._after(now, f"failed: {why}")
        return replace(self, state=OperationState.FAILED, detail=why[:REASON_LENGTH], ended=now, timeline=timeline)
