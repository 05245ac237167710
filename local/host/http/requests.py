"""Converts a request to the form that the real host sends to the worker."""

from __future__ import annotations

from collections.abc import Iterable

from azure.functions import meta
from starlette.requests import Request

from local.host.http import request_target


async def datum(request: Request, route_params: dict[str, str]) -> meta.Datum:
    """Raises ClientDisconnect if the caller disconnects before the whole body is received."""
    host = request.headers.get("host", "")
    target, mark, query = raw_target(request).partition("?")
    url = request_target.spelled(request_target.path(target)) + mark + query.replace("#", "%23")
    return meta.Datum(
        {
            "method": meta.Datum(request.method, "string"),
            "url": meta.Datum(f"http://{host}{url}", "string"),
            "headers": _strings(_headers(request.headers.items())),
            "query": _strings(request_target.joined(request_target.query(query))),
            "params": _strings(route_params),
            "body": meta.Datum(await _body(request), "bytes"),
        },
        "http",
    )


def raw_target(request: Request) -> str:
    """Path and query as sent, percent-encoded."""
    return request_target.origin_form(str(request.scope["target"]))


def path(request: Request) -> str:
    """The path as functions are found by it."""
    return request_target.path(raw_target(request).partition("?")[0])


def segments(request: Request) -> list[str]:
    """The parts of the path, without the slash at either end."""
    return path(request).removeprefix("/").removesuffix("/").split("/")


def query(request: Request) -> list[tuple[str, str]]:
    return request_target.query(raw_target(request).partition("?")[2])


async def _body(request: Request) -> bytes:
    """Empty without a Content-Length: the real host does not forward a chunked body."""
    has_length = request.headers.get("content-length", "0") != "0" and "transfer-encoding" not in request.headers
    return await request.body() if has_length else b""


def _headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Joins the values of one name with commas."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(_text(value))
    return {name: ",".join(parts) for name, parts in values.items()}


def _text(value: str) -> str:
    """A header's value, which may be UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value


def _strings(values: dict[str, str]) -> dict[str, meta.Datum]:
    return {name: meta.Datum(value, "string") for name, value in values.items()}
