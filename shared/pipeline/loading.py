"""Reads the texts of waiting documents, at most HELD bytes at a time."""

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
    """Split the documents, in their order, into lists of at most HELD bytes of files. Pure."""
    window: list[Document] = []
    held = 0
    for document in documents:
        size = MAX_FILE if document.encoding else document.size  # the decoded size is not known
        if window and held + size > HELD:
            yield window
            window, held = [], 0
        window.append(document)
        held += size
    if window:
        yield window


def read_all(documents: Sequence[Document], services: Services, now: datetime) -> list[LoadedDocument]:
    """Read the texts of these documents. Documents without a valid text are ended or set back, and left out."""
    loaded = each(
        lambda document: _read(document, services, now),
        documents,
        lambda document, trouble: set_back(document, trouble, services, now),
    )
    return [document for document in loaded if document is not None]


def set_back(document: Document, trouble: Exception, services: Services, now: datetime, *, apart: bool = False) -> None:
    """Count an error against a waiting document. `apart`: the error concerned several; each is soon sent alone."""
    wait = RETRY_FIRST / 10 if apart else backoff(document.key, document.setbacks, RETRY_FIRST, RETRY_MAX)
    after = document.set_back(reason(trouble), now + wait, now, patience=patience(trouble), apart=apart)
    _end(document, after, services)


def _read(document: Document, services: Services, now: datetime) -> LoadedDocument | None:
    """The document with its text. Its size and parts are computed here, so that their errors count against it only."""
    try:
        check(document)  # a replayed document may be too large
        loaded = LoadedDocument(document, decode(services.documents.read(document.name, document.etag)))
        _ = loaded.size, loaded.parts
    except InvalidText as error:
        _end(document, document.failed(Reason.BAD_INPUT, str(error), now), services)
    except VersionConflict:
        claim(services, document.name, now)
        _end(document, document.superseded(now), services)
    except NotFound:
        _end(document, document.gone(now), services)
    else:
        return loaded
    return None


def _end(document: Document, after: Document, services: Services) -> None:
    with suppress(VersionConflict):  # another instance did the same
        services.ledger.commit((document, after))
