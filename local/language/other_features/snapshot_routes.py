"""Snapshots of a model's labels, in the current authoring protocol."""

from __future__ import annotations

from local.language.authoring.replies import accepted, status_of
from local.language.authoring.shapes import OLDEST
from local.language.operations.service import Service
from local.language.other_features import snapshots
from local.language.protocol.dialect import Call, Reply, Route
from local.language.protocol.service_errors import no_such_route

LOADS = "/load-snapshot/jobs"


def load_snapshot(call: Call, service: Service) -> Reply:
    if call.query["api-version"] == OLDEST:
        raise no_such_route()
    name, label = call.names["project"], call.names["model"]
    return accepted(call, "/projects", snapshots.begin_load(service, name, label), name, "/models", label, LOADS)


_M = "/projects/<project>/models/<model>"
ROUTES = (
    Route("POST", f"{_M}/:load-snapshot", load_snapshot),
    Route("GET", f"{_M}{LOADS}/<job>", status_of("load", "model")),
)
