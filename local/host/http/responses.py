"""Converts a function's return value to a response: an `HttpResponse`, or a `str`, which may hold JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from http.cookies import Morsel
from typing import Any

from azure.functions import meta
from starlette.responses import Response

from local.host.functions.invoker import converter

SET_BY_HOST = ("content-length", "transfer-encoding", "connection")
WITHOUT_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT, HTTPStatus.NOT_MODIFIED)
PLAIN = "text/plain; charset=utf-8"
HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"
NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}  # as .NET writes them
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
FIELD = re.compile(r"[\t\x20-\x7e]*")  # the only characters that Kestrel sends


def encoded(returned: Any) -> meta.Datum:
    """Encodes a return value as the worker does; what this raises fails the invocation, as there.

    Raises TypeError for a value that is no response, ValueError or TypeError for an invalid cookie.
    """
    try:
        datum: meta.Datum = converter("http").encode(returned, expected_type=None)
    except NotImplementedError:
        kind = type(returned).__name__
        raise TypeError(
            f'unable to encode outgoing TypedData: unsupported type "http" for Python type "{kind}"'
        ) from None
    for morsel in _morsels(datum):
        _check(morsel)
    return datum


def response(datum: meta.Datum) -> Response:
    """Raises ValueError for a response that the host cannot send."""
    return _from_text(datum.value) if datum.type == "string" else _from_object(datum)


def _morsels(datum: meta.Datum) -> list[Morsel[str]]:
    cookies = (datum.value["cookies"] or ()) if datum.type == "http" else ()
    return [morsel for cookie in cookies for morsel in cookie.values()]


def _check(morsel: Morsel[str]) -> None:
    if expires := morsel["expires"]:
        datetime.strptime(expires, HTTP_DATE)  # noqa: DTZ007  # only to check its form
    try:
        float(morsel["max-age"] or 0)
    except ValueError:
        raise TypeError(f"Cannot parse value {morsel['max-age']} of 'cookie.maxAge' to float.") from None


def _from_text(text: str) -> Response:
    """Text unchanged; JSON indented; a JSON object with a `body` as the response that it describes."""
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
    for name, value in headers.items():
        if name.lower() == "content-type" and "charset" not in value:
            headers[name] = f"{value}; charset=utf-8"
    return _made(_status(fields.get("statuscode", fields.get("status"))), _written(fields["body"]), headers)


def _status(value: Any) -> int:
    """The status as an int; 200 if it is missing or not a whole number."""
    try:
        return int(value) if isinstance(value, int | str) and not isinstance(value, bool) else HTTPStatus.OK
    except ValueError:
        return HTTPStatus.OK


def _written(value: Any, indent: int | None = None) -> str:
    """A JSON value as text: strings without quotes, null as nothing, true as .NET spells it."""
    if isinstance(value, dict | list):
        spaced = None if indent else (",", ":")
        return json.dumps(value, ensure_ascii=False, indent=indent, separators=spaced)
    return NUMBERS.get(str(value), str(value)) if value is not None else ""


def of_host(content: Any) -> Response:
    """The JSON of one of the host's own routes."""
    return Response(json.dumps(content, separators=(",", ":")), media_type="application/json; charset=utf-8")


def _from_object(datum: meta.Datum) -> Response:
    value = datum.value
    headers = {name: header.value for name, header in value["headers"].items()}
    made = _made(int(value["status_code"].value), value["body"].value, headers)
    for morsel in _morsels(datum):
        made.headers.append("set-cookie", morsel.OutputString())
    return made


def _made(status: int, body: str | bytes, given: Mapping[str, str]) -> Response:
    if not HTTPStatus.OK <= status < 600:  # noqa: PLR2004
        raise ValueError(f"{status} is not a valid status")
    headers = {name.lower(): value.strip(" \t") for name, value in given.items() if name.lower() not in SET_BY_HOST}
    if invalid := [name for name, value in headers.items() if not (TOKEN.fullmatch(name) and FIELD.fullmatch(value))]:
        raise ValueError(f"its header {invalid[0]!r} has an invalid character")
    sent = {
        name: value for name, value in ({"content-type": PLAIN} | headers).items() if name != "content-type" or value
    }
    return Response(b"" if status in WITHOUT_BODY else body, status, sent)
