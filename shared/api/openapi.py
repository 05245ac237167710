"""The OpenAPI 3.1 document of a table of routes. Pure: the same rows that answer calls describe them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from shared import __version__
from shared.api.route import Query, Route
from shared.api.schemas import GIVEN, MEDIA_TYPES, PARAMETERS, ref, sent

NAME, DESCRIPTION = "textdrop", "Drop a text; get its classes."
PREFIX = "/api"
# A text may come as text/plain too. The document leaves that out: generators of clients warn of it.
JSON, FILE = "application/json", "application/octet-stream"
OF_BODIES = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
ANYWHERE = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)  # settings are wrong; storage is away
WHERE: dict[str, tuple[str, Mapping[str, Any]]] = {
    "Location": ("Where to ask how it stands.", {"type": "string"}),
    "Retry-After": ("Seconds to wait before asking.", {"type": "integer", "minimum": 0}),
}
# The host's own answer, which has no body.
REFUSED = {"401": {"description": "The function key is missing or wrong."}}


def document(routes: Sequence[Route]) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(_path(route), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": NAME, "version": __version__, "description": DESCRIPTION},
        "servers": [{"url": PREFIX}],
        "security": [{"functionKey": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(routes),
            "securitySchemes": {"functionKey": {"type": "apiKey", "in": "header", "name": "x-functions-key"}},
        },
    }


def schemas(routes: Iterable[Route]) -> dict[str, Any]:
    """What callers send and get, by name."""
    return {**sent([route.takes for route in routes if route.takes]), **GIVEN}


def index(routes: Iterable[Route]) -> dict[str, Any]:
    """The addresses that need to know nothing beforehand."""
    known = (one.path for one in routes if one.method == "GET" and one.path and not one.parameters())
    links = {path: f"{PREFIX}/{path}" for path in known}
    return {"name": NAME, "version": __version__, "description": DESCRIPTION, "links": links}


def _path(route: Route) -> str:
    return "/" + re.sub(r"<(\w+)>", r"{\1}", route.path)


def _operation(route: Route) -> dict[str, Any]:
    told = inspect.getdoc(route.action) or route.action.__name__.replace("_", " ").capitalize() + "."
    summary, _, rest = told.partition("\n\n")
    first, *others = route.action.__name__.split("_")
    parts = {
        "operationId": first + "".join(other.title() for other in others),
        "tags": [route.path.split("/", maxsplit=1)[0] or "index"],
        "summary": " ".join(summary.split()),
        "description": rest,
        "parameters": [
            *_in_path(route),
            *(_parameter(one, "query") for one in route.query),
            *(_parameter(one, "header") for one in route.headers),
        ],
        "requestBody": _body(route),
        "responses": _responses(route),
    }
    return {name: part for name, part in parts.items() if part}


def _in_path(route: Route) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": PARAMETERS[name]} for name in route.parameters()]


def _parameter(query: Query, where: str) -> dict[str, Any]:
    return {"name": query.name, "in": where, "description": query.says, "schema": query.schema}


def _body(route: Route) -> dict[str, Any]:
    if not route.takes:
        return {}
    file = {FILE: {"schema": {"type": "string", "format": "binary"}}} if route.text else {}
    return {
        "required": not route.takes.may_be_left_out(),
        "content": {JSON: {"schema": ref(route.takes.__name__)}, **file},
    }


def _responses(route: Route) -> dict[str, Any]:
    """Where a good answer and an error share a status, as in health, either may come."""
    troubles = {*route.troubles, *ANYWHERE, *(OF_BODIES if route.takes else ())}
    found: dict[str, Any] = {}
    for status in sorted({*route.answers, *troubles}):
        names = [route.answers[status]] if status in route.answers else []
        shapes = [ref(name) for name in (*names, *(["Error"] if status in troubles else []))]
        media_types = MEDIA_TYPES.get(route.answers.get(status, ""), (JSON,))
        found[str(status)] = _response(status, media_types, shapes[0] if len(shapes) == 1 else {"anyOf": shapes})
    return dict(sorted({**found, **REFUSED}.items()))


def _response(status: int, media_types: Iterable[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    headers = {name: _header(*said) for name, said in WHERE.items()} if status == HTTPStatus.ACCEPTED else {}
    content = {media_type: {"schema": schema} for media_type in media_types}
    said = {"description": HTTPStatus(status).phrase, "content": content}
    return {**said, "headers": headers} if headers else said


def _header(says: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": says, "required": True, "schema": schema}
