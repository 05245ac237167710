"""The host's own routes, `/admin/…` and Event Grid's door. They win over functions."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, NamedTuple

from azure.core.exceptions import AzureError
from azure.functions import meta
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local.host.blobs import trigger_metadata
from local.host.blobs.dispatcher import Recipient
from local.host.blobs.listener import BlobFunctions
from local.host.functions.function import Function, HttpTrigger, TimerTrigger
from local.host.functions.invoker import Invoker
from local.host.http import requests
from local.host.http.event_grid_webhook import BlobsWebhook
from local.host.loading.load_app import App
from local.host.storage.clients import host_id
from local.host.timers import timer
from local.host.triggers import auth_level, route_templates

FUNCTIONS = "admin/functions"
ANY = "*"
Handler = Callable[[Request], Awaitable[Response]]
log = logging.getLogger("host")


class OwnRoute(NamedTuple):
    """Who answers, and what the caller's key must open."""

    handler: Handler
    level: str = auth_level.ADMIN


class Admin:
    """`url` is the host's own address."""

    def __init__(self, app: App, url: str, invoker: Invoker, blobs: BlobFunctions) -> None:
        self._app, self._url, self._invoker, self._blobs = app, url, invoker, blobs
        self._started = time.monotonic()
        self._background: set[asyncio.Task[None]] = set()
        webhook = BlobsWebhook(blobs)
        self._routes: dict[tuple[str, str], OwnRoute] = {
            ("GET", "admin/host/status"): OwnRoute(self._status),
            ("GET", "admin/host/ping"): OwnRoute(_ping, auth_level.ANONYMOUS),
            ("POST", "admin/host/ping"): OwnRoute(_ping, auth_level.ANONYMOUS),
            ("GET", FUNCTIONS): OwnRoute(self._list),
            ("POST", f"{FUNCTIONS}/{ANY}"): OwnRoute(self._invoke),
            ("POST", "runtime/webhooks/blobs"): OwnRoute(webhook.told, auth_level.SYSTEM),
            ("OPTIONS", "runtime/webhooks/blobs"): OwnRoute(webhook.asked, auth_level.SYSTEM),
        }

    def route(self, method: str, path: str) -> OwnRoute | None:
        """What answers a request, if it is the host's and not a function's. `path` is as sent."""
        folder, name = (part.lower() for part in _parted(path))
        words = (f"{folder}/{name}", f"{folder}/{ANY}")
        if found := next((self._routes[method, one] for one in words if (method, one) in self._routes), None):
            return found
        return NOTHING if f"{folder}/{name}".strip("/").split("/")[0] in ("admin", "runtime") else None

    @property
    def addresses(self) -> set[tuple[str, str]]:
        """All that is served here: methods and paths, with ANY for a function's name."""
        return set(self._routes)

    async def run(self, stopping: asyncio.Event) -> None:
        """Waits for `stopping`, then for what was started here and is still under way."""
        await stopping.wait()
        if self._background:
            await asyncio.wait(self._background)

    async def _status(self, _request: Request) -> Response:
        uptime = int((time.monotonic() - self._started) * 1000)
        return JSONResponse(
            {"id": host_id(self._app.settings, self._app.directory), "state": "Running", "processUptime": uptime}
        )

    async def _list(self, _request: Request) -> Response:
        return JSONResponse([self._description(function) for function in self._app.functions])

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

    async def _invoke(self, request: Request) -> Response:
        """Runs a function now: 202, and it runs on. A blob function's input is `container/blob`."""
        _, name = _parted(requests.raw_path(request))
        found = (one for one in self._app.functions if one.name.lower() == name.lower())
        if (function := next(found, None)) is None:
            return Response(status_code=404)
        try:
            given = str(json.loads(await request.body()).get("input") or "")
        except (ValueError, AttributeError, RecursionError):
            return PlainTextResponse('Send a JSON body such as {"input": "container/blob"}.', 400)
        return self._begin(self._work(function, given))

    def _work(self, function: Function, given: str) -> Coroutine[Any, Any, None]:
        if isinstance(function.trigger, HttpTrigger):
            return _without_request(function)
        return self._tick(function) if isinstance(function.trigger, TimerTrigger) else self._blob(function, given)

    def _begin(self, work: Coroutine[Any, Any, None]) -> Response:
        self._background.add(task := asyncio.create_task(_logged(work)))
        task.add_done_callback(self._background.discard)
        return Response(status_code=202)

    async def _tick(self, function: Function) -> None:
        await self._invoker.invoke(function, timer.tick(), {"TimerTrigger": timer.tick()}, "Asked for over HTTP")

    async def _blob(self, function: Function, path: str) -> None:
        recipient = self._blobs.recipients[function.id]
        try:
            content, metadata = await asyncio.to_thread(_read, recipient, path)
        except (AzureError, ValueError) as error:
            log.error("%s: %r cannot be read: %s", function.name, path, error)  # noqa: TRY400
            return
        await self._invoker.invoke(function, meta.Datum(content, "bytes"), metadata, f"Asked for over HTTP: {path}")


def _parted(path: str) -> tuple[str, str]:
    """The folder and the last word of a path that is percent-encoded, without slashes at its ends."""
    folder, _, name = route_templates.decoded(path).strip("/").rpartition("/")
    return folder, name


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    """Nobody waits for what was begun here, so its failure would not be seen."""
    try:
        await work
    except Exception:
        log.exception("What was asked for over HTTP failed")


async def _without_request(function: Function) -> None:
    """The real host accepts this too, and then has no request to run the function with."""
    log.error("%s: an HTTP function cannot run without a request: call its own address.", function.name)


def _read(recipient: Recipient, path: str) -> tuple[bytes, Any]:
    container, slash, blob = path.partition("/")
    if not (slash and blob):
        raise ValueError("it is no container/blob")
    client = recipient.service.get_blob_client(container, blob)
    content, properties = trigger_metadata.read(client)
    return content, trigger_metadata.metadata(recipient.trigger, client, properties)


async def _ping(_request: Request) -> Response:
    return Response()


async def _nothing(_request: Request) -> Response:
    return Response(status_code=404)


NOTHING = OwnRoute(_nothing, auth_level.ANONYMOUS)
