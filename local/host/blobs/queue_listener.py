"""The host's internal queue: one listener for all blob functions of an app."""

from __future__ import annotations

from concurrent.futures import Executor

from azure.storage.queue import QueueClient

from local.host.blobs.queue_message import BlobMessage
from local.host.storage.clients import send
from local.host.storage.polled_queue import PolledQueue

MAX_BATCH = 32


def put(queue: QueueClient, blob_message: BlobMessage) -> None:
    """Adds a message to a queue, which is created if it does not exist. Raises AzureError."""
    send(queue, blob_message.to_json())


class BlobQueue(PolledQueue):
    """Processes up to `parallel` messages at once, and receives them in batches of the real host's size."""

    def __init__(self, queue: QueueClient, threads: Executor, parallel: int) -> None:
        batch = min(MAX_BATCH, parallel // 2 + 1)
        super().__init__(queue, threads, batch, parallel - batch, creates=True)

    def add(self, blob_message: BlobMessage) -> None:
        """Adds a message and wakes the listener; for any thread. Raises AzureError."""
        put(self._queue, blob_message)
        self._loop.call_soon_threadsafe(self._news.set)
