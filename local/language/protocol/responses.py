"""The answers as they leave: headers, JSON, and the envelope of errors."""

from __future__ import annotations

import json
import uuid
from typing import Any

from starlette.responses import Response

from local.language.protocol.dialect import Dialect, Reply
from local.language.protocol.service_errors import FRONT_HEADERS, ServiceError

GATEWAY_CONTENT = "application/json"
SERVICE_CONTENT = "application/json; charset=utf-8"


def refused(error: ServiceError, dialect: Dialect[Any] | None) -> Reply:
    fault = error.fault.wire(dialect.renamed if dialect else {})
    named = {} if error.by_gateway else {"x-ms-error-code": fault["code"]}
    return Reply(error.status, {"error": fault}, {**named, **error.headers})


def answered(reply: Reply, dialect: Dialect[Any] | None, milliseconds: int) -> Response:
    """A refusal by the gateway, before any dialect, is plainer than an answer of the service (recorded)."""
    request_id = str(uuid.uuid4())
    headers = {"apim-request-id": request_id, **reply.headers}
    if dialect:
        headers |= {**FRONT_HEADERS, "x-envoy-upstream-service-time": str(milliseconds)}
        headers |= {name: value.replace("{id}", request_id) for name, value in dialect.headers.items()}
    if reply.body is None:
        return Response(reply.content, reply.status, headers)
    headers["Content-Type"] = SERVICE_CONTENT if dialect else GATEWAY_CONTENT
    return Response(json.dumps(reply.body), reply.status, headers)
