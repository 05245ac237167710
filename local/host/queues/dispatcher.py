"""Processes one message of a queue function: runs it, has it retried, or moves the message to the poison queue."""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass

from azure.core.exceptions import AzureError
from azure.functions import meta
from azure.storage.queue import QueueClient, QueueMessage

from local.host.config.queueing import Queueing
from local.host.functions.function import Function
from local.host.functions.invoker import Invoker
from local.host.queues import trigger_metadata
from local.host.storage.clients import send
from local.host.storage.polled_queue import PolledQueue

log = logging.getLogger("host")


@dataclass(frozen=True)
class Dispatcher:
    """Processes messages of `queue` for `function`. `poison` gets those that failed in every attempt, as stored."""

    function: Function
    queue: PolledQueue
    poison: QueueClient
    invoker: Invoker
    queueing: Queueing

    async def process(self, message: QueueMessage) -> None:
        """Never raises: after an error of storage the message becomes visible again, and is retried."""
        try:
            await self._process(message)
        except AzureError as error:
            log.warning("storage failed; a message in %s will be retried: %s", self.queue.name, error)
            with suppress(Exception):  # it becomes visible later anyway
                await self.queue.in_thread(self.queue.show, message)
        except Exception:  # unforeseen
            log.exception("a message in %s failed, and will be retried", self.queue.name)

    async def _process(self, message: QueueMessage) -> None:
        count = message.dequeue_count or 0
        try:
            text = trigger_metadata.decoded(message.content, is_base64=self.queueing.is_base64)
        except ValueError:
            await self._give_up(message, "it is not Base64 of UTF-8 (messageEncoding in host.json)")
            return
        if count > self.queueing.attempts:  # the host itself died in each attempt
            await self._give_up(message, "no attempt ended")
        elif await self._succeeds(message, text):
            await self.queue.in_thread(self.queue.delete, message)
        elif count == self.queueing.attempts:
            await self._give_up(message, f"it failed {count} times")
        elif self.queueing.pause:
            await self.queue.in_thread(self.queue.hide, message, self.queueing.pause)
        else:
            await self.queue.in_thread(self.queue.show, message)

    async def _succeeds(self, message: QueueMessage, text: str) -> bool:
        metadata = trigger_metadata.metadata(text, message)
        reason = f"New message in {self.queue.name}: {message.id}"
        async with self.queue.kept_hidden(message):
            outcome = await self.invoker.invoke(self.function, meta.Datum(text, "string"), metadata, reason)
        return outcome.error is None

    async def _give_up(self, message: QueueMessage, why: str) -> None:
        await self.queue.in_thread(self._move_to_poison, message)
        name = self.poison.queue_name
        log.error("%s: message %s was moved to %s: %s", self.function.name, message.id, name, why)

    def _move_to_poison(self, message: QueueMessage) -> None:
        send(self.poison, message.content)
        self.queue.delete(message)
