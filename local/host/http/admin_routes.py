"""The host's own routes, `/admin/…` and Event Grid's webhook. They take precedence over functions."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple

from azure.core.exceptions import AzureError
from azure.functions import meta
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from local.host.blobs import trigger_metadata
from local.host.blobs.dispatcher import Target
from local.host.blobs.listener import BlobListeners
from local.host.functions.function import Function, HttpTrigger, QueueTrigger, TimerTrigger
from local.host.functions.invoker import Invoker
from local.host.http import requests, responses
from local.host.http.event_grid_webhook import BlobsWebhook
from local.host.http.key_auth import Keys
from local.host.http.key_routes import KeyRoutes
from local.host.loading.load_app import App
from local.host.queues import trigger_metadata as queue_metadata
from local.host.storage.clients import host_id
from local.host.timers import timer
from local.host.triggers import auth_level

FUNCTIONS = "admin/functions"
ANY = "*"
JSON_TYPE = re.compile(r"\s*(application|text)/([\w.-]+\+)?json\s*(;|$)", re.IGNORECASE)
WEBHOOK_METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS")
Handler = Callable[[Request], Awaitable[Response]]
log = logging.getLogger("host")


class HostRoute(NamedTuple):
    """A handler, and the level that the caller's key must have."""

    handler: Handler
    level: str = auth_level.ADMIN


class Admin:
    """`url` is the host's own address."""

    def __init__(self, app: App, url: str, invoker: Invoker, blobs: BlobListeners, keys: Keys | None = None) -> None:
        self._app, self._url, self._invoker, self._blobs = app, url, invoker, blobs
        self._started = time.monotonic()
        self._background: set[asyncio.Task[None]] = set()
        webhook = BlobsWebhook(blobs)
        self._webhook = HostRoute(webhook.notify, auth_level.SYSTEM)
        self._by_name = {function.name.lower(): function for function in app.functions}
        key_routes = KeyRoutes(keys, {key: function.name for key, function in self._by_name.items()})
        self._routes: dict[tuple[str, str], HostRoute] = {
            ("GET", "admin/host/status"): HostRoute(self._status),
            ("GET", "admin/host/ping"): HostRoute(_ping, auth_level.ANONYMOUS),
            ("POST", "admin/host/ping"): HostRoute(_ping, auth_level.ANONYMOUS),
            ("GET", "admin/warmup"): HostRoute(_warm_up, auth_level.ANONYMOUS),
            ("POST", "admin/warmup"): HostRoute(_warm_up, auth_level.ANONYMOUS),
            ("GET", "admin/host/keys"): HostRoute(key_routes.of_host),
            ("GET", f"admin/host/keys/{ANY}"): HostRoute(key_routes.of_host),
            ("GET", "admin/host/systemkeys"): HostRoute(key_routes.of_system),
            ("GET", f"admin/host/systemkeys/{ANY}"): HostRoute(key_routes.of_system),
            ("GET", FUNCTIONS): HostRoute(self._list),
            ("GET", f"{FUNCTIONS}/{ANY}"): HostRoute(self._describe),
            ("GET", f"{FUNCTIONS}/{ANY}/status"): HostRoute(self._function_status),
            ("GET", f"{FUNCTIONS}/{ANY}/keys"): HostRoute(key_routes.of_function),
            ("GET", f"{FUNCTIONS}/{ANY}/keys/{ANY}"): HostRoute(key_routes.of_function),
            ("POST", f"{FUNCTIONS}/{ANY}"): HostRoute(self._invoke),
            ("POST", "runtime/webhooks/blobs"): self._webhook,
            ("OPTIONS", "runtime/webhooks/blobs"): HostRoute(webhook.handshake, auth_level.SYSTEM),
        }

    def route(self, method: str, path: str) -> HostRoute | None:
        """The host's route for a request, or None if it is for a function."""
        words = path.lower().removeprefix("/").removesuffix("/").split("/")
        for (allowed, address), found in self._routes.items():
            parts = address.split("/")
            same = len(parts) == len(words) and all(
                part in (ANY, word) for part, word in zip(parts, words, strict=True)
            )
            if allowed == method and same:
                return found
        if words[:2] == ["runtime", "webhooks"] and len(words) > 2 and method in WEBHOOK_METHODS:  # noqa: PLR2004
            return self._webhook if words[2] == "blobs" else NO_EXTENSION
        return NOTHING if words[0] in ("admin", "runtime") else None

    @property
    def addresses(self) -> set[tuple[str, str]]:
        """Methods and paths of all routes, with ANY for a function's name."""
        return set(self._routes)

    async def run(self, stopping: asyncio.Event) -> None:
        """Waits for `stopping`, then for the runs started here."""
        await stopping.wait()
        if self._background:
            await asyncio.wait(self._background)

    async def _status(self, _request: Request) -> Response:
        uptime = int((time.monotonic() - self._started) * 1000)
        return responses.of_host(
            {"id": host_id(self._app.settings, self._app.directory), "state": "Running", "processUptime": uptime}
        )

    async def _list(self, _request: Request) -> Response:
        return responses.of_host([self._description(function) for function in self._app.functions])

    def _description(self, function: Function) -> dict[str, Any]:
        trigger = function.trigger
        address = f"{self._url}/{trigger.route.template}" if isinstance(trigger, HttpTrigger) else None
        return {
            "name": function.name,
            "href": f"{self._url}/{FUNCTIONS}/{function.name}",
            "language": "python",
            "isDisabled": function.disabled,
            "isDirect": False,
            "isProxy": False,
            "invoke_url_template": address,
            "config": {"name": function.name, "bindings": [json.loads(binding) for binding in function.bindings]},
        }

    def _function(self, request: Request) -> Function | None:
        return self._by_name.get(requests.segments(request)[2].lower())

    async def _describe(self, request: Request) -> Response:
        function = self._function(request)
        return Response(status_code=404) if function is None else responses.of_host(self._description(function))

    async def _function_status(self, request: Request) -> Response:
        return Response(status_code=404) if self._function(request) is None else responses.of_host({})

    async def _invoke(self, request: Request) -> Response:
        """Starts a function and returns 202 at once.

        The input of a blob function is `container/blob`, that of a queue function its message.
        """
        if (function := self._function(request)) is None:
            return Response(status_code=404)
        if not JSON_TYPE.match(request.headers.get("content-type", "")):
            return PlainTextResponse("Send a JSON body with Content-Type: application/json.", 415)
        if (given := _input(await request.body())) is None:
            return PlainTextResponse('Send a JSON body such as {"input": "container/blob"}.', 400)
        return self._begin(self._work(function, given))

    def _work(self, function: Function, given: str) -> Coroutine[Any, Any, None]:
        if isinstance(function.trigger, HttpTrigger):
            return _without_request(function)
        if isinstance(function.trigger, QueueTrigger):
            return self._message(function, given)
        if isinstance(function.trigger, TimerTrigger):
            return self._tick(function, function.trigger)
        return self._blob(function, given)

    def _begin(self, work: Coroutine[Any, Any, None]) -> Response:
        self._background.add(task := asyncio.create_task(_logged(work)))
        task.add_done_callback(self._background.discard)
        return Response(status_code=202)

    async def _tick(self, function: Function, trigger: TimerTrigger) -> None:
        value = timer.tick(trigger.schedule)
        await self._invoker.invoke(function, value, {"TimerTrigger": value}, "Requested over HTTP")

    async def _message(self, function: Function, text: str) -> None:
        metadata = queue_metadata.metadata(text)
        await self._invoker.invoke(function, meta.Datum(text, "string"), metadata, "Requested over HTTP")

    async def _blob(self, function: Function, path: str) -> None:
        target = self._blobs.targets[function.id]
        try:
            content, metadata = await asyncio.to_thread(_read, target, path)
        except (AzureError, ValueError) as error:
            log.error("%s: %r cannot be read: %s", function.name, path, error)  # noqa: TRY400
            return
        await self._invoker.invoke(function, meta.Datum(content, "bytes"), metadata, f"Requested over HTTP: {path}")


