"""Claim a version of a file: look at storage, which is the truth, and write the document's row if there is none."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from shared.domain.documents import LANGUAGE, Blob, Document, DocumentState, Reason
from shared.domain.file_names import MAX_FILE_NAME, is_file_name
from shared.domain.text import check_size
from shared.errors import InvalidText, VersionConflict
from shared.services import Services

UNREAD = (DocumentState.GONE, DocumentState.SUPERSEDED)


def claim(services: Services, name: str, now: datetime) -> Document | None:
    """The document of the file's present version, if this call was the first to see it; None otherwise.

    Raises StorageUnavailable if the claim could not be written: then nothing remembers the file, and it must be told
    of again.
    """
    blob = services.documents.get_properties(name)
    return claim_blob(services, blob, now) if blob else None


def claim_blob(services: Services, blob: Blob, now: datetime) -> Document | None:
    """The same for a file as storage has just shown it."""
    document = _judged(Document.landed(services.documents.container, blob, now), now)
    try:
        services.ledger.commit((None, document))
    except VersionConflict:
        return _back(services, document.key, now)
    return document


def _back(services: Services, key: str, now: datetime) -> Document | None:
    """A version that was known, and is there again after it had gone unread: somebody undeleted it."""
    known = services.ledger.find(Document, key)
    if known is None or known.state not in UNREAD:
        return None
    with suppress(VersionConflict):  # another instance saw the same
        [again] = services.ledger.commit((known, _judged(known.replayed(now), now)))
        return again  # type: ignore[no-any-return]
    return None


def check(document: Document) -> None:
    """Raise InvalidText for what can have no result, as far as a look alone can tell: it must not even be read."""
    if not is_file_name(document.name):
        raise InvalidText(
            'The name has a part "." or "..", a backslash or half a character, so that no client can ask storage for '
            "the file. Upload it under another name, and delete this one."
        )
    if document.language and not LANGUAGE.fullmatch(document.language):
        raise InvalidText(
            f"The blob's metadata says language={document.language[:40]!r}, which is no language such as es or pt-BR."
        )
    length = len(document.name.encode("utf-16-le")) // 2  # as storage counts
    if length > MAX_FILE_NAME:
        raise InvalidText(f"The name has {length} characters; its result's name would be longer than storage allows.")
    check_size(document.size)


def _judged(document: Document, now: datetime) -> Document:
    try:
        check(document)
    except InvalidText as error:
        return document.failed(Reason.BAD_INPUT, str(error), now)
    return document
