"""Which documents go into one analyze job. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from shared.model import SERVICE_PACK, Document
from shared.text import LONGEST_TEXT

# The service takes a request of 1 MB; the rest is for what surrounds the texts.
LARGEST_REQUEST = 900_000


@dataclass(frozen=True)
class Readable:
    """A document with its text."""

    document: Document
    text: str

    @cached_property
    def size(self) -> int:
        """Bytes of the text as a JSON string in UTF-8."""
        return len(json.dumps(self.text, ensure_ascii=False).encode())


Pack = tuple[Readable, ...]


def pack(readables: Iterable[Readable]) -> Iterator[Pack]:
    """Fill one job after the other, in the order given, within the service's limits and every document's share."""
    current: Pack = ()
    for readable in readables:
        if current and not _fits((*current, readable)):
            yield current
            current = ()
        current = (*current, readable)
    if current:
        yield current


def _fits(candidate: Pack) -> bool:
    return (
        len(candidate) <= min(SERVICE_PACK, *(one.document.share for one in candidate))
        and sum(len(one.text) for one in candidate) <= LONGEST_TEXT
        and sum(one.size for one in candidate) <= LARGEST_REQUEST
    )
