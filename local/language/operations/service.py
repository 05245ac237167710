"""The service behind all dialects: its state, storage, clock, jobs, rate limits and injected faults."""

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
QUICKSTART_LIFETIME = timedelta(hours=24)  # the sample of the quickstart shows about 15 hours
ANALYZE_LIFETIME = timedelta(hours=24)  # recorded
LANES = {"train": 1, "other": 2}  # other jobs must not wait for a training
BUSY = {  # by kind of job: what it does to the project
    "train": "being trained",
    "import": "being imported",
    "load": "being given the labels of a model",
}


@dataclass(frozen=True)
class Service:
    """Handlers get one with the call that they answer as `incoming_call`."""

    state: State
    storage: TextStorage
    clock: Clock
    pace: Pace
    shape: str  # of responses of the quickstart's analyze API: "documented" or "observed"
    authoring: JobRunner  # the jobs of the authoring API
    analyses: JobRunner  # the jobs of the analyze API
    meter: Meter
    faults: Faults
    partial_results: PartialResults
    incoming_call: IncomingCall | None = None

    def begin(
        self,
        kind: str,
        project: str,
        request: Mapping[str, Any],
        work_input: Mapping[str, Any] | None = None,
        lifetime: timedelta = AUTHORING_LIFETIME,
    ) -> Job:
        """Begins a new authoring job."""
        now = self.clock.now()
        identity = f"{uuid.uuid4()}_{_ticks_of_day(now)}"
        schedule = self.pace.moments(kind, now)
        return self.authoring.begin(Job(identity, kind, project, now, now + lifetime, schedule, request, work_input))

    def accept(self, job: Job) -> Job:
        """Begins an analyze job, with its injected outcome if there is one. Raises a 403 ServiceError over quota."""
        if self.meter.limits.text_records is not None:
            self.meter.charge(_records(job))
        if self.incoming_call:
            job = self.faults.with_outcome(self.incoming_call, job)
        lost = job.injected and job.injected.kind == "lostJob"
        return job if lost else self.analyses.begin(job)

    def job(self, project: str, kinds: Collection[str], job_id: str, **request: str) -> Job:
        """The job with this id, if project, kind and `request` are as expected. Raises a 404 ServiceError."""
        try:
            job = self.authoring.get(job_id)
        except ServiceError:
            self.state.project(project)  # a missing project has its own error
            raise
        same = {name: job.request.get(name) for name in request} == request
        if job.kind not in kinds or job.project != project or not same:
            raise operation_not_found(job_id)
        return job

    def require_idle(self, project: str) -> None:
        """Raises a 409 ServiceError while the project is trained or its labels change."""
        busy = next((job for job in self.authoring.open() if job.project == project and job.kind in BUSY), None)
        if busy:
            raise conflict(f"The project is {BUSY[busy.kind]} (job {busy.id}): wait until it has ended, or cancel it.")

    def collect(self) -> None:
        """Deletes the models that nothing refers to, and their snapshots and evaluations."""
        projects = self.state.projects.values()
        used = {model.id for project in projects for model in project.models.values()}
        used |= {deployment.model.id for project in projects for deployment in project.deployments.values()}
        used |= {exported.model.id for project in projects for exported in project.exported.values()}
        used |= {task["model"] for job in self.analyses.open() for task in job.request["tasks"]}
        self.state.keep_only(used)


def open_service(
    state: State, storage: TextStorage, clock: Clock, *, pace: Pace, shape: str, limits: Limits
) -> Service:
    authoring = JobRunner(state.jobs, state.lock, clock, LANES)
    partial_results = PartialResults()
    one_thread = {"other": 1}  # a second one would only compete with it
    analyses = JobRunner(state.analyses, state.lock, clock, one_thread, partial_results.forget)
    meter = Meter(limits, clock)
    return Service(state, storage, clock, pace, shape, authoring, analyses, meter, Faults(), partial_results)


def _records(job: Job) -> int:
    """The number of text records that a job is billed as."""
    texts = [document["text"] for document in (job.input or {})["documents"]]
    return sum(transactions(text_elements(text)) for text in texts) * len(job.request["tasks"])


def _ticks_of_day(now: datetime) -> int:
    """The day in units of 100 nanoseconds since the year 1: the end of job ids (recorded)."""
    return (now.astimezone(UTC).toordinal() - 1) * 864_000_000_000
