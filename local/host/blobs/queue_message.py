"""Messages of the internal queue and of the poison queue: one blob to be processed by one function. Pure."""

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
class BlobMessage:
    """`etag` has quotes if a scan found the blob; that of an event may lack them, and is not compared."""

    function_id: str
    container: str
    blob: str
    etag: str
    blob_type: str = "BlockBlob"

    def to_json(self) -> str:
        """As the real host writes it, which then also reads it."""
        content = {"Type": "BlobTrigger"} | {name: getattr(self, own) for name, own in FIELDS.items()}
        return json.dumps(content, indent=2, ensure_ascii=False)


def parse(text: str) -> BlobMessage:
    """Raises ValueError if the text is no message of a blob trigger. Like the real host it ignores the `Type`."""
    content = json.loads(text)
    if not isinstance(content, Mapping):
        raise ValueError("it is not a blob trigger's message")  # noqa: TRY004 - of the text
    fields: dict[str, Any] = {own: content.get(name, "") for name, own in FIELDS.items()}
    if not all(isinstance(value, str) for value in fields.values()):
        raise ValueError("its values are not strings")
    return BlobMessage(**fields)


def quoted(etag: str) -> str:
    """An ETag with quotes: a listing returns it without them, every other response with them."""
    return f'"{etag.strip(chr(34))}"'
