"""The host's internal queue: one listener for all blob functions of an app, and operations on a message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage

from local.host.blobs.queue_message import BlobMessage
from local.host.storage.clients import Outage, Result, ensure, in_thread

HIDDEN = 600  # seconds a message stays invisible; renewed while its function runs
MAX_BATCH = 32
MIN_PAUSE, MAX_PAUSE = 0.1, 2.0


def put(queue: QueueClient, blob_message: BlobMessage) -> None:
    """Adds a message to a queue, which is created if it does not exist. Raises AzureError."""
    try:
        queue.send_message(blob_message.to_json())
    except ResourceNotFoundError:
        ensure(queue.create_queue)
        queue.send_message(blob_message.to_json())


class BlobQueue:
    """Processes up to `parallel` messages at once, and receives them in batches of the real host's size."""

    def __init__(self, queue: QueueClient, threads: Executor, parallel: int) -> None:
        self._queue, self._threads = queue, threads
        self._batch = min(MAX_BATCH, parallel // 2 + 1)
        self._threshold = parallel - self._batch
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._outage = Outage(f"queue {queue.queue_name}")

    @property
    def name(self) -> str:
        return self._queue.queue_name

    def add(self, blob_message: BlobMessage) -> None:
        """Adds a message and wakes the listener; for any thread. Raises AzureError."""
        put(self._queue, blob_message)
        self._loop.call_soon_threadsafe(self._news.set)

    async def run(self, process: Callable[[QueueMessage], Coroutine[Any, Any, None]], stopping: asyncio.Event) -> None:
        """Processes messages until `stopping` is set, then waits for those in progress. `process` must not raise."""
        working: set[asyncio.Task[None]] = set()
        pause = MIN_PAUSE
        async with asyncio.TaskGroup() as tasks:
            while not stopping.is_set():
                self._news.clear()
                taken = await self._take() if len(working) <= self._threshold else []
                for message in taken:
                    working.add(task := tasks.create_task(process(message)))
                    task.add_done_callback(working.discard)
                pause = MIN_PAUSE if taken else min(pause * 2, MAX_PAUSE)
                await self._rest(pause, stopping, working)

    async def _rest(self, pause: float, stopping: asyncio.Event, working: set[asyncio.Task[None]]) -> None:
        """Waits until the pause is over, or there is something to do."""
        signals = {asyncio.create_task(self._news.wait()), asyncio.create_task(stopping.wait())}
        await asyncio.wait(signals | working, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        for signal in signals:
            signal.cancel()

    async def _take(self) -> list[QueueMessage]:
        try:
            taken = await self.in_thread(self._receive)
        except Exception as error:  # noqa: BLE001  # running functions must not end with it
            self._outage.seen(error)
            return []
        self._outage.over()
        return taken

    def _receive(self) -> list[QueueMessage]:
        try:
            pages = self._queue.receive_messages(messages_per_page=self._batch, visibility_timeout=HIDDEN).by_page()
            return list(next(pages, ()))
        except ResourceNotFoundError:
            ensure(self._queue.create_queue)
            return []

    async def in_thread(self, call: Callable[..., Result], *arguments: object) -> Result:
        return await in_thread(self._threads, call, *arguments)

    def show(self, message: QueueMessage) -> None:
        """Makes the message visible, so that it is received again at once."""
        self.hide(message, 0)
        self._loop.call_soon_threadsafe(self._news.set)

    def hide(self, message: QueueMessage, seconds: int = HIDDEN) -> None:
        message.pop_receipt = self._queue.update_message(message, visibility_timeout=seconds).pop_receipt

    def delete(self, message: QueueMessage) -> None:
        with suppress(ResourceNotFoundError):
            self._queue.delete_message(message)
