"""Event Grid's door over HTTP, `/runtime/webhooks/blobs?functionName=NAME`: both handshakes, and notifications."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from azure.core.exceptions import AzureError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local.host.blobs import event_grid_events
from local.host.blobs.dispatcher import Recipient
from local.host.blobs.listener import BlobFunctions

ORIGIN, ALLOWED, RATE = "webhook-request-origin", "webhook-allowed-origin", "webhook-allowed-rate"
log = logging.getLogger("host")
Answer = Callable[[Recipient, bytes], Awaitable[Response]]


class BlobsWebhook:
    """What is wrong with a request is its sender's fault, 400; storage that is away is not, 503: it will come again."""

    def __init__(self, blobs: BlobFunctions) -> None:
        self._blobs = blobs
        self._answers: dict[str, Answer] = {
            "subscriptionvalidation": _handshake,
            "notification": _notification,
            "unsubscribe": _farewell,
        }

    async def asked(self, request: Request) -> Response:
        """The handshake of cloud events: a sender asks whether it may."""
        if self._recipient(request) is None:
            return _nobody()
        if not (origin := request.headers.get(ORIGIN)):
            return PlainTextResponse("The header WebHook-Request-Origin is missing.", 400)
        return Response(headers={ALLOWED: origin, RATE: "*"})

    async def told(self, request: Request) -> Response:
        if (recipient := self._recipient(request)) is None:
            return _nobody()
        if not (answer := self._answers.get(request.headers.get("aeg-event-type", "").lower())):
            return PlainTextResponse("The header aeg-event-type is missing or unknown.", 400)
        try:
            return await answer(recipient, await request.body())
        except (ValueError, RecursionError) as error:
            return PlainTextResponse(f"The events cannot be read: {error}.", 400)
        except AzureError as error:
            log.warning("%s: an event was refused, for storage failed: %s", recipient.function.name, error)
            return PlainTextResponse("The events cannot be queued now.", 503)

    def _recipient(self, request: Request) -> Recipient | None:
        return self._blobs.told_by_events(request.query_params.get("functionName", ""))


def _nobody() -> Response:
    return PlainTextResponse("No blob function of this name takes its blobs from Event Grid.", 404)


async def _handshake(_recipient: Recipient, body: bytes) -> Response:
    return JSONResponse({"validationResponse": event_grid_events.validation_code(body)})


async def _farewell(_recipient: Recipient, _body: bytes) -> Response:
    return Response(status_code=202)


async def _notification(recipient: Recipient, body: bytes) -> Response:
    heard = event_grid_events.orders(body, recipient.function.id, recipient.service.url)
    for why in heard.left_aside:
        log.warning("%s: an event is left aside: %s", recipient.function.name, why)
    for order in heard.orders:
        await asyncio.to_thread(recipient.queue, order)
    return Response(status_code=202)
