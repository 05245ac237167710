"""Converts a request to the form that the real host sends to the worker."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from azure.functions import meta
from starlette.requests import Request


async def datum(request: Request, route_params: dict[str, str]) -> meta.Datum:
    """Raises ClientDisconnect if the caller disconnects before the whole body is received."""
    host = request.headers.get("host", "")
    path, query = raw_path(request), request.scope["query_string"].decode("latin-1")
    return meta.Datum(
        {
            "method": meta.Datum(request.method, "string"),
            "url": meta.Datum(f"http://{host}{path}{'?' if query else ''}{query}", "string"),
            "headers": _strings(_joined(request.headers.items())),
            "query": _strings(_joined(parse_qsl(query, keep_blank_values=True))),
            "params": _strings(route_params),
            "body": meta.Datum(await _body(request), "bytes"),
        },
        "http",
    )


def raw_path(request: Request) -> str:
    """The path as sent, percent-encoded."""
    return str(request.scope["raw_path"].decode("ascii", "replace"))


async def _body(request: Request) -> bytes:
    """Empty without a Content-Length: the real host does not forward a chunked body."""
    has_length = request.headers.get("content-length", "0") != "0" and "transfer-encoding" not in request.headers
    return await request.body() if has_length else b""


def _joined(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Joins the values of one name with commas, and omits names without a value.

    Names are compared without regard to case, and keep their first spelling, as in ASP.NET Core.
    """
    names: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(names.setdefault(name.lower(), name), []).append(value)
    return {name: joined for name, parts in values.items() if (joined := ",".join(parts))}


def _strings(values: dict[str, str]) -> dict[str, meta.Datum]:
    return {name: meta.Datum(value, "string") for name, value in values.items()}
