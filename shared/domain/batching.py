"""Which documents go into one analyze job. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from shared.domain.documents import SERVICE_PACK, Document
from shared.domain.splitting import cut
from shared.domain.text import REQUEST_TEXT
from shared.language.types import Text

# The service takes a request of 1 MB; the rest is for what surrounds the texts.
MAX_REQUEST = 900_000


@dataclass(frozen=True)
class LoadedDocument:
    """A document with its text."""

    document: Document
    text: str

    @cached_property
    def size(self) -> int:
        """Bytes of the text as a JSON string in UTF-8."""
        return len(json.dumps(self.text, ensure_ascii=False).encode())

    @cached_property
    def parts(self) -> list[str]:
        """What is sent of it: the text, or the parts of one too long for a request."""
        if len(self.text) <= REQUEST_TEXT:
            return [self.text]
        return [part for part in cut(self.text) if part.strip()]  # the service takes no blank text


Pack = tuple[LoadedDocument, ...]


def pack(readables: Iterable[LoadedDocument]) -> Iterator[Pack]:
    """Fill one job after the other, in the order given, within the service's limits and every document's share.

    A text too long for a request is a pack of its own.
    """
    current: Pack = ()
    for readable in readables:
        if current and not _fits((*current, readable)):
            yield current
            current = ()
        current = (*current, readable)
    if current:
        yield current


def requests(readables: Pack) -> list[list[Text]]:
    """The texts of each request of a job: one request, or one for each part of a text too long for one."""
    if len(readables) == 1:
        return [[_text(readables[0].document, part)] for part in readables[0].parts]
    return [[_text(one.document, one.text) for one in readables]]


def _text(document: Document, text: str) -> Text:
    return Text(document.key, text, document.language)


def _fits(candidate: Pack) -> bool:
    return (
        len(candidate) <= min(SERVICE_PACK, *(one.document.max_batch_size for one in candidate))
        and sum(len(one.text) for one in candidate) <= REQUEST_TEXT
        and sum(one.size for one in candidate) <= MAX_REQUEST
    )
