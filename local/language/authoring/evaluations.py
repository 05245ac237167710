"""Evaluations in today's authoring protocol."""

from __future__ import annotations

from local.language.authoring.replies import accepted, in_previews, job_of, page, require_string_index
from local.language.authoring.shapes import (
    document_evaluation,
    evaluation_job_body,
    evaluation_options,
    evaluation_summary,
)
from local.language.operations import evaluations
from local.language.operations.service import Service
from local.language.protocol.dialect import Call, Reply, Route


def summary(call: Call, service: Service) -> Reply:
    project = service.state.project(call.names["project"])
    return Reply(200, evaluation_summary(project.kind, evaluations.latest(service, project, call.names["model"])))


def results(call: Call, service: Service) -> Reply:
    require_string_index(call)
    project = service.state.project(call.names["project"])
    found = evaluations.latest(service, project, call.names["model"]).evaluation
    return page(call, [document_evaluation(project, document) for document in found.documents])


def evaluate(call: Call, service: Service) -> Reply:
    name, label = call.names["project"], call.names["model"]
    job = evaluations.begin(service, name, label, evaluation_options(call.body))
    return accepted(call, "/projects", job, name, "/models", label, "/evaluate/jobs")


def evaluation_status(call: Call, service: Service) -> Reply:
    job = job_of(call, service, "evaluate", model=call.names["model"])
    return Reply(200, evaluation_job_body(service, job))


_M = "/projects/<project>/models/<model>"
ROUTES = (
    Route("GET", f"{_M}/evaluation/summary-result", summary),
    Route("GET", f"{_M}/evaluation/result", results),
    Route("POST", f"{_M}/:evaluate", in_previews(evaluate)),
    Route("GET", f"{_M}/evaluate/jobs/<job>", in_previews(evaluation_status)),
)
