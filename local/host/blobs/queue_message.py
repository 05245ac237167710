"""The messages of the host's internal queue: one blob to be processed by one function. Pure; the poison queue's too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

QUEUE = "azure-webjobs-blobtrigger-"  # and the host's id
POISON = "webjobs-blobtrigger-poison"
FIELDS = {  # as the real host writes them
    "FunctionId": "function_id",
    "BlobType": "blob_type",
    "ContainerName": "container",
    "BlobName": "blob",
    "ETag": "etag",
}


@dataclass(frozen=True)
class Order:
    """`etag` has its quotes if a scan found the blob; an event's may lack them, and is not compared."""

    function_id: str
    container: str
    blob: str
    etag: str
    blob_type: str = "BlockBlob"

    def to_json(self) -> str:
        return json.dumps({"Type": "BlobTrigger"} | {name: getattr(self, own) for name, own in FIELDS.items()})


def parse(text: str) -> Order:
    """Raises ValueError if the text is no such message."""
    content = json.loads(text)
    if not isinstance(content, Mapping) or content.get("Type") != "BlobTrigger":
        raise ValueError("it is no blob trigger's message")
    fields: dict[str, Any] = {own: content.get(name, "") for name, own in FIELDS.items()}
    if not all(isinstance(value, str) for value in fields.values()):
        raise ValueError("its values are no strings")
    return Order(**fields)


def quoted(etag: str) -> str:
    """A listing gives an ETag without the quotes that everything else gives it with."""
    return f'"{etag.strip(chr(34))}"'
