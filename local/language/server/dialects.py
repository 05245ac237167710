"""All protocols of the service."""

from __future__ import annotations

from dataclasses import replace

from local.language.authoring import current as authoring_current
from local.language.authoring import quickstart as authoring_quickstart
from local.language.operations.service import Service
from local.language.other_features import (
    copy_routes,
    evaluation_routes,
    exported_model_routes,
    global_lists,
    resource_routes,
    snapshot_routes,
    v32,
)
from local.language.protocol.dialect import Dialect
from local.language.runtime import current as runtime_current
from local.language.runtime import quickstart as runtime_quickstart

OTHER_ROUTES = (
    *evaluation_routes.ROUTES,
    *copy_routes.ROUTES,
    *resource_routes.ROUTES,
    *exported_model_routes.ROUTES,
    *snapshot_routes.ROUTES,
    *global_lists.ROUTES,
)
DIALECTS: tuple[Dialect[Service], ...] = (
    replace(authoring_current.DIALECT, routes=(*authoring_current.DIALECT.routes, *OTHER_ROUTES)),
    authoring_quickstart.DIALECT,
    runtime_current.DIALECT,
    runtime_quickstart.DIALECT,
    v32.DIALECT,
)
