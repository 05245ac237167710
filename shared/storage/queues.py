"""The queue of completion events. The only module that knows Azure Queue storage."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError

from shared.errors import StorageUnavailable
from shared.language.deadlines import STORAGE_SECONDS, Deadline

SENDERS = 8  # threads
FOR_EVER = -1  # seconds: messages wait until somebody takes them


class EventQueue:
    """Sends events to a queue. Creates it on first use."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._made = False

    def send(self, events: Sequence[str]) -> None:
        """Send each of these events, in Base64, as queue triggers expect them.

        Raises StorageUnavailable if one of them may not have been sent; then others may have been.
        """
        if not events:
            return
        self._make_once()
        with ThreadPoolExecutor(SENDERS) as senders:
            list(senders.map(self._send, events))

    def exists(self) -> bool:
        """Whether the queue was created. Raises StorageUnavailable, also if the identity may not read it."""
        try:
            with Deadline(STORAGE_SECONDS):
                self._client.get_queue_properties()
        except ResourceNotFoundError:
            return False
        except AzureError as error:
            raise _unavailable(error) from None
        return True

    def _send(self, event: str) -> None:
        try:
            with Deadline(STORAGE_SECONDS):
                self._client.send_message(base64.b64encode(event.encode()).decode(), time_to_live=FOR_EVER)
        except AzureError as error:
            self._made = False  # if the queue was deleted, the next call creates it
            raise _unavailable(error) from None

    def _make_once(self) -> None:
        if self._made:
            return
        try:
            with Deadline(STORAGE_SECONDS), suppress(ResourceExistsError):
                self._client.create_queue()
        except AzureError as error:
            raise _unavailable(error) from None
        self._made = True


def _unavailable(error: AzureError) -> StorageUnavailable:
    return StorageUnavailable(f"Queue storage request failed ({type(error).__name__}).", error)
