"""Scans a container: lists it repeatedly, and queues each new version of a blob that matches the trigger's path."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobProperties, BlobServiceClient

from local.host.blobs.queue_message import BlobMessage, quoted
from local.host.blobs.receipts import Receipts
from local.host.functions.function import Function
from local.host.storage.clients import Outage, in_thread, one_line
from local.host.triggers.path_pattern import BlobPath, never_runs

PAUSE = 2.0  # seconds between scans, as in the real host with a development account
NEVER_RUNS = "in Azure no trigger runs for a name that begins or ends with '/' or has '.' or '..' as a part; rename it"
log = logging.getLogger("host")


class Scanner:
    """Scans one function's container every `pause` seconds; `queue` adds a message.

    Queued versions are remembered, so that a scan asks storage for receipts of new versions only.
    """

    def __init__(
        self,
        function: Function,
        path: BlobPath,
        service: BlobServiceClient,
        receipts: Receipts,
        queue: Callable[[BlobMessage], None],
        *,
        pause: float = PAUSE,
    ) -> None:
        self._function, self._path = function, path
        self._container = service.get_container_client(self._path.container)
        self._receipts, self._queue, self._pause = receipts, queue, pause
        self._queued: dict[str, str] = {}
        self._logged: dict[str, str] = {}
        self._outage = Outage(f"{function.name}: container {self._path.container}")

    async def run(self, threads: Executor, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await in_thread(threads, self._scan_and_log, stopping)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), self._pause)

    def enqueue(self, blob: str) -> None:
        """Queues the current version of a blob, unless it was deleted or queued before."""
        with suppress(ResourceNotFoundError):
            properties = self._container.get_blob_client(blob).get_blob_properties()
            self._receipts.queue_once(self._message(properties, blob), self._queue)

    def _scan_and_log(self, stopping: asyncio.Event) -> None:
        try:
            self._scan(stopping)
            self._outage.over()
        except ResourceNotFoundError:  # no container, no blobs
            self._queued.clear()
            self._outage.over()
        except Exception as error:  # noqa: BLE001  # the next scan tries again
            self._outage.seen(error)

    def _scan(self, stopping: asyncio.Event) -> None:
        listed: dict[str, str] = {}
        for blob in self._container.list_blobs(name_starts_with=self._path.prefix or None):
            if stopping.is_set():
                return
            if self._path.match(blob.name) is None:
                continue
            if never_runs(blob.name):
                self._log_once(blob, f"is not offered: {NEVER_RUNS}")
            elif self._is_queued(blob):
                listed[blob.name] = blob.etag
        self._queued = listed

    def _message(self, blob: object, name: str) -> BlobMessage:
        kind = getattr(blob, "blob_type", "") or "BlockBlob"
        etag = quoted(getattr(blob, "etag", ""))
        return BlobMessage(self._function.id, self._path.container, name, etag, str(getattr(kind, "value", kind)))

    def _is_queued(self, blob: BlobProperties) -> bool:
        """Queues this version if needed; returns whether it is queued. One that fails does not block others."""
        if self._queued.get(blob.name) == blob.etag:
            return True
        try:
            return self._receipts.queue_once(self._message(blob, blob.name), self._queue)
        except HttpResponseError as error:
            self._log_once(blob, f"cannot be queued, will retry: {error.reason}")
        except AzureError:
            raise  # concerns the account, not this blob
        except Exception as error:  # noqa: BLE001  # unforeseen
            self._log_once(blob, f"cannot be queued, will retry: {one_line(error)}")
        return False

    def _log_once(self, blob: BlobProperties, reason: str) -> None:
        """Logs once for each version why a blob is not queued."""
        if self._logged.get(blob.name) != blob.etag:
            log.warning("%s: blob %r %s", self._function.name, blob.name, reason)
        self._logged[blob.name] = blob.etag
