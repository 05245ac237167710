"""The HTTP endpoint: finds the route of a request, checks its key, and runs the function."""

from __future__ import annotations

import asyncio
import logging
import re

from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from local.errors import SetupError
from local.host.config.settings import Settings
from local.host.functions.function import Function, HttpTrigger, triggered_by
from local.host.functions.invoker import Invoker
from local.host.http import homepage, request_target, requests, responses
from local.host.http.admin_routes import Admin
from local.host.http.key_auth import KeyCheck
from local.host.loading.load_app import App

BODY_LIMIT = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
MEBIBYTE = 1024 * 1024
MAX_PATH, MAX_FIRST_LINE = 4096, 8192  # characters
MAX_HEADERS, MAX_HEADER_BYTES = 100, 32 * 1024  # Kestrel's limits; bytes
HEADER_MARKS = 4  # bytes of a colon, a space and a line end
HOST = re.compile(r"[^\s/?#\\@]*")
CLOSE = {"connection": "close"}
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
        if refused := self._refusal(request):
            return Response(status_code=refused, headers=CLOSE)
        path = requests.path(request)
        if found := self._admin.route(request.method, path):
            without_key = self._key_check.refusal_of_host_route(request, found.level)
            return without_key or await found.handler(request)
        for function, trigger in self._routed:
            if trigger.takes(request.method) and (route_params := trigger.route.match(path)) is not None:
                return await self._run(function, trigger.level, request, route_params)
        return self._unrouted(path)

    def _refusal(self, request: Request) -> int | None:
        """The status for a request that is refused before routing, as Kestrel does; None if it is accepted."""
        target = requests.raw_target(request)
        path = target.partition("?")[0]
        sizes = [len(name) + len(value) + HEADER_MARKS for name, value in request.headers.raw]
        refusals = (
            (_is_bad(request, path), 404 if (request.method, target) == ("OPTIONS", "*") else 400),
            (request.scope["http_version"] not in ("1.0", "1.1"), 505),
            (not request.headers.get("host"), 500),  # as the real host: it has no address without a host
            (len(path) > MAX_PATH or len(f"{request.method} {target} HTTP/1.1\r\n") > MAX_FIRST_LINE, 414),
            (len(sizes) > MAX_HEADERS or sum(sizes) > MAX_HEADER_BYTES, 431),
            (int(request.headers.get("content-length", "0")) > self._limit, 413),
            (self._stopping.is_set(), 503),
        )
        return next((status for applies, status in refusals if applies), None)

    def _unrouted(self, path: str) -> Response:
        if path != "/":
            return Response(status_code=404)
        return HTMLResponse(self._homepage) if self._homepage else Response(status_code=204)

    async def _run(self, function: Function, level: str, request: Request, route_params: dict[str, str]) -> Response:
        if not self._key_check.allows(request, level, function.name):
            return Response(status_code=401)
        if function.disabled and not self._key_check.has_master_key(request):
            return Response(status_code=404)
        value = await requests.datum(request, route_params)
        reason = f"{request.method} {request_target.spelled(requests.path(request))}"  # its query may hold a key
        trace = request.headers.get("traceparent", "")
        outcome = await self._invoker.invoke(function, value, {}, reason, trace, encode=responses.encoded)
        if outcome.error:
            return Response(status_code=500)
        try:
            return responses.response(outcome.value)
        except ValueError as error:
            log.error("%s: its response cannot be sent: %s", function.name, error)  # noqa: TRY400
            return Response(status_code=500)


def _is_bad(request: Request, path: str) -> bool:
    """Whether the path or the Host header is invalid."""
    hosts = request.headers.getlist("host")
    authority = request_target.authority(request.scope["target"])
    return (
        not (path.startswith("/") and path.isascii() and all(map(HOST.fullmatch, hosts)))
        or "%00" in path
        or (request.scope["http_version"] == "1.1" and len(hosts) != 1)
        or (authority is not None and [authority] != hosts)
    )


def body_limit(settings: Settings) -> int:
    """In bytes. Raises SetupError."""
    text = settings.get(BODY_LIMIT) or str(100 * MEBIBYTE)
    if not (text.isascii() and text.isdecimal()):
        raise SetupError(f"{BODY_LIMIT} must be a number of bytes, not {text!r}.")
    return int(text)
