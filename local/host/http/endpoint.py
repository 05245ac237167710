"""The HTTP endpoint: finds the route of a request, checks its key, and runs the function."""

from __future__ import annotations

import asyncio
import logging

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from local.errors import SetupError
from local.host.config.settings import Settings
from local.host.functions.function import Function, HttpTrigger, triggered_by
from local.host.functions.invoker import Invoker
from local.host.http import homepage, requests, responses
from local.host.http.admin_routes import Admin
from local.host.http.key_auth import KeyCheck
from local.host.loading.load_app import App

BODY_LIMIT = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
MEBIBYTE = 1024 * 1024
MAX_ADDRESS = 4096  # characters of path and query
MAX_HEADERS, MAX_HEADER_BYTES = 100, 32 * 1024  # Kestrel's limits; bytes
NO_HOMEPAGE = "AzureWebJobsDisableHomepage"
log = logging.getLogger("host")


class Endpoint:
    """An ASGI application. Its own error responses have an empty body, as in the real host."""

    def __init__(self, app: App, invoker: Invoker, admin: Admin, key_check: KeyCheck, stopping: asyncio.Event) -> None:
        self._routed = triggered_by(HttpTrigger, app.functions)
        self._invoker, self._admin, self._key_check, self._stopping = invoker, admin, key_check, stopping
        self._limit = body_limit(app.settings)
        shown = app.settings.get(NO_HOMEPAGE).lower() != "true"
        self._homepage = homepage.page(app.host_json.route_prefix, app.functions) if shown else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        except Exception:
            log.exception("%s request failed", request.method)
            response = Response(status_code=500)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path = requests.raw_path(request)
        if refused := self._refusal(request, path):
            return Response(status_code=refused)
        if found := self._admin.route(request.method, path):
            if not self._key_check.allows(request, found.level):
                return Response(status_code=401)
            return await found.handler(request)
        for function, trigger in self._routed:
            route_params = trigger.route.match(path)
            if route_params is not None and request.method in (trigger.methods or (request.method,)):
                return await self._run(function, trigger.level, request, route_params)
        return self._unrouted(request, path)

    def _refusal(self, request: Request, path: str) -> int | None:
        """The status for a request that is refused before routing, as Kestrel does; None if it is accepted."""
        if "%00" in path or (request.scope["http_version"] == "1.1" and len(request.headers.getlist("host")) != 1):
            return 400
        query = request.scope["query_string"]
        if len(path) + len(query) + bool(query) > MAX_ADDRESS:
            return 414
        sizes = [len(name) + len(value) for name, value in request.headers.raw]
        if len(sizes) > MAX_HEADERS or sum(sizes) > MAX_HEADER_BYTES:
            return 431
        if int(request.headers.get("content-length", "0")) > self._limit:
            return 413
        return 503 if self._stopping.is_set() else None

    def _unrouted(self, request: Request, path: str) -> Response:
        if (request.method, path) != ("GET", "/"):
            return Response(status_code=404)
        return HTMLResponse(self._homepage) if self._homepage else Response(status_code=204)

    async def _run(self, function: Function, level: str, request: Request, route_params: dict[str, str]) -> Response:
        if not self._key_check.allows(request, level, function.name):
            return Response(status_code=401)
        if function.disabled and not self._key_check.has_master_key(request):
            return Response(status_code=404)
        value = await requests.datum(request, route_params)
        reason = f"{request.method} {requests.raw_path(request)}"  # without the query: it may hold a key
        trace = request.headers.get("traceparent", "")
        outcome = await self._invoker.invoke(function, value, {}, reason, trace, encode=responses.encoded)
        if outcome.error:
            return Response(status_code=500)
        try:
            return responses.response(outcome.value)
        except ValueError as error:
            log.error("%s: its response cannot be sent: %s", function.name, error)  # noqa: TRY400
            return Response(status_code=500)


def body_limit(settings: Settings) -> int:
    """In bytes. Raises SetupError."""
    text = settings.get(BODY_LIMIT) or str(100 * MEBIBYTE)
    if not (text.isascii() and text.isdecimal()):
        raise SetupError(f"{BODY_LIMIT} must be a number of bytes, not {text!r}.")
    return int(text)
