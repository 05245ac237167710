"""Lists of the current authoring protocol that belong to no project."""

from __future__ import annotations

from local.language.authoring.replies import in_previews, page
from local.language.operations import training
from local.language.operations.service import Service
from local.language.protocol.dialect import Call, Reply, Route
from local.language.state.project_kinds import current_kind


def list_configs(call: Call, service: Service) -> Reply:
    current_kind(call.required("projectKind"))
    expires = training.expires(service.clock.now())
    return page(call, [{"trainingConfigVersion": training.CONFIG, "modelExpirationDate": f"{expires:%Y-%m-%d}"}])


def list_prebuilt_entities(call: Call, _service: Service) -> Reply:
    """None: they are parts of entities, which no supported kind of project has."""
    return page(call, [])


ROUTES = (
    Route("GET", "/projects/global/training-config-versions", list_configs),
    Route("GET", "/projects/global/prebuilt-entities", in_previews(list_prebuilt_entities)),
)
