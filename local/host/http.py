"""HTTP functions: finds the function for a request, hands it over as the worker would see it, and answers."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from azure.functions import meta
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from local.host.admin import Admin
from local.host.functions import Function, HttpTrigger, triggered_by
from local.host.invoking import Invoker, converter
from local.host.loading import App

BODY_LIMIT = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
MEBIBYTE = 1024 * 1024
NO_HOMEPAGE = "AzureWebJobsDisableHomepage"
HOMEPAGE = "<!doctype html><title>Functions host</title><p>Your Functions app is up and running."
OURS_TO_SET = ("content-length", "transfer-encoding", "connection")
WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
log = logging.getLogger("host")


class HttpDoor:
    """An ASGI application. Every answer of its own has an empty body, as the real host's have."""

    def __init__(self, app: App, invoker: Invoker, admin: Admin) -> None:
        self._routed = triggered_by(HttpTrigger, app.functions)
        self._invoker, self._admin = invoker, admin
        self._limit = int(app.settings.get(BODY_LIMIT) or 100 * MEBIBYTE)
        self._homepage = app.settings.get(NO_HOMEPAGE).lower() != "true"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if int(request.headers.get("content-length", "0")) > self._limit:
            return Response(status_code=413)
        if handler := self._admin.handler(request.method, request.url.path):
            return await handler(request)
        path = request.scope["raw_path"].decode("ascii", "replace")
        for function, trigger in self._routed:
            route_params = trigger.route.match(path)
            if route_params is not None and request.method in (trigger.methods or (request.method,)):
                return await self._run(function, request, route_params)
        return self._unrouted(request)

    def _unrouted(self, request: Request) -> Response:
        if (request.method, request.url.path) != ("GET", "/"):
            return Response(status_code=404)
        return HTMLResponse(HOMEPAGE) if self._homepage else Response(status_code=204)

    async def _run(self, function: Function, request: Request, route_params: dict[str, str]) -> Response:
        if function.disabled:
            return Response(status_code=404)
        value = await _datum(request, route_params)
        reason = f"{request.method} {request.url.path}"  # without the query, which may hold a key
        trace = request.headers.get("traceparent", "")
        outcome = await self._invoker.invoke(function, value, {}, reason, trace)
        if outcome.error:
            return Response(status_code=500)
        try:
            return _response(outcome.value)
        except ValueError as error:
            log.error("%s: its answer cannot be sent: %s", function.name, error)  # noqa: TRY400  # ours, no traceback
            return Response(status_code=500)


async def _datum(request: Request, route_params: dict[str, str]) -> meta.Datum:
    """The request as the host sends it to the worker."""
    host = request.headers.get("host", "")
    path, query = request.scope["raw_path"].decode("ascii", "replace"), request.scope["query_string"].decode("latin-1")
    return meta.Datum(
        {
            "method": meta.Datum(request.method, "string"),
            "url": meta.Datum(f"http://{host}{path}{'?' if query else ''}{query}", "string"),
            "headers": _strings(_joined(request.headers.items())),
            "query": _strings(_joined(parse_qsl(query, keep_blank_values=True))),
            "params": _strings(route_params),
            "body": meta.Datum(await _body(request), "bytes"),
        },
        "http",
    )


async def _body(request: Request) -> bytes:
    """Empty without a Content-Length: the real host does not pass on a body sent in chunks."""
    has_length = request.headers.get("content-length", "0") != "0" and "transfer-encoding" not in request.headers
    return await request.body() if has_length else b""


def _joined(pairs: Any) -> dict[str, str]:
    """Values of the same name joined by commas; a name whose value is empty is left out."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: joined for name, all_of_it in values.items() if (joined := ",".join(all_of_it))}


def _strings(values: dict[str, str]) -> dict[str, meta.Datum]:
    return {name: meta.Datum(value, "string") for name, value in values.items()}


def _response(returned: Any) -> Response:
    """What a function's return value becomes. Raises ValueError for what cannot be an answer."""
    try:
        datum = converter("http").encode(returned, expected_type=None)
    except NotImplementedError:
        kind = type(returned).__name__
        raise ValueError(
            f'unable to encode outgoing TypedData: unsupported type "http" for Python type "{kind}"'
        ) from None
    if datum.type == "string":
        return _plain(datum.value)
    return _encoded(datum.value)


def _plain(text: str) -> Response:
    try:
        json.loads(text)
    except ValueError:
        return Response(text, media_type="text/plain")
    raise ValueError("a str that is JSON would be taken apart by the real host: return an HttpResponse")


def _encoded(value: dict[str, Any]) -> Response:
    status = int(value["status_code"].value)
    if not HTTPStatus.OK <= status < 600:  # noqa: PLR2004
        raise ValueError(f"{status} is no status of an answer")
    body = b"" if status in WITHOUT_BODY else value["body"].value
    headers = {name: header.value for name, header in value["headers"].items() if name.lower() not in OURS_TO_SET}
    response = Response(body, status, headers=headers)
    for cookie in value["cookies"] or ():
        for morsel in cookie.values():
            response.headers.append("set-cookie", morsel.OutputString())
    return response
