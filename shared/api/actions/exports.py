"""The export of documents: starts it, and returns its file, whole or in parts."""

from __future__ import annotations

import re

from shared.api.actions.listings import find
from shared.api.actions.starting import accepted, start_operation
from shared.api.bodies import DocumentsExport
from shared.api.call import Call
from shared.api.requests import Response, selection
from shared.domain.operations import Operation, OperationKind, OperationState
from shared.errors import BadRequest, NoResult, NotFound, RangeNotSatisfiable
from shared.operations import export
from shared.operations.export_formats import FORMATS
from shared.services import Services

MAX_PART = 8_000_000  # bytes of a response: the host holds several copies in memory
RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{1,15})?", re.ASCII)


def export_documents(call: Call[DocumentsExport]) -> Response:
    """Write the classes of documents into one JSONL or CSV file: of all, or by `class`, `prefix`, `since`, `until`."""
    body = call.body
    documents = selection({"class": body.category, "prefix": body.prefix, "since": body.since, "until": body.until})
    return start_operation(call, OperationKind.EXPORT_DOCUMENTS, "", export.parameters(documents, body.format))


def get_operation_content(call: Call[None]) -> Response:
    """The file that an export of documents wrote; with a Range header such as bytes=0-7999999, a part of it.

    A response has at most 8,000,000 bytes. Read a larger file in parts, or from the results container, where the
    operation's `result` names it. 202 while the export is under way.
    """
    operation = _export(call)
    if not operation.state.final:
        return accepted(operation)
    name, file_format = export.file_of(operation), FORMATS[operation.parameters["format"]]
    start, length = _requested_range(call.request.range)
    try:
        content, size = call.services.documents.part(name, start, length)
    except NotFound:
        container = f"container {call.services.documents.results}"
        raise NoResult(f"File {name} is no longer in {container}: export again.", "ResultMissing") from None
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": f'attachment; filename="{name.rpartition("/")[2]}"'}
    if not call.request.range:
        return Response(200, _complete(call.services, name, content, size), headers, file_format.media_type)
    if not content:
        raise RangeNotSatisfiable(f"The file has {size:,} bytes: a range must start before its end.")
    part = {"Content-Range": f"bytes {start}-{start + len(content) - 1}/{size}"}
    return Response(206, content, {**headers, **part}, file_format.media_type)


def _export(call: Call[None]) -> Operation:
    """The export of this key. Raises NotFound, and NoResult if it failed."""
    operation: Operation = find(call, "operations")
    if operation.kind is not OperationKind.EXPORT_DOCUMENTS:
        raise NotFound(f"Operation {call.key} is not an export of documents: only exports have a file to read.")
    if operation.state is OperationState.FAILED:
        raise NoResult(f"Export {call.key} has no file, because it failed: {operation.detail}")
    return operation


def _requested_range(header: str) -> tuple[int, int]:
    """The first byte, and the maximum number of bytes. Raises RangeNotSatisfiable."""
    if not header:
        return 0, MAX_PART
    match = RANGE.fullmatch(header)
    if not match or (match[2] and int(match[2]) < int(match[1])):
        raise RangeNotSatisfiable("A range has the form bytes=0-7999999, or bytes=8000000- for the rest of the file.")
    start = int(match[1])
    return start, min(MAX_PART, int(match[2]) + 1 - start) if match[2] else MAX_PART


def _complete(services: Services, name: str, content: bytes, size: int) -> bytes:
    """The content. Raises BadRequest if the file is larger than a response may be."""
    if len(content) < size:
        raise BadRequest(
            f"The file has {size:,} bytes, and a response at most {MAX_PART:,}. Send a Range header (bytes=0-, then "
            f"from the end of each Content-Range), or read {name} from container {services.documents.results}."
        )
    return content
