"""Processes one queue message: runs its function, retries it at once, or moves the message to the poison queue."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from azure.core.exceptions import AzureError, ResourceModifiedError, ResourceNotFoundError
from azure.functions import meta
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueMessage

from local.host.blobs import queue_message, trigger_metadata
from local.host.blobs.queue_listener import BlobQueue, put
from local.host.blobs.queue_message import POISON, BlobMessage, quoted
from local.host.blobs.scanner import Scanner
from local.host.functions.function import BlobTrigger, Function
from local.host.functions.invoker import Invoker

LoadedBlob = tuple[bytes, Mapping[str, meta.Datum]]
log = logging.getLogger("host")


@dataclass(frozen=True)
class Target:
    """A blob function and the clients it needs. Without a `scanner`, Event Grid notifies it."""

    function: Function
    trigger: BlobTrigger
    service: BlobServiceClient
    queue: Callable[[BlobMessage], None]
    poison: QueueClient
    scanner: Scanner | None


class Dispatcher:
    """Processes messages for the functions in `targets`, each up to `attempts` times."""

    def __init__(self, queue: BlobQueue, targets: Mapping[str, Target], invoker: Invoker, attempts: int) -> None:
        self._queue, self._targets, self._invoker, self._attempts = queue, targets, invoker, attempts

    async def process(self, message: QueueMessage) -> None:
        """Processes one message. Never raises: after a failure the message stays in the queue, and is retried."""
        try:
            await self._process(message)
        except AzureError as error:
            log.warning("storage failed; a message in %s will be retried: %s", self._queue.name, error)
            await self._return(message)
        except Exception:  # unforeseen
            log.exception("a message in %s failed, and will be retried", self._queue.name)
            if _count(message) < self._attempts:  # the last one leaves it hidden for a while
                await self._return(message)

    async def _return(self, message: QueueMessage) -> None:
        with suppress(Exception):  # it becomes visible later anyway
            await self._queue.in_thread(self._queue.show, message)

    async def _process(self, message: QueueMessage) -> None:
        blob_message = self._blob_message(message)
        target = self._targets.get(blob_message.function_id) if blob_message else None
        if not (blob_message and target):
            await self._queue.in_thread(self._queue.delete, message)
        elif _count(message) > self._attempts:  # the host itself died in each attempt
            await self._queue.in_thread(self._move_to_poison, target, blob_message, message)
        elif loaded := await self._read(target, blob_message):
            await self._run(target, blob_message, loaded, message)
        else:
            await self._queue.in_thread(self._queue.delete, message)

    def _blob_message(self, message: QueueMessage) -> BlobMessage | None:
        try:
            return queue_message.parse(message.content)
        except (ValueError, RecursionError) as error:
            log.warning("a message in %s was dropped: %s", self._queue.name, error)
            return None

    async def _read(self, target: Target, blob_message: BlobMessage) -> LoadedBlob | None:
        """The blob, or None if it was deleted or has changed. A changed blob that a scan found is queued again.

        A message for a scanned container names its version: the real host drops one without an ETag in quotes.
        """
        if target.trigger.scans and blob_message.etag != quoted(blob_message.etag):
            return None
        try:
            return await self._queue.in_thread(_load, target, blob_message)
        except ResourceModifiedError:
            if target.scanner:
                await self._queue.in_thread(target.scanner.enqueue, blob_message.blob)
        except ResourceNotFoundError:
            pass
        return None

    async def _run(self, target: Target, blob_message: BlobMessage, loaded: LoadedBlob, message: QueueMessage) -> None:
        if await self._succeeds(target, blob_message, loaded, message):
            await self._queue.in_thread(self._queue.delete, message)
        elif _count(message) >= self._attempts:
            await self._queue.in_thread(self._move_to_poison, target, blob_message, message)
        else:
            await self._queue.in_thread(self._queue.show, message)

    async def _succeeds(
        self, target: Target, blob_message: BlobMessage, loaded: LoadedBlob, message: QueueMessage
    ) -> bool:
        """Runs the function; returns whether it succeeded. The message stays hidden while it runs."""
        content, metadata = loaded
        reason = f"New blob: {blob_message.container}/{blob_message.blob}"
        async with self._queue.kept_hidden(message):
            outcome = await self._invoker.invoke(target.function, meta.Datum(content, "bytes"), metadata, reason)
        return outcome.error is None

    def _move_to_poison(self, target: Target, blob_message: BlobMessage, message: QueueMessage) -> None:
        put(target.poison, blob_message)
        self._queue.delete(message)
        log.error("%s: %s/%s was moved to %s", target.function.name, blob_message.container, blob_message.blob, POISON)


def _count(message: QueueMessage) -> int:
    return message.dequeue_count or 0


def _load(target: Target, blob_message: BlobMessage) -> LoadedBlob:
    client = target.service.get_blob_client(blob_message.container, blob_message.blob)
    content, properties = trigger_metadata.read(client, blob_message.etag if target.trigger.scans else "")
    return content, trigger_metadata.metadata(target.trigger, client, properties)
