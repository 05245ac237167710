"""Claims a version of a file: reads its properties from storage, and inserts the document's row if there is none."""

from __future__ import annotations

from datetime import datetime

from shared.domain.documents import LANGUAGE, UNREAD, Blob, Document, Reason
from shared.domain.file_names import MAX_FILE_NAME, is_file_name
from shared.domain.text import check_size
from shared.errors import InvalidText, VersionConflict
from shared.pipeline import tracing
from shared.services import Services


def claim(services: Services, name: str, now: datetime) -> Document | None:
    """Claim the file's current version. Returns its document if it was not in the ledger; None otherwise.

    Raises StorageUnavailable if the claim could not be written. The caller must then report the file again.
    """
    blob = services.documents.get_properties(name)
    return claim_blob(services, blob, now) if blob else None


def claim_blob(services: Services, blob: Blob, now: datetime) -> Document | None:
    """Claim a file whose properties were just read, as `claim` does."""
    landed = Document.landed(services.documents.container, blob, now, tracing.here(services.settings))
    document = _judged(landed, now)
    try:
        services.ledger.commit((None, document))
    except VersionConflict:
        return _again(services, document, now)
    return document


def _again(services: Services, document: Document, now: datetime) -> Document | None:
    """Claim a version that had a document, if that was purged since, or ended unread. None for other documents.

    One that ended unread is replayed: its file was restored after a deletion.
    """
    known = services.ledger.find(Document, document.key)
    if known is not None and known.state not in UNREAD:
        return None
    after = _judged(known.replayed(now), now) if known else document
    try:
        [claimed] = services.ledger.commit((known, after))
    except VersionConflict:  # another instance did the same, or a purge deleted the document
        was_purged = known and services.ledger.find(Document, document.key) is None
        return _again(services, document, now) if was_purged else None
    return claimed  # type: ignore[no-any-return]


def check(document: Document) -> None:
    """Raise InvalidText if the name, language or size of the file is invalid, before its content is read."""
    if not is_file_name(document.name):
        raise InvalidText(
            'The name contains ".", ".." or half a character, or a backslash, so that clients cannot request the '
            "file from storage. Upload it with another name, and delete this one."
        )
    if document.language and not LANGUAGE.fullmatch(document.language):
        raise InvalidText(
            f"The blob's metadata has language={document.language[:40]!r}; expected a tag such as es or pt-BR."
        )
    length = len(document.name.encode("utf-16-le")) // 2  # storage counts UTF-16 code units
    if length > MAX_FILE_NAME:
        raise InvalidText(f"The name has {length} characters; the limit is {MAX_FILE_NAME}.")
    check_size(document.size)


def _judged(document: Document, now: datetime) -> Document:
    try:
        check(document)
    except InvalidText as error:
        return document.failed(Reason.BAD_INPUT, str(error), now)
    return document
