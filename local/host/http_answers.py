"""What a function's return value becomes: an `HttpResponse`, or a `str`, which is taken apart if it is JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from local.host.invoking import converter

OURS_TO_SET = ("content-length", "transfer-encoding", "connection")
WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
PLAIN = "text/plain; charset=utf-8"
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
FIELD = re.compile(r"[\x20-\x7e]*")  # Kestrel sends no others


def response(returned: Any) -> Response:
    """Raises ValueError for what cannot be an answer."""
    try:
        datum = converter("http").encode(returned, expected_type=None)
    except NotImplementedError:
        kind = type(returned).__name__
        raise ValueError(
            f'unable to encode outgoing TypedData: unsupported type "http" for Python type "{kind}"'
        ) from None
    if datum.type == "string":
        return _from_text(datum.value)
    return _encoded(datum.value)


def _from_text(text: str) -> Response:
    """Text as it is; JSON laid out anew; a JSON object with a `body` as the answer that it describes."""
    try:
        value = json.loads(text) if text.strip() else ""
    except (ValueError, RecursionError):
        value = text
    fields = {name.lower(): field for name, field in value.items()} if isinstance(value, dict) else {}
    if "body" in fields:
        return _described(fields)
    return _made(HTTPStatus.OK, _written(value, indent=2), {})


def _described(fields: Mapping[str, Any]) -> Response:
    given = fields.get("headers")
    headers = {name: _written(value) for name, value in given.items()} if isinstance(given, dict) else {}
    return _made(_status(fields.get("statuscode", fields.get("status"))), _written(fields["body"]), headers)


def _status(value: Any) -> int:
    """200 for what is no status: nothing, or neither a whole number nor a text of one."""
    try:
        return int(value) if isinstance(value, int | str) and not isinstance(value, bool) else HTTPStatus.OK
    except ValueError:
        return HTTPStatus.OK


def _written(value: Any, indent: int | None = None) -> str:
    """A JSON value as text; a text without its quotes, null as nothing, and true as .NET spells it."""
    if isinstance(value, dict | list):
        spaced = None if indent else (",", ":")
        return json.dumps(value, ensure_ascii=False, indent=indent, separators=spaced)
    return "" if value is None else str(value)


def _encoded(value: dict[str, Any]) -> Response:
    headers = {name: header.value for name, header in value["headers"].items()}
    made = _made(int(value["status_code"].value), value["body"].value, headers)
    for cookie in value["cookies"] or ():
        for morsel in cookie.values():
            made.headers.append("set-cookie", morsel.OutputString())
    return made


def _made(status: int, body: str | bytes, given: Mapping[str, str]) -> Response:
    if not HTTPStatus.OK <= status < 600:  # noqa: PLR2004
        raise ValueError(f"{status} is no status of an answer")
    headers = {name.lower(): value for name, value in given.items() if name.lower() not in OURS_TO_SET}
    if unfit := [name for name, value in headers.items() if not (TOKEN.fullmatch(name) and FIELD.fullmatch(value))]:
        raise ValueError(f"its header {unfit[0]!r} has a character that no header may have")
    return Response(b"" if status in WITHOUT_BODY else body, status, {"content-type": PLAIN} | headers)
