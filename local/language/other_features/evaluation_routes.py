"""Evaluations on request, in the previews of the current authoring protocol."""

from __future__ import annotations

from local.language.authoring.replies import accepted, in_previews, job_of
from local.language.authoring.shapes import evaluation_options, job_body, options_body
from local.language.operations import training
from local.language.operations.service import Service
from local.language.other_features import evaluation_jobs
from local.language.protocol.dialect import Call, Reply, Route
from local.language.protocol.json_body import JSON
from local.language.state.records import EvaluationOptions, Job


def evaluate(call: Call, service: Service) -> Reply:
    name, label = call.names["project"], call.names["model"]
    job = evaluation_jobs.begin(service, name, label, evaluation_options(call.body))
    return accepted(call, "/projects", job, name, "/models", label, "/evaluate/jobs")


def evaluation_status(call: Call, service: Service) -> Reply:
    job = job_of(call, service, "evaluate", model=call.names["model"])
    return Reply(200, _body(service, job))


def _body(service: Service, job: Job) -> JSON:
    """`percentComplete` is 0 or 100, as in the parts of a training."""
    succeeded = job.ending and job.ending.status == "succeeded"
    result = {
        "evaluationOptions": options_body(EvaluationOptions(**job.request["options"])),
        "modelLabel": job.request["model"],
        "trainingConfigVersion": training.CONFIG,
        "percentComplete": 100 if succeeded else 0,
    }
    warnings = [fault.wire() for fault in job.ending.warnings] if job.ending else []
    return {"result": result, **job_body(service, job), "warnings": warnings}


_M = "/projects/<project>/models/<model>"
ROUTES = (
    Route("POST", f"{_M}/:evaluate", in_previews(evaluate)),
    Route("GET", f"{_M}/evaluate/jobs/<job>", in_previews(evaluation_status)),
)
