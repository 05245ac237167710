"""Replies as HTTP responses: headers, JSON, and the error envelope."""

from __future__ import annotations

import json
import uuid
from typing import Any

from starlette.responses import Response

from local.language.protocol.dialect import Dialect, Reply
from local.language.protocol.service_errors import FRONT_HEADERS, ServiceError

GATEWAY_CONTENT = "application/json"
SERVICE_CONTENT = "application/json; charset=utf-8"


def error_reply(error: ServiceError, dialect: Dialect[Any] | None) -> Reply:
    body = error.fault.wire(dialect.renamed if dialect else {})
    code = {} if error.by_gateway else {"x-ms-error-code": body["code"]}
    return Reply(error.status, {"error": body}, {**code, **error.headers})


def http_response(reply: Reply, dialect: Dialect[Any] | None, milliseconds: int) -> Response:
    """Without a dialect it is a response of the gateway, which has fewer headers (recorded)."""
    request_id = str(uuid.uuid4())
    headers = {"apim-request-id": request_id, **reply.headers}
    if dialect:
        headers |= {**FRONT_HEADERS, "x-envoy-upstream-service-time": str(milliseconds)}
        headers |= {name: value.replace("{id}", request_id) for name, value in dialect.headers.items()}
    if reply.body is None:
        return Response(reply.content, reply.status, headers)
    headers["Content-Type"] = SERVICE_CONTENT if dialect else GATEWAY_CONTENT
    return Response(json.dumps(reply.body), reply.status, headers)
