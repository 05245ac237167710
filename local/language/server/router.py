"""Handles every request: checks the key, finds the route, applies limits and faults, calls the handler, logs it."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from local.language.conditions.fault_injection import FaultEffect
from local.language.operations.service import Service
from local.language.protocol.dialect import MEGABYTE, Call, Dialect, Reply, Route
from local.language.protocol.incoming_call import IncomingCall
from local.language.protocol.request_log import SECRET_HEADERS, RecordedRequest, RequestLog, without_secrets
from local.language.protocol.responses import error_reply, http_response
from local.language.protocol.service_errors import (
    ServiceError,
    WireError,
    bad_parameter,
    no_such_route,
    too_large,
    wrong_key,
    wrong_method,
)
from local.language.server import control_routes
from local.language.server.connections import CUT
from local.language.server.dialects import DIALECTS

MAX_BYTES = 64 * MEGABYTE
NO_EFFECT = FaultEffect()
BROKEN = ServiceError(
    500,
    WireError("InternalServerError", "The request failed unexpectedly. The output of the service has the traceback."),
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MatchedCall:
    dialect: Dialect[Service]
    route: Route[Service]
    names: Mapping[str, str]
    incoming_call: IncomingCall

    @property
    def control(self) -> bool:
        """Whether it is a control route of this service."""
        return self.dialect.prefix == control_routes.PREFIX

    @property
    def quick(self) -> bool:
        """Whether it is answered from memory: polls are frequent."""
        return self.route.method == "GET" and not self.dialect.authoring


class Router:
    """The ASGI application. Every request needs the `key`, which is never logged."""

    def __init__(self, service: Service, key: str, request_log: RequestLog) -> None:
        self._service, self._key, self._request_log = service, key.encode(), request_log
        self._routes = _map([*DIALECTS, control_routes.dialect(request_log)]).bind("")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = Request(scope, receive)
        content: bytes | None = b""
        dialect, effect = None, NO_EFFECT
        try:
            self._require_key(request)
            content = await _content(request)
            matched = self._match(request, content or b"")
            dialect = matched.dialect.at(matched.incoming_call.version)
            effect = self._admit(matched)
            reply = await self._work(matched, request, content, effect)
        except ClientDisconnect:  # before the whole request arrived: there is nothing to answer
            return
        except ServiceError as error:
            reply = error_reply(error, dialect)
            dialect = None if error.by_gateway else dialect
        except Exception:  # the caller gets the error envelope of the service
            logger.exception("%s %s failed unexpectedly", request.method, scope["path"])
            reply = error_reply(BROKEN, dialect)
        self._record(request, content or b"", reply.status)
        if await _connected(effect, scope, receive):
            milliseconds = round(1000 * (time.perf_counter() - began))
            await http_response(reply, dialect, milliseconds)(scope, receive, send)

    def _require_key(self, request: Request) -> None:
        """Raises a 401 ServiceError. A bearer token must be the key too: this service has no other tokens."""
        key = request.headers.get("ocp-apim-subscription-key")
        if key is None:
            key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(key.encode(), self._key):
            raise wrong_key()

    def _match(self, request: Request, content: bytes) -> MatchedCall:
        path = request.scope["path"]
        try:
            (dialect, route), names = self._routes.match(path, request.method)
        except MethodNotAllowed as error:
            raise wrong_method(error.valid_methods or ()) from None
        except NotFound:
            raise no_such_route() from None
        incoming_call = IncomingCall(request.method, path, content, dialect, route, query=request.query_params)
        return MatchedCall(dialect, route, names, incoming_call)

    def _admit(self, matched: MatchedCall) -> FaultEffect:
        """Counts the call against the rate limits, and returns what the injected faults do to it."""
        if matched.control:
            return NO_EFFECT
        self._service.meter.admit(matched.incoming_call)
        return self._service.faults.effect_on(matched.incoming_call)

    async def _work(self, matched: MatchedCall, request: Request, content: bytes | None, effect: FaultEffect) -> Reply:
        """Calls the handler in a thread, or directly if it is quick and the state is not locked."""
        if effect.delay:
            await asyncio.sleep(effect.delay)
        if effect.error:
            raise effect.error
        lock = self._service.state.lock
        if not matched.quick or not lock.acquire(blocking=False):
            return await run_in_threadpool(self._handle, matched, request, content)
        try:
            return self._handle(matched, request, content)
        finally:
            lock.release()

    def _handle(self, matched: MatchedCall, request: Request, content: bytes | None) -> Reply:
        if content is None or len(content) > matched.dialect.max_bytes:
            raise too_large(matched.dialect.max_bytes)
        query = dict(request.query_params)
        _require_version(matched.dialect, query)
        call = Call(request.scope["path"], _base(request), matched.names, query, content, request.headers)
        service = replace(self._service, incoming_call=matched.incoming_call)
        with service.state.lock:
            service.authoring.settle()
            service.analyses.settle()
            if matched.route.locked:
                return matched.route.handler(call, service)
        return matched.route.handler(call, service)

    def _record(self, request: Request, content: bytes, status: int) -> None:
        if request.scope["path"].startswith(control_routes.PREFIX + "/"):
            return
        headers = {name: value for name, value in self._keyless(request.headers) if name not in SECRET_HEADERS}
        path, query, now = request.scope["path"], dict(self._keyless(request.query_params)), self._service.clock.now()
        self._request_log.add(
            RecordedRequest(request.method, path, query, headers, without_secrets(content), now, status)
        )

    def _keyless(self, fields: Mapping[str, str]) -> list[tuple[str, str]]:
        """The fields whose value does not contain the key: callers may send it under any name."""
        return [(name, value) for name, value in fields.items() if self._key.decode() not in value]


def _map(dialects: Sequence[Dialect[Service]]) -> Map:
    rules = [
        Rule(f"{dialect.prefix}{route.path}", endpoint=(dialect, route), methods=[route.method])
        for dialect in dialects
        for route in dialect.routes
    ]
    return Map(rules, strict_slashes=False, merge_slashes=False)


async def _content(request: Request) -> bytes | None:
    """The body of the request; None if it is larger than any dialect allows."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MAX_BYTES:
            return None
    return bytes(content)


def _base(request: Request) -> str:
    """The scheme and host that the caller used. The header is copied unchanged, because it may hold anything."""
    host, port = request.scope["server"]
    return f"{request.scope['scheme']}://{request.headers.get('host') or f'{host}:{port}'}"


def _require_version(dialect: Dialect[Service], query: Mapping[str, str]) -> None:
    if dialect.versions and query.get("api-version") not in dialect.versions:
        known = ", ".join(dialect.versions)
        raise bad_parameter(f"The query parameter api-version must be one of {known}.", "api-version")


async def _connected(effect: FaultEffect, scope: Scope, receive: Receive) -> bool:
    """Holds the response or cuts the connection, as `effect` says. Whether the caller is still connected then."""
    if effect.cut:
        scope["extensions"][CUT]()
    if not effect.cut and not effect.hold:
        return True
    try:
        await asyncio.wait_for(_gone(receive), effect.hold or None)
    except TimeoutError:
        return True
    return False


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
