"""Routes for other apps: post a text, get its result."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from uuid import uuid4

from shared.api.actions.listings import RETRY_COLLECTED, find_collected, retry_after
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

UTF_8_CHARSETS = ("", "utf-8", "utf8", "us-ascii")
OTHER_CHARSETS = re.compile(
    "utf-?16([lb]e)?|iso-8859-[0-9]{1,2}|latin1|(windows-|cp)125[0-9]|koi8-[ru]"
    "|shift_jis|euc-(jp|kr)|gbk|gb2312|gb18030|big5",
    re.ASCII,
)
FLAGS = {"": False, "false": False, "true": True}


@dataclass(frozen=True)
class PostedText:
    """A text to be written as a file. `name`: "" for a generated name. `language`: "" for that of the project."""

    name: str
    content: bytes
    language: str
    overwrite: bool


def create_document(call: Call[NewDocument | None]) -> Response:
    """Classify a text. It is stored as a blob in the documents container, and processed like any uploaded file.

    The body is {"text", "name", "language", "overwrite"}, of which only `text` is required, or the text itself as
    text/plain with the other fields in the query.
    """
    posted = _posted_text(call)
    try:
        etag = call.services.documents.write(posted.name, posted.content, posted.language, overwrite=posted.overwrite)
    except VersionConflict:
        raise Conflict(
            f'File {posted.name} exists: choose another name, or send "overwrite": true to replace it.'
        ) from None
    try:
        document_landed(posted.name, call.services, _clock(call.now))
    except StorageUnavailable:
        log.exception("File %s was written, but not claimed. Its event or the sweep will claim it.", posted.name)
    key = document_key(call.services.documents.container, posted.name, etag)
    location = {"Location": f"/api/documents/{key}", **RETRY_COLLECTED}
    return Response(202, {"key": key, "name": posted.name, "etag": etag}, location)


def _clock(now: datetime) -> Callable[[], datetime]:
    """A clock that starts at `now`."""
    started = monotonic()
    return lambda: now + timedelta(seconds=monotonic() - started)


def get_document_result(call: Call[None]) -> Response:
    """The result of a document, as stored in the results container.

    If the document's job is due, it is polled first. 202 while the document is waiting or submitted. 409 with a reason
    if it ended without a result, or the result no longer exists.
    """
    document: Document = find_collected(call, "documents")
    if not document.state.final:
        return _in_progress(call, document)
    if document.state is not DocumentState.SUCCEEDED:
        code, reason = NO_RESULT[document.state]
        raise NoResult(reason.format(document), code)
    result = call.services.documents.result(document.name)
    if not isinstance(result, dict):
        container = f"container {call.services.documents.results}"
        raise NoResult(
            f"The result of {document.name} no longer exists in {container}, or is damaged: replay it.", "ResultMissing"
        )
    if result.get("document") != call.key:
        version = f"another version: {result.get('document')}"
        raise NoResult(f"The result of {document.name} was replaced by that of {version}.", "ResultReplaced")
    return Response(200, result)


def _in_progress(call: Call[None], document: Document) -> Response:
    body = {"key": document.key, "name": document.name, "state": document.state, "detail": IN_PROGRESS[document.state]}
    if document.state is DocumentState.WAITING:
        waiting_for = waiting.waiting_for(document, waiting.keeps_all(call.services, call.now), call.now)
        body |= {"waitingFor": waiting_for} if waiting_for else {}
    return Response(202, body, {"Location": f"/api/documents/{document.key}", **retry_after(document, call.now)})


def _posted_text(call: Call[NewDocument | None]) -> PostedText:
    body = call.body
    if body is None:
        posted = _from_plain_text(call.request)
    else:
        posted = PostedText(body.name, body.text.encode(), body.language, body.overwrite)
    try:
        check_size(len(posted.content))
        decode(posted.content)
    except InvalidText as error:
        raise BadRequest(str(error)) from error
    return replace(posted, name=_name(posted.name, call.now))


def _from_plain_text(request: Request) -> PostedText:
    query = request.query
    overwrite = choice(query.get("overwrite", ""), "overwrite", FLAGS.__getitem__, ["true", "false"])
    language = query.get("language", "")
    if language and not LANGUAGE.fullmatch(language):
        raise BadRequest('"language" must be a language such as es or pt-BR.')
    content = _to_utf_8(request.body, charset(request))
    return PostedText(query.get("name", ""), content, language, overwrite)


def _to_utf_8(body: bytes, encoding: str) -> bytes:
    """The text in UTF-8, because the file keeps no charset. Raises BadRequest."""
    if encoding in UTF_8_CHARSETS:
        return body
    if not OTHER_CHARSETS.fullmatch(encoding):
        raise BadRequest("The charset of the Content-Type is not supported: send the text in UTF-8.")
    try:
        return body.decode(encoding).encode()
    except (LookupError, UnicodeError):
        raise BadRequest("The text is not in the charset of its Content-Type: send it in UTF-8.") from None


def _name(name: str, now: datetime) -> str:
    """The name, generated if it is "". Raises BadRequest if storage or a listing cannot represent it."""
    if not name:
        return f"{now:%Y%m%dT%H%M%S}-{uuid4().hex[:12]}.txt"
    return file_name(name, "name")


IN_PROGRESS = {
    DocumentState.WAITING: "It waits to be submitted to the Language service.",
    DocumentState.SUBMITTED: "The Language service is classifying it.",
}
NO_RESULT = {  # the error's code, and the reason
    DocumentState.FAILED: ("DocumentFailed", "{0.name} has no result, because it failed ({0.reason}): {0.detail}"),
    DocumentState.SUPERSEDED: (
        "DocumentSuperseded",
        "This version of {0.name} has no result: a newer version of the file replaced it before it was read.",
    ),
    DocumentState.GONE: ("DocumentGone", "{0.name} has no result: the file was deleted before it was read."),
}
