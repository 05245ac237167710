"""The host's internal queue: one listener for all blob functions of an app, and what can be done with a message."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage

from local.host.blobs.queue_message import Order
from local.host.storage.clients import Outage, Result, ensure, in_thread

HIDDEN = 600  # seconds a message stays invisible; renewed while its function runs
MOST_AT_ONCE = 32
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 2.0


def put(queue: QueueClient, order: Order) -> None:
    """Puts an order into a queue, which is made if it is not there. Raises AzureError."""
    try:
        queue.send_message(order.to_json())
    except ResourceNotFoundError:
        ensure(queue.create_queue)
        queue.send_message(order.to_json())


class BlobQueue:
    """Takes up to `parallel` messages at once, in batches as the real host does."""

    def __init__(self, queue: QueueClient, threads: Executor, parallel: int) -> None:
        self._queue, self._threads = queue, threads
        self._batch = min(MOST_AT_ONCE, parallel // 2 + 1)
        self._enough = parallel - self._batch
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._outage = Outage(f"queue {queue.queue_name}")

    @property
    def name(self) -> str:
        return self._queue.queue_name

    def add(self, order: Order) -> None:
        """Queues an order, from any thread, and wakes the listener. Raises AzureError."""
        put(self._queue, order)
        self._loop.call_soon_threadsafe(self._news.set)

    async def run(self, process: Callable[[QueueMessage], Coroutine[Any, Any, None]], stopping: asyncio.Event) -> None:
        """Has messages processed until `stopping` is set, then waits for those under way. `process` must not raise."""
        working: set[asyncio.Task[None]] = set()
        pause = SHORTEST_PAUSE
        async with asyncio.TaskGroup() as tasks:
            while not stopping.is_set():
                self._news.clear()
                taken = await self._take() if len(working) <= self._enough else []
                for message in taken:
                    working.add(task := tasks.create_task(process(message)))
                    task.add_done_callback(working.discard)
                pause = SHORTEST_PAUSE if taken else min(pause * 2, LONGEST_PAUSE)
                await self._rest(pause, stopping, working)

    async def _rest(self, pause: float, stopping: asyncio.Event, working: set[asyncio.Task[None]]) -> None:
        """Until the pause is over, or there is something to do."""
        signs = {asyncio.create_task(self._news.wait()), asyncio.create_task(stopping.wait())}
        await asyncio.wait(signs | working, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        for sign in signs:
            sign.cancel()

    async def _take(self) -> list[QueueMessage]:
        try:
            taken = await self.in_thread(self._receive)
        except Exception as error:  # noqa: BLE001  # whatever it is, the functions that run must not end with it
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
        """Gives the message back, to be taken again at once."""
        self.hide(message, 0)
        self._loop.call_soon_threadsafe(self._news.set)

    def hide(self, message: QueueMessage, seconds: int = HIDDEN) -> None:
        message.pop_receipt = self._queue.update_message(message, visibility_timeout=seconds).pop_receipt

    def delete(self, message: QueueMessage) -> None:
        with suppress(ResourceNotFoundError):
            self._queue.delete_message(message)
