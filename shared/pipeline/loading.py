"""Reads the texts of waiting documents, a bounded number of bytes at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from shared.domain.batching import LoadedDocument
from shared.domain.clocks import backoff
from shared.domain.documents import Document, Reason
from shared.domain.text import MAX_FILE, decode
from shared.errors import InvalidText, NotFound, VersionConflict
from shared.pipeline.claim import check, claim
from shared.pipeline.isolation import each, patience, reason
from shared.pipeline.settling import RETRY_FIRST, RETRY_MAX
from shared.services import Services

HELD = 32_000_000  # bytes of files whose texts are in memory at once


def windows(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """The documents in their order, so many at a time as hold at most HELD bytes together. Pure."""
    window: list[Document] = []
    held = 0
    for document in documents:
        size = MAX_FILE if document.encoding else document.size  # an encoded one may be as large as any
        if window and held + size > HELD:
            yield window
            window, held = [], 0
        window.append(document)
        held += size
    if window:
        yield window


def read_all(documents: Sequence[Document], services: Services, now: datetime) -> list[LoadedDocument]:
    """Those of the documents that can be sent, with their texts."""
    found = each(
        lambda document: _read(document, services, now),
        documents,
        lambda document, trouble: set_back(document, trouble, services, now),
    )
    return [readable for readable in found if readable is not None]


def set_back(document: Document, trouble: Exception, services: Services, now: datetime, *, apart: bool = False) -> None:
    """Count an error against a waiting document. `apart`: it was met in company, and is soon tried alone."""
    wait = RETRY_FIRST / 10 if apart else backoff(document.key, document.setbacks, RETRY_FIRST, RETRY_MAX)
    after = document.set_back(reason(trouble), now + wait, now, patience=patience(trouble), apart=apart)
    _end(document, after, services)


def _read(document: Document, services: Services, now: datetime) -> LoadedDocument | None:
    """The document with its text, weighed and cut, so that nothing about it is left to be found out in company."""
    try:
        check(document)  # a replayed one may be of any size
        readable = LoadedDocument(document, decode(services.documents.read(document.name, document.etag)))
        _ = readable.size, readable.parts
    except InvalidText as error:
        _end(document, document.failed(Reason.BAD_INPUT, str(error), now), services)
    except VersionConflict:
        claim(services, document.name, now)
        _end(document, document.superseded(now), services)
    except NotFound:
        _end(document, document.gone(now), services)
    else:
        return readable
    return None


def _end(document: Document, after: Document, services: Services) -> None:
    with suppress(VersionConflict):  # another instance saw the same
        services.ledger.commit((document, after))