def _input(body: bytes) -> str | None:
    """The input in a JSON object, or ""; None for anything else. Names are compared without regard to case."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict):
        return None
    given = next((value for name, value in content.items() if name.lower() == "input"), None)
    return None if isinstance(given, dict | list) else str(given or "")


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    """Logs a failure: no caller waits for this run."""
    try:
        await work
    except Exception:
        log.exception("A run requested over HTTP failed")


async def _without_request(function: Function) -> None:
    """The real host accepts this as well, and then fails for want of a request."""
    log.error("%s: an HTTP function cannot run without a request: call its URL.", function.name)


def _read(target: Target, path: str) -> tuple[bytes, Any]:
    container, slash, blob = path.partition("/")
    if not (slash and blob):
        raise ValueError("it is not of the form container/blob")
    client = target.service.get_blob_client(container, blob)
    content, properties = trigger_metadata.read(client)
    return content, trigger_metadata.metadata(target.trigger, client, properties)


async def _ping(_request: Request) -> Response:
    return Response(headers={"cache-control": "no-store,no-cache", "pragma": "no-cache"})


async def _warm_up(_request: Request) -> Response:
    return Response()


async def _nothing(_request: Request) -> Response:
    return Response(status_code=404)


NOTHING = HostRoute(_nothing, auth_level.ANONYMOUS)
NO_EXTENSION = HostRoute(_nothing, auth_level.ADMIN)
