"""The one road of every request: read, recorded, let in with the key, routed to its dialect, answered."""

from __future__ import annotations

import hmac
import json
import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from local.language import analyze_current, analyze_preview, analyze_v32, authoring_current, authoring_preview
from local.language.errors import (
    Fault,
    ServiceError,
    bad_parameter,
    no_such_route,
    too_large,
    wrong_key,
    wrong_method,
)
from local.language.recording import SECRET_HEADERS, Recorded, Recording
from local.language.service import Service
from local.language.wire import MEGABYTE, Call, Dialect, Reply, Route

DIALECTS = (
    authoring_current.DIALECT,
    authoring_preview.DIALECT,
    analyze_current.DIALECT,
    analyze_preview.DIALECT,
    analyze_v32.DIALECT,
)
MOST_BYTES = 64 * MEGABYTE
GATEWAY_CONTENT = "application/json"
SERVICE_CONTENT = "application/json; charset=utf-8"
SERVICE_HEADERS = {  # recorded
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Matched:
    dialect: Dialect
    route: Route
    names: Mapping[str, str]


class App:
    """An ASGI application. `key` is the only thing that lets a request in; it is neither recorded nor logged."""

    def __init__(self, service: Service, key: str, recording: Recording) -> None:
        self._service, self._key, self._recording = service, key.encode(), recording
        self._map = _map([*DIALECTS, _local(recording)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        content = await _content(request)
        response = await run_in_threadpool(self._respond, request, content)
        await response(scope, receive, send)

    def _respond(self, request: Request, content: bytes | None) -> Response:
        began = time.perf_counter()
        matched: Matched | None = None
        try:
            self._require_key(request)
            matched = self._match(request)
            reply = self._handle(matched, request, content)
        except ServiceError as error:
            reply = _refusal(error, matched)
        except Exception:  # whatever breaks, the caller gets the service's own kind of answer
            logger.exception("%s %s broke", request.method, request.scope["path"])
            message = "The service broke. Its own output says where."
            reply = _refusal(ServiceError(500, Fault("InternalServerError", message)), matched)
        self._record(request, content or b"", reply.status)
        return _response(reply, matched, round(1000 * (time.perf_counter() - began)))

    def _require_key(self, request: Request) -> None:
        """A bearer token is let in if it is the key: there is nobody here to check any other."""
        given = request.headers.get("ocp-apim-subscription-key")
        if given is None:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._key):
            raise wrong_key()

    def _match(self, request: Request) -> Matched:
        try:
            (dialect, route), names = self._map.bind("").match(request.scope["path"], request.method)
        except MethodNotAllowed as error:
            raise wrong_method(error.valid_methods or ()) from None
        except NotFound:
            raise no_such_route() from None
        return Matched(dialect, route, names)

    def _handle(self, matched: Matched, request: Request, content: bytes | None) -> Reply:
        if content is None or len(content) > matched.dialect.most_bytes:
            raise too_large(matched.dialect.most_bytes)
        query = dict(request.query_params)
        _require_version(matched.dialect, query)
        base = f"{request.url.scheme}://{request.url.netloc}"
        call = Call(request.scope["path"], base, matched.names, query, content)
        with self._service.state.lock:
            self._service.authoring.settle()
            self._service.analyses.settle()
            if matched.route.locked:
                return matched.route.handler(call, self._service)
        return matched.route.handler(call, self._service)

    def _record(self, request: Request, content: bytes, status: int) -> None:
        if request.scope["path"].startswith("/_local/"):
            return
        headers = {name: value for name, value in request.headers.items() if name not in SECRET_HEADERS}
        path, query, now = request.scope["path"], dict(request.query_params), self._service.clock.now()
        self._recording.add(Recorded(request.method, path, query, headers, content, now, status))


def _local(recording: Recording) -> Dialect:
    """What is not the service's protocol, but about this service."""

    def requests(_call: Call, _service: Service) -> Reply:
        return Reply(200, {"value": [request.wire() for request in recording.all()]})

    def clear(_call: Call, _service: Service) -> Reply:
        recording.clear()
        return Reply(204)

    return Dialect("/_local", (Route("GET", "/requests", requests), Route("DELETE", "/requests", clear)))


def _map(dialects: Sequence[Dialect]) -> Map:
    rules = [
        Rule(f"{dialect.prefix}{route.path}", endpoint=(dialect, route), methods=[route.method])
        for dialect in dialects
        for route in dialect.routes
    ]
    return Map(rules, strict_slashes=False, merge_slashes=False)


async def _content(request: Request) -> bytes | None:
    """The request's body; None if it is larger than any dialect takes."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            return None
    return bytes(content)


def _require_version(dialect: Dialect, query: Mapping[str, str]) -> None:
    if dialect.versions and query.get("api-version") not in dialect.versions:
        known = ", ".join(dialect.versions)
        raise bad_parameter(f"The query parameter api-version must be one of {known}.", "api-version")


def _refusal(error: ServiceError, matched: Matched | None) -> Reply:
    fault = error.fault.wire(matched.dialect.renamed if matched else {})
    named = {} if error.fault.code.isdigit() else {"x-ms-error-code": fault["code"]}
    return Reply(error.status, {"error": fault}, {**named, **error.headers})


def _response(reply: Reply, matched: Matched | None, milliseconds: int) -> Response:
    """A refusal by the gateway, before any dialect, is plainer than an answer of the service (recorded)."""
    request_id = str(uuid.uuid4())
    headers = {"apim-request-id": request_id, **reply.headers}
    if matched:
        headers |= {**SERVICE_HEADERS, "x-envoy-upstream-service-time": str(milliseconds)}
        headers |= {name: value.replace("{id}", request_id) for name, value in matched.dialect.headers.items()}
    if reply.body is None:
        return Response(b"", reply.status, headers)
    headers["Content-Type"] = SERVICE_CONTENT if matched else GATEWAY_CONTENT
    return Response(json.dumps(reply.body), reply.status, headers)
