"""Receives messages from a queue, several at a time, and keeps each hidden while it is processed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from typing import Any

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage

from local.host.storage.clients import Outage, Result, ensure, in_thread

HIDDEN = 600  # seconds a message stays invisible; renewed while its function runs
MIN_PAUSE, MAX_PAUSE = 0.1, 2.0


class PolledQueue:
    """Receives `batch` messages at once, while at most `threshold` are in progress.

    `creates`: whether it creates a missing queue; otherwise that has no messages.
    """

    def __init__(self, queue: QueueClient, threads: Executor, batch: int, threshold: int, *, creates: bool) -> None:
        self._queue, self._threads, self._creates = queue, threads, creates
        self._batch, self._threshold = batch, threshold
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._outage = Outage(f"queue {queue.queue_name}")

    @property
    def name(self) -> str:
        return self._queue.queue_name

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
            if self._creates:
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

    @asynccontextmanager
    async def kept_hidden(self, message: QueueMessage) -> AsyncIterator[None]:
        """No other host receives the message during the block."""
        ended = asyncio.Event()
        keeper = asyncio.create_task(self._keep_hidden(message, ended))
        try:
            yield
        finally:
            ended.set()
            await keeper

    async def _keep_hidden(self, message: QueueMessage, ended: asyncio.Event) -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), HIDDEN / 2)
                return
            with suppress(AzureError):
                await self.in_thread(self.hide, message)
