"""What another app does with documents: hand over a text, get its result."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from uuid import uuid4

from shared.api.actions.listings import ask_again, find
from shared.api.actions.starting import LOOK_AGAIN
from shared.api.bodies import NewDocument
from shared.api.call import Call
from shared.api.requests import Request, Response, charset, choice, file_name
from shared.domain.documents import LANGUAGE, Document, DocumentState
from shared.domain.keys import document_key
from shared.domain.text import check_size, decode
from shared.errors import BadRequest, Conflict, InvalidText, NoResult, StorageUnavailable, VersionConflict
from shared.pipeline import waiting
from shared.pipeline.intake import document_landed

log = logging.getLogger(__name__)

ITSELF = ("", "utf-8", "utf8", "us-ascii")
CHARSET = re.compile(
    "utf-?16([lb]e)?|iso-8859-[0-9]{1,2}|latin1|(windows-|cp)125[0-9]|koi8-[ru]"
    "|shift_jis|euc-(jp|kr)|gbk|gb2312|gb18030|big5",
    re.ASCII,
)
FLAGS = {"": False, "false": False, "true": True}


@dataclass(frozen=True)
class Sent:
    """A text as an app hands it over."""

    name: str
    content: bytes
    language: str
    overwrite: bool


def create_document(call: Call[NewDocument | None]) -> Response:
    """Classify a text: it becomes a file of the documents container, and goes the way of every dropped one.

    The body is {"text", "name", "language", "overwrite"}, all but the first optional, or the text itself as text/plain
    with the others in the query.
    """
    sent = _sent(call)
    try:
        etag = call.services.documents.write(sent.name, sent.content, sent.language, overwrite=sent.overwrite)
    except VersionConflict:
        raise Conflict(
            f'There is a file {sent.name} already: give another name, or "overwrite": true to replace it.'
        ) from None
    try:
        document_landed(sent.name, call.services, _clock(call.now))
    except StorageUnavailable:
        log.exception("File %s is written, and waits for its event or the sweep.", sent.name)
    key = document_key(call.services.documents.container, sent.name, etag)
    location = {"Location": f"/api/documents/{key}", **LOOK_AGAIN}
    return Response(202, {"key": key, "name": sent.name, "etag": etag}, location)


def _clock(now: datetime) -> Callable[[], datetime]:
    """A clock that shows `now` now."""
    begun = monotonic()
    return lambda: now + timedelta(seconds=monotonic() - begun)


def get_document_result(call: Call[None]) -> Response:
    """The result of a document, as it is in the results container.

    202 while the document is waiting or submitted; 409 with a reason if it ended without a result, or the result is no
    longer there.
    """
    document: Document = find(call, "documents")
    if not document.state.final:
        return _in_progress(call, document)
    if document.state is not DocumentState.SUCCEEDED:
        code, reason = NO_RESULT[document.state]
        raise NoResult(reason.format(document), code)
    result = call.services.documents.result(document.name)
    if not isinstance(result, dict):
        where = f"container {call.services.documents.results}"
        raise NoResult(f"The result of {document.name} is no longer in {where} as written: replay it.", "ResultMissing")
    if result.get("document") != call.key:
        version = f"another version now: {result.get('document')}"
        raise NoResult(f"The result of {document.name} is that of {version}.", "ResultReplaced")
    return Response(200, result)


def _in_progress(call: Call[None], document: Document) -> Response:
    body = {"key": document.key, "name": document.name, "state": document.state, "detail": IN_PROGRESS[document.state]}
    if document.state is DocumentState.WAITING:
        why = waiting.waiting_for(document, waiting.keeps_all(call.services, call.now), call.now)
        body |= {"waitingFor": why} if why else {}
    return Response(202, body, {"Location": f"/api/documents/{document.key}", **ask_again(document, call.now)})


def _sent(call: Call[NewDocument | None]) -> Sent:
    body = call.body
    sent = _plain(call.request) if body is None else Sent(body.name, body.text.encode(), body.language, body.overwrite)
    try:
        check_size(len(sent.content))
        decode(sent.content)
    except InvalidText as error:
        raise BadRequest(str(error)) from error
    return replace(sent, name=_name(sent.name, call.now))


def _plain(request: Request) -> Sent:
    query = request.query
    overwrite = choice(query.get("overwrite", ""), "overwrite", FLAGS.__getitem__, ["true", "false"])
    language = query.get("language", "")
    if language and not LANGUAGE.fullmatch(language):
        raise BadRequest('"language" must be a language such as es or pt-BR.')
    content = _in_utf_8(request.body, charset(request))
    return Sent(query.get("name", ""), content, language, overwrite)


def _in_utf_8(body: bytes, encoding: str) -> bytes:
    """A file has no Content-Type to say what it is in, so it is written in what is read without one."""
    if encoding in ITSELF:
        return body
    if not CHARSET.fullmatch(encoding):
        raise BadRequest("The charset of the Content-Type is none that is taken: send the text in UTF-8.")
    try:
        return body.decode(encoding).encode()
    except (LookupError, UnicodeError):
        raise BadRequest("The text is not in the charset that its Content-Type says: send it in UTF-8.") from None


def _name(name: str, now: datetime) -> str:
    """As it was given, if every storage and every listing can hold it; a new one if none was."""
    if not name:
        return f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:12]}.txt"
    return file_name(name, "name")


IN_PROGRESS = {
    DocumentState.WAITING: "It waits to be submitted to the Language service.",
    DocumentState.SUBMITTED: "The Language service is classifying it.",
}
NO_RESULT = {  # the error's code, and the reason
    DocumentState.FAILED: ("DocumentFailed", "{0.name} has no result, for it failed ({0.reason}): {0.detail}"),
    DocumentState.SUPERSEDED: (
        "DocumentSuperseded",
        "{0.name} has no result in this version: a newer version of the file took its place before it was read.",
    ),
    DocumentState.GONE: ("DocumentGone", "{0.name} has no result: the file was deleted before it was read."),
}
