"""Batches documents into analyze jobs. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from shared.domain.documents import SERVICE_PACK, Document
from shared.domain.splitting import cut
from shared.domain.text import REQUEST_TEXT
from shared.language.types import Text

# Bytes of all texts of a request. The service's limit is 1 MB for the whole body.
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
        """The texts to send: the whole text, or its parts if it is too long for one request."""
        if len(self.text) <= REQUEST_TEXT:
            return [self.text]
        return [part for part in cut(self.text) if part.strip()]  # the service takes no blank text


Pack = tuple[LoadedDocument, ...]


def pack(documents: Iterable[LoadedDocument]) -> Iterator[Pack]:
    """Yield one pack for each job, in the given order, within the service's limits and each document's batch size.

    Suspect documents share no job with others, as one of them may spoil it. A text that is too long for one request
    gets a pack without other documents.
    """
    current: Pack = ()
    for loaded in documents:
        if current and not _fits((*current, loaded)):
            yield current
            current = ()
        current = (*current, loaded)
    if current:
        yield current


def requests(documents: Pack) -> list[list[Text]]:
    """The texts of each request of a job: one request, or one for each part of a text that is too long for one."""
    if len(documents) == 1:
        return [[_text(documents[0].document, part)] for part in documents[0].parts]
    return [[_text(loaded.document, loaded.text) for loaded in documents]]


def _text(document: Document, text: str) -> Text:
    return Text(document.key, text, document.language)


def _fits(candidate: Pack) -> bool:
    return (
        len(candidate) <= min(SERVICE_PACK, *(loaded.document.max_batch_size for loaded in candidate))
        and len({loaded.document.is_suspect for loaded in candidate}) == 1
        and sum(len(loaded.text) for loaded in candidate) <= REQUEST_TEXT
        and sum(loaded.size for loaded in candidate) <= MAX_REQUEST
    )
