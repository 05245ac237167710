"""The one road of every request: read, let in with the key, counted, routed to its dialect, answered, recorded."""

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
from local.language.protocol.responses import answered, refused
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

MOST_BYTES = 64 * MEGABYTE
NOTHING = FaultEffect()
BROKEN = ServiceError(500, WireError("InternalServerError", "The service broke. Its own output says where."))

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class MatchedCall:
    dialect: Dialect[Service]
    route: Route[Service]
    names: Mapping[str, str]
    asked: IncomingCall

    @property
    def ours(self) -> bool:
        """Whether it is about this service, and not of the protocols."""
        return self.dialect.prefix == control_routes.PREFIX

    @property
    def quick(self) -> bool:
        """Whether it is answered from memory: a poll, of which there are many."""
        return self.route.method == "GET" and not self.dialect.authoring


class App:
    """An ASGI application. `key` is the only thing that lets a request in; it is neither recorded nor logged."""

    def __init__(self, service: Service, key: str, recording: RequestLog) -> None:
        self._service, self._key, self._recording = service, key.encode(), recording
        self._routes = _map([*DIALECTS, control_routes.dialect(recording)]).bind("")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        request = Request(scope, receive)
        content: bytes | None = b""
        dialect, strike = None, NOTHING
        try:
            self._require_key(request)
            content = await _content(request)
            matched = self._match(request, content or b"")
            dialect = matched.dialect.at(matched.asked.version)
            strike = self._strike(matched)
            reply = await self._work(matched, request, content, strike)
        except ClientDisconnect:  # in the middle of asking: there is nobody to answer, and nothing to answer to
            return
        except ServiceError as error:
            reply = refused(error, dialect)
            dialect = None if error.by_gateway else dialect
        except Exception:  # whatever breaks, the caller gets the service's own kind of answer
            logger.exception("%s %s broke", request.method, scope["path"])
            reply = refused(BROKEN, dialect)
        self._record(request, content or b"", reply.status)
        if await _awaited(strike, scope, receive):
            milliseconds = round(1000 * (time.perf_counter() - began))
            await answered(reply, dialect, milliseconds)(scope, receive, send)

    def _require_key(self, request: Request) -> None:
        """A bearer token is let in if it is the key: there is nobody here to check any other."""
        given = request.headers.get("ocp-apim-subscription-key")
        if given is None:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._key):
            raise wrong_key()

    def _match(self, request: Request, content: bytes) -> MatchedCall:
        path = request.scope["path"]
        try:
            (dialect, route), names = self._routes.match(path, request.method)
        except MethodNotAllowed as error:
            raise wrong_method(error.valid_methods or ()) from None
        except NotFound:
            raise no_such_route() from None
        asked = IncomingCall(request.method, path, content, dialect, route, query=request.query_params)
        return MatchedCall(dialect, route, names, asked)

    def _strike(self, matched: MatchedCall) -> FaultEffect:
        """What was asked to befall this call, if it is not one too many already."""
        if matched.ours:
            return NOTHING
        self._service.meter.admit(matched.asked)
        return self._service.faults.strike(matched.asked)

    async def _work(self, matched: MatchedCall, request: Request, content: bytes | None, strike: FaultEffect) -> Reply:
        """In a thread, unless it is quick and nobody else is at work."""
        if strike.delay:
            await asyncio.sleep(strike.delay)
        if strike.error:
            raise strike.error
        lock = self._service.state.lock
        if not matched.quick or not lock.acquire(blocking=False):
            return await run_in_threadpool(self._handle, matched, request, content)
        try:
            return self._handle(matched, request, content)
        finally:
            lock.release()

    def _handle(self, matched: MatchedCall, request: Request, content: bytes | None) -> Reply:
        if content is None or len(content) > matched.dialect.most_bytes:
            raise too_large(matched.dialect.most_bytes)
        query = dict(request.query_params)
        _require_version(matched.dialect, query)
        call = Call(request.scope["path"], _base(request), matched.names, query, content, request.headers)
        service = replace(self._service, asked=matched.asked)
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
        self._recording.add(
            RecordedRequest(request.method, path, query, headers, without_secrets(content), now, status)
        )

    def _keyless(self, fields: Mapping[str, str]) -> list[tuple[str, str]]:
        """The fields without those that hold the key: it may come under any name."""
        return [(name, value) for name, value in fields.items() if self._key.decode() not in value]


def _map(dialects: Sequence[Dialect[Service]]) -> Map:
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


def _base(request: Request) -> str:
    """The address that the caller used; taken from what was sent as it is, since anything may stand there."""
    host, port = request.scope["server"]
    return f"{request.scope['scheme']}://{request.headers.get('host') or f'{host}:{port}'}"


def _require_version(dialect: Dialect[Service], query: Mapping[str, str]) -> None:
    if dialect.versions and query.get("api-version") not in dialect.versions:
        known = ", ".join(dialect.versions)
        raise bad_parameter(f"The query parameter api-version must be one of {known}.", "api-version")


async def _awaited(strike: FaultEffect, scope: Scope, receive: Receive) -> bool:
    """Whether there is still anybody to answer, once the answer was held or the connection cut as was asked."""
    if strike.cut:
        scope["extensions"][CUT]()
    if not strike.cut and not strike.hold:
        return True
    try:
        await asyncio.wait_for(_gone(receive), strike.hold or None)
    except TimeoutError:
        return True
    return False


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
