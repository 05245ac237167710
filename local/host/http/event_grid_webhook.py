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
Handler = Callable[[Target | None, bytes], Awaitable[Response]]

CORRECT = "Correct functionName in the subscription's URL: Host.Functions. and the function's name."
NO_NAME = f"Event Grid's events name no function: the real host accepts them and ends. {CORRECT}"
NO_FUNCTION = (
    f"Event Grid's events are for %r, which takes none: the real host accepts them, but runs nothing. {CORRECT}"
)
NO_BLOB = "%s: an event is about %.200s, no blob: the real host accepts it and ends. Correct the subscription's filter."


class BlobsWebhook:
    """As in the real host: 202 for what it accepts, also if nothing will run; 500 for events that cannot be read.

    503 while storage fails: Event Grid then retries, after a 500 too.
    """

    def __init__(self, blobs: BlobListeners) -> None:
        self._blobs = blobs
        self._handlers: dict[str, Handler] = {
            "subscriptionvalidation": _validate,
            "notification": _notification,
            "unsubscribe": _unsubscribe,
        }

    async def handshake(self, request: Request) -> Response:
        """The handshake of CloudEvents: allows the sender."""
        self._target(request)
        if not (origin := request.headers.get(ORIGIN)):
            return PlainTextResponse("The header WebHook-Request-Origin is missing.", 400)
        return Response(headers={ALLOWED: origin, RATE: "*"})

    async def notify(self, request: Request) -> Response:
        if not (handler := self._handlers.get(request.headers.get("aeg-event-type", "").lower())):
            return PlainTextResponse("The header aeg-event-type is missing or unknown.", 400)
        try:
            return await handler(self._target(request), await request.body())
        except (ValueError, RecursionError) as error:
            log.error("Event Grid sent events that cannot be read: %s", error)  # noqa: TRY400 - its words suffice
            return PlainTextResponse(f"The events cannot be read: {error}.", 500)
        except AzureError as error:
            log.warning("An event was refused because storage failed: %s", error)
            return PlainTextResponse("The events cannot be queued now.", 503)

    def _target(self, request: Request) -> Target | None:
        """The function that the URL names. None, and a line in the log, if it runs for no event."""
        name = next((value for name, value in requests.query(request) if name.lower() == NAME), "")
        target = self._blobs.event_grid_target(name)
        if target is None:
            log.error(*((NO_FUNCTION, name) if name else (NO_NAME,)))
        return target


async def _validate(target: Target | None, body: bytes) -> Response:
    if target is None:
        return PlainTextResponse("No blob function of this name is notified by Event Grid.", 404)
    answer = {"validationResponse": event_grid_events.validation_code(body)}
    return PlainTextResponse(json.dumps(answer, separators=(",", ":")))  # text/plain, as in the real host


async def _unsubscribe(_target: Target | None, _body: bytes) -> Response:
    return Response(status_code=202)


async def _notification(target: Target | None, body: bytes) -> Response:
    if target is None:
        return Response(status_code=202)
    events = event_grid_events.parse(body, target.function.id, target.service.url)
    for reason in events.ignored:
        log.warning("%s: an event was ignored: %s", target.function.name, reason)
    for address in events.without_blob:
        log.error(NO_BLOB, target.function.name, address)
    for message in events.messages:
        await asyncio.to_thread(target.queue, message)
    return Response(status_code=202)
