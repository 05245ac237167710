"""Blob functions that look for blobs themselves: lists a container again and again and queues what is new in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from local.host.blob_paths import BlobPath
from local.host.functions import Function
from local.host.orders import Order, quoted
from local.host.receipts import Receipts
from local.host.storage import Outage, in_thread

PAUSE = 2.0  # seconds between two listings, as the real host does with a development account
log = logging.getLogger("host")


class Scanner:
    """Watches one function's container. `queue` takes an order and may raise an AzureError.

    What was offered is remembered by name and version, so that a listing asks storage only about what is new in it.
    """

    def __init__(
        self,
        function: Function,
        path: BlobPath,
        service: BlobServiceClient,
        receipts: Receipts,
        queue: Callable[[Order], None],
    ) -> None:
        self._function, self._path = function, path
        self._container = service.get_container_client(self._path.container)
        self._receipts, self._queue = receipts, queue
        self._offered: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._outage = Outage(f"{function.name}: container {self._path.container}")

    async def run(self, threads: Executor, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await in_thread(threads, self._sweep_or_tell, stopping)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), PAUSE)

    def offer(self, blob: str) -> None:
        """Queues the present version of one blob, if it is there and was not queued yet."""
        with suppress(ResourceNotFoundError):
            properties = self._container.get_blob_client(blob).get_blob_properties()
            self._receipts.once(self._order(properties, blob), self._queue)

    def _sweep_or_tell(self, stopping: asyncio.Event) -> None:
        try:
            self._sweep(stopping)
            self._outage.over()
        except ResourceNotFoundError:  # no container yet: no blobs
            self._offered.clear()
            self._outage.over()
        except AzureError as error:
            self._outage.seen(error)

    def _sweep(self, stopping: asyncio.Event) -> None:
        listed: dict[str, str] = {}
        for blob in self._container.list_blobs(name_starts_with=self._path.prefix or None):
            if stopping.is_set():
                return
            etag = quoted(blob.etag)
            known = self._offered.get(blob.name) == etag
            if self._path.match(blob.name) is not None and (known or self._offer(self._order(blob, blob.name))):
                listed[blob.name] = etag
        self._offered = listed

    def _order(self, blob: object, name: str) -> Order:
        kind = getattr(blob, "blob_type", "") or "BlockBlob"
        etag = quoted(getattr(blob, "etag", ""))
        return Order(self._function.id, self._path.container, name, etag, str(getattr(kind, "value", kind)))

    def _offer(self, order: Order) -> bool:
        """Whether this version needs no further look. One blob that storage refuses holds up no other."""
        try:
            return self._receipts.once(order, self._queue)
        except HttpResponseError as error:
            if self._refused.get(order.blob) != order.etag:
                log.warning("%s: blob %r cannot be queued: %s", self._function.name, order.blob, error.reason)
            self._refused[order.blob] = order.etag
            return False
