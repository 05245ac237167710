"""A queue message as the real host passes it to the worker: its text and the trigger's metadata. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping

from azure.functions import meta
from azure.storage.queue import QueueMessage


def decoded(content: str, *, is_base64: bool) -> str:
    """The text of a stored message. Raises ValueError if it is not Base64 of UTF-8."""
    return base64.b64decode(content, validate=True).decode() if is_base64 else content


def metadata(text: str, message: QueueMessage | None = None) -> Mapping[str, meta.Datum]:
    """Without a message, a run that was requested over HTTP."""
    named = {"QueueTrigger": meta.Datum(text, "string")}
    if message is None:
        return named
    times = {
        "ExpirationTime": message.expires_on,
        "InsertionTime": message.inserted_on,
        "NextVisibleTime": message.next_visible_on,
    }
    return {
        **named,
        "Id": meta.Datum(message.id, "string"),
        "PopReceipt": meta.Datum(message.pop_receipt, "string"),
        "DequeueCount": meta.Datum(message.dequeue_count, "int"),
        **{name: meta.Datum(json.dumps(time.isoformat()), "json") for name, time in times.items() if time},
    }
