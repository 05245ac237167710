"""Operation: long-running work on a project, or on all documents; a frozen value with its transitions. Pure.

starting -> running -> succeeded | failed
running -> starting, where another part follows
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from shared.domain.clocks import MAX_WAIT, meant
from shared.domain.timeline import REASON_LENGTH, SETBACKS, WRITTEN_AHEAD, Event, Timed
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


class OperationState(StrEnum):
    STARTING = "starting"  # written before the request; begun again if nobody knows whether it arrived
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        return self in (OperationState.SUCCEEDED, OperationState.FAILED)


@dataclass(frozen=True)
class Operation(Timed):
    """Long-running work on a project at the service, or on all documents (`project` is ""). One at a time a project.

    `parameters` are what the kind needs, as the caller sent it (model, deployment, the project to create); `result` is
    what it yielded, and what had to be known before it began. `part` is what it does now if that is not its kind: a
    training goes on to publish, if it was asked to. `written`: when `due` was decided, by the clock that did.
    """

    key: str
    kind: OperationKind
    project: str
    parameters: Mapping[str, Any]
    created: datetime
    due: datetime
    state: OperationState = OperationState.STARTING
    service_id: str = ""
    polls: int = 0
    setbacks: int = 0  # unforeseen errors in a row
    percent: int | None = None
    steps: Mapping[str, str | int] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    detail: str = ""
    ended: datetime | None = None
    part: OperationKind | None = None
    timeline: tuple[Event, ...] = ()
    written: datetime | None = None
    version: str = field(default="", compare=False)

    @property
    def phase(self) -> OperationKind:
        return self.part or self.kind

    def taken(self, until: datetime, now: datetime) -> Self:
        """About to be asked for; whoever looks before `until` leaves it alone."""
        return replace(self, due=until, written=now)

    def running(self, service_id: str, due: datetime, now: datetime) -> Self:
        timeline = self._after(now, "accepted by the service")
        running = replace(self, state=OperationState.RUNNING, service_id=service_id, due=due, timeline=timeline)
        return replace(running, polls=0, setbacks=0, detail="", written=now)

    def postponed(self, why: str, due: datetime, now: datetime) -> Self:
        """Neither begun nor ended: it is tried again at `due`."""
        detail = why[:REASON_LENGTH]
        timeline = self.timeline if detail == self.detail else self._after(now, detail)
        return replace(self, polls=self.polls + 1, setbacks=0, detail=detail, due=due, written=now, timeline=timeline)

    def set_back(self, why: str, due: datetime, now: datetime) -> Self:
        """An unforeseen error: its step is taken again at `due`. The last of SETBACKS in a row ends it."""
        setbacks = self.setbacks + 1
        if setbacks >= SETBACKS:
            return self.failed(f"Its next step failed {setbacks} times; the last time: {why}", now)
        timeline = self._after_other(now, why)
        return replace(self, setbacks=setbacks, detail=why[:REASON_LENGTH], due=due, written=now, timeline=timeline)

    def progressed(self, progress: Progress, due: datetime, now: datetime) -> Self:
        said = ", ".join(f"{step} {status}" for step, status in progress.steps.items())
        timeline = self.timeline if not said or progress.steps == self.steps else self._after(now, said)
        return replace(
            self,
            service_id=progress.job or self.service_id,
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
        """What it did is done; `part` is to be begun."""
        return replace(
            self,
            state=OperationState.STARTING,
            part=part,
            service_id="",
            polls=0,
            setbacks=0,
            result={**self.result, **result},
            steps=dict(steps),
            detail="",
            due=now,
            written=now,
            timeline=self._after(now, f"{self.phase} succeeded, {part} follows"),
        )

    def bounded(self, now: datetime) -> Self:
        """As it can have been meant, if a clock that was ahead wrote it.

        A process may be asking for it at this moment: then it is left alone, unless that process is long gone.
        """
        if self.state is OperationState.STARTING and self.due - now <= MAX_WAIT["request"]:
            return self
        due = meant(self.due, self.written, MAX_WAIT["operation"], now)
        if due == self.due:
            return self
        timeline = self._after_other(now, WRITTEN_AHEAD)
        return replace(self, due=due, written=now, created=min(self.created, now), timeline=timeline)

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
