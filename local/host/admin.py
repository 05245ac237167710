"""The host's own routes: `/admin/…` and Event Grid's door. They win over functions, and need no key here."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any

from azure.core.exceptions import AzureError
from azure.functions import meta
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local.host import event_grid, landed_blobs, timers
from local.host.blob_functions import BlobFunctions
from local.host.blob_work import Recipient
from local.host.functions import Function, HttpTrigger, TimerTrigger
from local.host.invoking import Invoker
from local.host.loading import App
from local.host.storage import host_id

FUNCTIONS = "admin/functions"
Handler = Callable[[Request], Awaitable[Response]]
log = logging.getLogger("host")


class Admin:
    """`url` is the host's own address."""

    def __init__(self, app: App, url: str, invoker: Invoker, blobs: BlobFunctions) -> None:
        self._app, self._url, self._invoker, self._blobs = app, url, invoker, blobs
        self._started = time.monotonic()
        self._background: set[asyncio.Task[None]] = set()
        self._routes: dict[tuple[str, str], Handler] = {
            ("GET", "admin/host/status"): self._status,
            ("GET", "admin/host/ping"): self._ping,
            ("POST", "admin/host/ping"): self._ping,
            ("GET", FUNCTIONS): self._list,
            ("POST", "runtime/webhooks/blobs"): self._event,
        }

    def handler(self, method: str, path: str) -> Handler | None:
        """What answers a request, if it is the host's and not a function's."""
        path = path.strip("/")
        if found := self._routes.get((method, path.lower())):
            return found
        folder, _, name = path.rpartition("/")
        if (method, folder.lower()) == ("POST", FUNCTIONS):
            return partial(self._invoke, name)
        return _nothing if path.lower().split("/")[0] in ("admin", "runtime") else None

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

    async def _ping(self, _request: Request) -> Response:
        return Response()

    async def _list(self, _request: Request) -> Response:
        return JSONResponse([self._description(function) for function in self._app.functions])

    def _description(self, function: Function) -> dict[str, Any]:
        trigger = function.trigger
        address = f"{self._url}/{trigger.route.template}" if isinstance(trigger, HttpTrigger) else None
        return {
            "name": function.name,
            "language": "python",
            "isDisabled": function.disabled,
            "invoke_url_template": address,
            "config": {"name": function.name, "bindings": [json.loads(binding) for binding in function.bindings]},
        }

    async def _invoke(self, name: str, request: Request) -> Response:
        """Runs a timer or a blob function now: 202, and it runs on. A blob function's input is `container/blob`."""
        found = (one for one in self._app.functions if one.name.lower() == name.lower())
        if (function := next(found, None)) is None:
            return Response(status_code=404)
        if isinstance(function.trigger, HttpTrigger):
            return PlainTextResponse("This host runs HTTP functions by their own address only.", 501)
        try:
            given = str(json.loads(await request.body()).get("input") or "")
        except (ValueError, AttributeError):
            return PlainTextResponse('Send a JSON body such as {"input": "container/blob"}.', 400)
        return self._begin(
            self._tick(function) if isinstance(function.trigger, TimerTrigger) else self._blob(function, given)
        )

    def _begin(self, work: Coroutine[Any, Any, None]) -> Response:
        self._background.add(task := asyncio.create_task(work))
        task.add_done_callback(self._background.discard)
        return Response(status_code=202)

    async def _tick(self, function: Function) -> None:
        await self._invoker.invoke(function, timers.tick(), {"TimerTrigger": timers.tick()}, "Asked for over HTTP")

    async def _blob(self, function: Function, path: str) -> None:
        recipient = self._blobs.recipients[function.id]
        try:
            content, metadata = await asyncio.to_thread(_read, recipient, path)
        except (AzureError, ValueError) as error:
            log.error("%s: %r cannot be read: %s", function.name, path, error)  # noqa: TRY400
            return
        await self._invoker.invoke(function, meta.Datum(content, "bytes"), metadata, f"Asked for over HTTP: {path}")

    async def _event(self, request: Request) -> Response:
        recipient = self._blobs.told_by_events(request.query_params.get("functionName", ""))
        if recipient is None:
            return PlainTextResponse("No blob function of this name takes its blobs from Event Grid.", 404)
        kind = request.headers.get("aeg-event-type", "")
        handler = {
            "SubscriptionValidation": self._handshake,
            "Notification": self._notification,
            "Unsubscribe": self._farewell,
        }.get(kind)
        if handler is None:
            return PlainTextResponse("The header aeg-event-type is missing or unknown.", 400)
        try:
            return await handler(recipient, await request.body())
        except ValueError as error:
            return PlainTextResponse(f"The events cannot be read: {error}.", 400)

    async def _handshake(self, _recipient: Recipient, body: bytes) -> Response:
        return JSONResponse({"validationResponse": event_grid.validation_code(body)})

    async def _farewell(self, _recipient: Recipient, _body: bytes) -> Response:
        return Response(status_code=202)

    async def _notification(self, recipient: Recipient, body: bytes) -> Response:
        for order in event_grid.orders(body, recipient.function.id, recipient.service.url):
            await asyncio.to_thread(recipient.queue, order)
        return Response(status_code=202)


def _read(recipient: Recipient, path: str) -> tuple[bytes, Any]:
    container, slash, blob = path.partition("/")
    if not (slash and blob):
        raise ValueError("it is no container/blob")
    client = recipient.service.get_blob_client(container, blob)
    content, properties = landed_blobs.read(client)
    return content, landed_blobs.metadata(recipient.trigger, client, properties)


async def _nothing(_request: Request) -> Response:
    return Response(status_code=404)
