"""Blob functions that look for blobs themselves: lists a container again and again and queues what is new in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobProperties, BlobServiceClient

from local.host.blobs.queue_message import Order, quoted
from local.host.blobs.receipts import Receipts
from local.host.functions.function import Function
from local.host.storage.clients import Outage, in_thread, in_words
from local.host.triggers.path_pattern import BlobPath

PAUSE = 2.0  # seconds between two listings, as the real host does with a development account
log = logging.getLogger("host")


class Scanner:
    """Watches one function's container. `queue` takes an order; `pause` seconds lie between listings.

    What was offered is remembered by name and version, so that a listing asks storage only about what is new in it.
    """

    def __init__(
        self,
        function: Function,
        path: BlobPath,
        service: BlobServiceClient,
        receipts: Receipts,
        queue: Callable[[Order], None],
        *,
        pause: float = PAUSE,
    ) -> None:
        self._function, self._path = function, path
        self._container = service.get_container_client(self._path.container)
        self._receipts, self._queue, self._pause = receipts, queue, pause
        self._offered: dict[str, str] = {}
        self._refused: dict[str, str] = {}
        self._outage = Outage(f"{function.name}: container {self._path.container}")

    async def run(self, threads: Executor, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await in_thread(threads, self._sweep_or_tell, stopping)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), self._pause)

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
        except Exception as error:  # noqa: BLE001  # whatever it is, the next listing tries again
            self._outage.seen(error)

    def _sweep(self, stopping: asyncio.Event) -> None:
        listed: dict[str, str] = {}
        for blob in self._container.list_blobs(name_starts_with=self._path.prefix or None):
            if stopping.is_set():
                return
            if self._path.match(blob.name) is not None and self._is_settled(blob):
                listed[blob.name] = blob.etag
        self._offered = listed

    def _order(self, blob: object, name: str) -> Order:
        kind = getattr(blob, "blob_type", "") or "BlockBlob"
        etag = quoted(getattr(blob, "etag", ""))
        return Order(self._function.id, self._path.container, name, etag, str(getattr(kind, "value", kind)))

    def _is_settled(self, blob: BlobProperties) -> bool:
        """Whether this version needs no further look. One blob that cannot be queued holds up no other."""
        if self._offered.get(blob.name) == blob.etag:
            return True
        try:
            return self._receipts.once(self._order(blob, blob.name), self._queue)
        except HttpResponseError as error:
            self._refuse(blob, str(error.reason))
        except AzureError:
            raise  # of the account, not of this blob
        except Exception as error:  # noqa: BLE001  # what nobody foresaw
            self._refuse(blob, in_words(error))
        return False

    def _refuse(self, blob: BlobProperties, reason: str) -> None:
        """Says so once for each version."""
        if self._refused.get(blob.name) != blob.etag:
            log.warning("%s: blob %r cannot be queued, will keep trying: %s", self._function.name, blob.name, reason)
        self._refused[blob.name] = blob.etag
