"""The export of documents: begun for a caller, and its file read, whole or in parts."""

from __future__ import annotations

import re

from shared.api.actions.listings import find
from shared.api.actions.starting import accepted, begin
from shared.api.bodies import DocumentsExport
from shared.api.call import Call
from shared.api.requests import Response, selection
from shared.domain.operations import Operation, OperationKind, OperationState
from shared.errors import BadRequest, NoResult, NotFound, RangeNotSatisfiable
from shared.operations import export
from shared.operations.export_formats import FORMATS
from shared.services import Services

MAX_PART = 8_000_000  # bytes an answer: it is held in memory, a few times over on its way through the host
RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{1,15})?", re.ASCII)


def export_documents(call: Call[DocumentsExport]) -> Response:
    """Write the classes of all documents, or of those of a `class`, a `prefix`, a time, into one JSONL or CSV file."""
    body = call.body
    wanted = selection({"class": body.category, "prefix": body.prefix, "since": body.since, "until": body.until})
    return begin(call, OperationKind.EXPORT_DOCUMENTS, "", export.parameters(wanted, body.format))


def get_operation_content(call: Call[None]) -> Response:
    """The file that an export of documents wrote; with a Range header such as bytes=0-7999999, a part of it.

    An answer has at most 8,000,000 bytes. A larger file is read in parts, each from the byte after the last one; or
    from the results container, where the operation's `result` says it is. 202 while the export is under way.
    """
    operation = _export(call)
    if not operation.state.final:
        return accepted(operation)
    name, form = export.file_of(operation), FORMATS[operation.parameters["format"]]
    start, length = _wanted(call.request.range)
    try:
        content, size = call.services.documents.part(name, start, length)
    except NotFound:
        where = f"container {call.services.documents.results}"
        raise NoResult(f"File {name} is no longer in {where}: export again.", "ResultMissing") from None
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": f'attachment; filename="{name.rpartition("/")[2]}"'}
    if not call.request.range:
        return Response(200, _whole(call.services, name, content, size), headers, form.media_type)
    if not content:
        raise RangeNotSatisfiable(f"The file has {size:,} bytes: a range must begin before its end.")
    part = {"Content-Range": f"bytes {start}-{start + len(content) - 1}/{size}"}
    return Response(206, content, {**headers, **part}, form.media_type)


def _export(call: Call[None]) -> Operation:
    """The export of this key. Raises NotFound, and NoResult if it failed."""
    operation: Operation = find(call, "operations")
    if operation.kind is not OperationKind.EXPORT_DOCUMENTS:
        raise NotFound(f"Operation {call.key} is no export of documents: only those have a file to read.")
    if operation.state is OperationState.FAILED:
        raise NoResult(f"Export {call.key} has no file, for it failed: {operation.detail}")
    return operation


def _wanted(header: str) -> tuple[int, int]:
    """Where to begin, and how many bytes at most."""
    if not header:
        return 0, MAX_PART
    found = RANGE.fullmatch(header)
    if not found or (found[2] and int(found[2]) < int(found[1])):
        raise RangeNotSatisfiable("A range must be such as bytes=0-7999999, or bytes=8000000- for what follows.")
    start = int(found[1])
    return start, min(MAX_PART, int(found[2]) + 1 - start) if found[2] else MAX_PART


def _whole(services: Services, name: str, content: bytes, size: int) -> bytes:
    if len(content) < size:
        raise BadRequest(
            f"The file has {size:,} bytes; one answer has at most {MAX_PART:,}. Send a Range header (bytes=0-, then "
            f"on from the end of each Content-Range), or read {name} from container {services.documents.results}."
        )
    return content
