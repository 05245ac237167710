"""The evaluation of a model, in the current authoring protocol."""

from __future__ import annotations

from local.language.authoring.replies import page, require_string_index
from local.language.authoring.shapes import (
    document_evaluation,
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
    evaluation = evaluations.latest(service, project, call.names["model"]).evaluation
    return page(call, [document_evaluation(project, document) for document in evaluation.documents])


_M = "/projects/<project>/models/<model>"
ROUTES = (
    Route("GET", f"{_M}/evaluation/summary-result", summary),
    Route("GET", f"{_M}/evaluation/result", results),
)
