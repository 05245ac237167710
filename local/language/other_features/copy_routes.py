"""Copies of projects, in the previews of the current authoring protocol."""

from __future__ import annotations

from local.language.authoring.replies import accepted, in_previews, status_of
from local.language.operations.service import Service
from local.language.other_features import copies
from local.language.other_features.resources import HERE
from local.language.protocol.dialect import Call, Reply, Route, seconds
from local.language.state.project_kinds import CURRENT, current_kind


def authorize_copy(call: Call, service: Service) -> Reply:
    """The response is the body for `:copy` (from the quickstart of the related service for conversations)."""
    name, body = call.names["project"], call.body
    kind, container = current_kind(body.text("projectKind")), body.text("storageInputContainerName", "")
    overwrite = body.flag("allowOverwrite", False)
    grant, token = copies.authorize(service, name, kind, container, overwrite=overwrite)
    authorization = {
        "projectKind": CURRENT[grant.kind],
        "targetProjectName": grant.project,
        "accessToken": token,
        "expiresAt": seconds(grant.expires),
        "targetResourceId": HERE.id,
        "targetResourceRegion": HERE.region,
    }
    return Reply(200, authorization)


def copy(call: Call, service: Service) -> Reply:
    name, body = call.names["project"], call.body
    body.text("expiresAt")
    target = copies.Target(
        body.text("targetProjectName"),
        current_kind(body.text("projectKind")),
        body.text("targetResourceId"),
        body.text("targetResourceRegion"),
    )
    job = copies.begin(service, name, body.text("accessToken"), target)
    return accepted(call, "/projects", job, name, "/copy/jobs")


_P = "/projects/<project>"
ROUTES = (
    Route("POST", f"{_P}/:authorize-copy", in_previews(authorize_copy)),
    Route("POST", f"{_P}/:copy", in_previews(copy)),
    Route("GET", f"{_P}/copy/jobs/<job>", in_previews(status_of("copy"))),
)
