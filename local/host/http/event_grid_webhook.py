"""Event Grid's webhook, `/runtime/webhooks/blobs?functionName=NAME`: both handshakes, and notifications."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable

from azure.core.exceptions import AzureError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from local.host.blobs import event_grid_events
from local.host.blobs.dispatcher import Target
from local.host.blobs.listener import BlobListeners
from local.host.http import requests

ORIGIN, ALLOWED, RATE = "webhook-request-origin", "webhook-allowed-origin", "webhook-allowed-rate"
NAME = "functionname"
log = logging.getLogger("host")
Handler = Callable[[Target, bytes], Awaitable[Response]]


class BlobsWebhook:
    """400 for a request that cannot be read, 503 while storage fails: Event Grid then retries."""

    def __init__(self, blobs: BlobListeners) -> None:
        self._blobs = blobs
        self._handlers: dict[str, Handler] = {
            "subscriptionvalidation": _validate,
            "notification": _notification,
            "unsubscribe": _unsubscribe,
        }

    async def handshake(self, request: Request) -> Response:
        """The handshake of CloudEvents: allows the sender."""
        if self._target(request) is None:
            return _no_function()
        if not (origin := request.headers.get(ORIGIN)):
            return PlainTextResponse("The header WebHook-Request-Origin is missing.", 400)
        return Response(headers={ALLOWED: origin, RATE: "*"})

    async def notify(self, request: Request) -> Response:
        if (target := self._target(request)) is None:
            return _no_function()
        if not (handler := self._handlers.get(request.headers.get("aeg-event-type", "").lower())):
            return PlainTextResponse("The header aeg-event-type is missing or unknown.", 400)
        try:
            return await handler(target, await request.body())
        except (ValueError, RecursionError) as error:
            return PlainTextResponse(f"The events cannot be read: {error}.", 400)
        except AzureError as error:
            log.warning("%s: an event was refused because storage failed: %s", target.function.name, error)
            return PlainTextResponse("The events cannot be queued now.", 503)

    def _target(self, request: Request) -> Target | None:
        names = (value for name, value in requests.query(request) if name.lower() == NAME)
        return self._blobs.event_grid_target(next(names, ""))


def _no_function() -> Response:
    return PlainTextResponse("No blob function of this name is notified by Event Grid.", 404)


async def _validate(_target: Target, body: bytes) -> Response:
    answer = {"validationResponse": event_grid_events.validation_code(body)}
    return PlainTextResponse(json.dumps(answer, separators=(",", ":")))  # text/plain, as in the real host


async def _unsubscribe(_target: Target, _body: bytes) -> Response:
    return Response(status_code=202)


async def _notification(target: Target, body: bytes) -> Response:
    events = event_grid_events.parse(body, target.function.id, target.service.url)
    for reason in events.ignored:
        log.warning("%s: an event was ignored: %s", target.function.name, reason)
    for message in events.messages:
        await asyncio.to_thread(target.queue, message)
    return Response(status_code=202)
