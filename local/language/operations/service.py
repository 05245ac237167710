"""The service as one thing: its state, storage, clock and jobs. Every dialect is a way to talk to it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local.language.conditions.clock import Clock
from local.language.conditions.fault_injection import Faults
from local.language.conditions.pacing import Pace
from local.language.conditions.rate_limits import Limits, Meter
from local.language.jobs.partial_results import PartialResults
from local.language.jobs.runner import JobRunner
from local.language.protocol.incoming_call import IncomingCall
from local.language.protocol.service_errors import ServiceError, conflict, operation_not_found
from local.language.protocol.text_length import text_elements, transactions
from local.language.state.records import Job
from local.language.state.state import State
from local.language.state.text_storage import TextStorage

AUTHORING_LIFETIME = timedelta(days=7)  # recorded
QUICKSTART_LIFETIME = timedelta(hours=24)  # the quickstart's sample has some 15 hours
ANALYZE_LIFETIME = timedelta(hours=24)  # recorded
LANES = {"train": 1, "other": 2}  # a training must not keep anything else waiting
BUSY = {"train": "being trained", "import": "being imported", "load": "being given the labels of a model"}


@dataclass(frozen=True)
class Service:
    """`shape` is how the quickstart's analyze answers: "documented" or "observed". `asked`: the call being answered."""

    state: State
    storage: TextStorage
    clock: Clock
    pace: Pace
    shape: str
    authoring: JobRunner
    analyses: JobRunner
    meter: Meter
    faults: Faults
    findings: PartialResults
    asked: IncomingCall | None = None

    def begin(
        self,
        kind: str,
        project: str,
        request: Mapping[str, Any],
        work_input: Mapping[str, Any] | None = None,
        lifetime: timedelta = AUTHORING_LIFETIME,
    ) -> Job:
        """A new authoring job, on its way."""
        now = self.clock.now()
        identity = f"{uuid.uuid4()}_{_ticks_of_day(now)}"
        schedule = self.pace.moments(kind, now)
        return self.authoring.begin(Job(identity, kind, project, now, now + lifetime, schedule, request, work_input))

    def accept(self, job: Job) -> Job:
        """A new analyze job, on its way to its fate. Raises a 403 ServiceError if the quota is spent."""
        if self.meter.limits.text_records is not None:
            self.meter.charge(_records(job))
        fated = self.faults.fated(self.asked, job) if self.asked else job
        lost = fated.injected and fated.injected.kind == "lostJob"
        return fated if lost else self.analyses.begin(fated)

    def job(self, project: str, kinds: Collection[str], job_id: str, **asked: str) -> Job:
        """The job of such a kind and that project, asked for with those words. Raises a 404 ServiceError."""
        try:
            job = self.authoring.get(job_id)
        except ServiceError:
            self.state.project(project)  # if that is what is missing, say so
            raise
        words = {name: job.request.get(name) for name in asked}
        if job.kind not in kinds or (job.project, words) != (project, asked):
            raise operation_not_found(job_id)
        return job

    def require_idle(self, project: str) -> None:
        """Raises a 409 ServiceError while the project is in training, or its labels are changing."""
        busy = next((job for job in self.authoring.open() if job.project == project and job.kind in BUSY), None)
        if busy:
            raise conflict(
                f"The project is {BUSY[busy.kind]} (job {busy.id}): wait until that has ended, or cancel it."
            )

    def collect(self) -> None:
        """Removes the models that nothing refers to any more, and their snapshots."""
        projects = self.state.projects.values()
        used = {model.id for project in projects for model in project.models.values()}
        used |= {found.model.id for project in projects for found in project.deployments.values()}
        used |= {found.model.id for project in projects for found in project.exported.values()}
        used |= {task["model"] for job in self.analyses.open() for task in job.request["tasks"]}
        self.state.keep_only(used)


def open_service(
    state: State, storage: TextStorage, clock: Clock, *, pace: Pace, shape: str, limits: Limits
) -> Service:
    authoring = JobRunner(state.jobs, state.lock, clock, LANES)
    findings = PartialResults()
    analyses = JobRunner(state.analyses, state.lock, clock, {"other": 1}, findings.forget)  # two would only take turns
    return Service(state, storage, clock, pace, shape, authoring, analyses, Meter(limits, clock), Faults(), findings)


def _records(job: Job) -> int:
    """The text records that a job is billed as."""
    texts = [document["text"] for document in (job.input or {})["documents"]]
    return sum(transactions(text_elements(text)) for text in texts) * len(job.request["tasks"])


def _ticks_of_day(now: datetime) -> int:
    """The day as hundreds of nanoseconds since the year 1: what job ids end with (recorded)."""
    return (now.astimezone(UTC).toordinal() - 1) * 864_000_000_000
