"""What becomes of one message: its function runs, fails and is tried again at once, or is put away as poison."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from azure.core.exceptions import AzureError, ResourceModifiedError, ResourceNotFoundError
from azure.functions import meta
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueMessage

from local.host.blobs import queue_message, trigger_metadata
from local.host.blobs.queue_listener import HIDDEN, BlobQueue, put
from local.host.blobs.queue_message import POISON, Order
from local.host.blobs.scanner import Scanner
from local.host.functions.function import BlobTrigger, Function
from local.host.functions.invoker import Invoker

Landed = tuple[bytes, Mapping[str, meta.Datum]]
log = logging.getLogger("host")


@dataclass(frozen=True)
class Recipient:
    """A blob function and what its orders need. Without a `scanner` it is events that bring them."""

    function: Function
    trigger: BlobTrigger
    service: BlobServiceClient
    queue: Callable[[Order], None]
    poison: QueueClient
    scanner: Scanner | None


class Work:
    """Processes messages for the functions in `recipients`, each up to `attempts` times."""

    def __init__(self, queue: BlobQueue, recipients: Mapping[str, Recipient], invoker: Invoker, attempts: int) -> None:
        self._queue, self._recipients, self._invoker, self._attempts = queue, recipients, invoker, attempts

    async def process(self, message: QueueMessage) -> None:
        """One message. Never raises: what fails leaves it in the queue, to be taken again."""
        try:
            await self._process(message)
        except AzureError as error:
            log.warning("a message in %s will come again, for storage failed: %s", self._queue.name, error)
            await self._show(message)
        except Exception:  # what nobody foresaw
            log.exception("a message in %s failed, and will come again", self._queue.name)
            if _count(message) < self._attempts:  # else it stays hidden for a while, or it would come again at once
                await self._show(message)

    async def _show(self, message: QueueMessage) -> None:
        with suppress(Exception):  # it comes again all the same, later
            await self._queue.in_thread(self._queue.show, message)

    async def _process(self, message: QueueMessage) -> None:
        order = self._order(message)
        recipient = self._recipients.get(order.function_id) if order else None
        if not (order and recipient):
            await self._queue.in_thread(self._queue.delete, message)
        elif _count(message) > self._attempts:  # the host itself ended in each attempt
            await self._queue.in_thread(self._put_away, recipient, order, message)
        elif landed := await self._read(recipient, order):
            await self._run(recipient, order, landed, message)
        else:
            await self._queue.in_thread(self._queue.delete, message)

    def _order(self, message: QueueMessage) -> Order | None:
        try:
            return queue_message.parse(message.content)
        except (ValueError, RecursionError) as error:
            log.warning("a message in %s is dropped: %s", self._queue.name, error)
            return None

    async def _read(self, recipient: Recipient, order: Order) -> Landed | None:
        """The blob, or None if it is gone or has changed. A scan's changed blob is queued anew."""
        try:
            return await self._queue.in_thread(_landed, recipient, order)
        except ResourceModifiedError:
            if recipient.scanner:
                await self._queue.in_thread(recipient.scanner.offer, order.blob)
        except ResourceNotFoundError:
            pass
        return None

    async def _run(self, recipient: Recipient, order: Order, landed: Landed, message: QueueMessage) -> None:
        if await self._succeeds(recipient, order, landed, message):
            await self._queue.in_thread(self._queue.delete, message)
        elif _count(message) >= self._attempts:
            await self._queue.in_thread(self._put_away, recipient, order, message)
        else:
            await self._queue.in_thread(self._queue.show, message)

    async def _succeeds(self, recipient: Recipient, order: Order, landed: Landed, message: QueueMessage) -> bool:
        """Runs the function. The message stays hidden as long as it runs."""
        content, metadata = landed
        reason = f"New blob: {order.container}/{order.blob}"
        ended = asyncio.Event()
        keeper = asyncio.create_task(self._keep_hidden(message, ended))
        try:
            outcome = await self._invoker.invoke(recipient.function, meta.Datum(content, "bytes"), metadata, reason)
        finally:
            ended.set()
            await keeper
        return outcome.error is None

    async def _keep_hidden(self, message: QueueMessage, ended: asyncio.Event) -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), HIDDEN / 2)
                return
            with suppress(AzureError):
                await self._queue.in_thread(self._queue.hide, message)

    def _put_away(self, recipient: Recipient, order: Order, message: QueueMessage) -> None:
        put(recipient.poison, order)
        self._queue.delete(message)
        log.error("%s: %s/%s was put into %s", recipient.function.name, order.container, order.blob, POISON)


def _count(message: QueueMessage) -> int:
    return message.dequeue_count or 0


def _landed(recipient: Recipient, order: Order) -> Landed:
    client = recipient.service.get_blob_client(order.container, order.blob)
    content, properties = trigger_metadata.read(client, order.etag if recipient.trigger.scans else "")
    return content, trigger_metadata.metadata(recipient.trigger, client, properties)
