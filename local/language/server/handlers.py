"""The work of each kind of job. The kinds are stored and are names of `--pace`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from local.language.jobs.runner import Effect
from local.language.operations import analysis, deployments, projects, training
from local.language.operations.injected_outcomes import unless_failing
from local.language.operations.service import Service
from local.language.other_features import copies, evaluation_jobs, exported_models, resources, snapshots
from local.language.state.json_table import Unwritable
from local.language.state.records import Job

AUTHORING: dict[str, Callable[[Service, Job], Effect]] = {
    "import": projects.importing,
    "export": projects.exporting,
    "load": snapshots.loading,
    "delete": projects.deleting,
    "train": training.training,
    "evaluate": evaluation_jobs.evaluating,
    "deploy": deployments.deploying,
    "publish": deployments.deploying,
    "undeploy": deployments.undeploying,
    "swap": deployments.swapping,
    "copy": copies.copying,
    "assign": resources.assigning,
    "unassign": resources.unassigning,
    "withdraw": resources.withdrawing,
    "export-model": exported_models.exporting,
    "delete-exported": exported_models.deleting,
}
ANALYSES: dict[str, Callable[[Service, Job], Effect]] = {"analyze": unless_failing(analysis.analysing)}
KINDS = (*AUTHORING, *ANALYSES)


def start(service: Service) -> None:
    """Starts the work of jobs, first of those that an earlier process did not finish."""
    with suppress(Unwritable):
        service.collect()  # what a process left that was killed while it saved a model
    service.authoring.start({kind: partial(work, service) for kind, work in AUTHORING.items()})
    analyses = {kind: partial(work, service) for kind, work in ANALYSES.items()}
    service.analyses.start(analyses, partial(analysis.cancelled_ending, service))
