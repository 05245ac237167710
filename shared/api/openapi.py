"""Generates the OpenAPI 3.1 document from the table of routes. Pure."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from shared import __version__
from shared.api.route import Parameter, Route
from shared.api.schemas import MEDIA_TYPES, PATH_PARAMETERS, RESPONSE_SCHEMAS, ref, request_schemas

NAME, DESCRIPTION = "textdrop", "Drop a text; get its classes."
PREFIX = "/api"
CONSOLE = "console"  # the path of the web page below the prefix
# Plain text may also be sent as text/plain. The document omits that, because client generators warn about it.
JSON, BINARY = "application/json", "application/octet-stream"
BODY_ERRORS = (HTTPStatus.LENGTH_REQUIRED, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
# Any route may have them: the settings are wrong, or storage is not available.
COMMON_ERRORS = (HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE)
ACCEPTED_HEADERS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "Location": ("The URL to poll.", {"type": "string"}),
    "Retry-After": ("Seconds to wait before the next request.", {"type": "integer", "minimum": 0}),
}
# The host sends this response itself, without a body.
UNAUTHORIZED = {"401": {"description": "The function key is missing or wrong."}}


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
    """The schemas of all requests and responses, by name."""
    bodies = [route.request_schema for route in routes if route.request_schema]
    return {**request_schemas(bodies), **RESPONSE_SCHEMAS}


def index(routes: Iterable[Route], *, has_console: bool) -> dict[str, Any]:
    """The index: links to all GET routes without path parameters, and to the console if there is one."""
    listed = (route for route in routes if route.method == "GET" and route.path and not route.path_parameters())
    console = {CONSOLE: f"{PREFIX}/{CONSOLE}/"} if has_console else {}
    links = {**{route.path: f"{PREFIX}/{route.path}" for route in listed}, **console}
    return {"name": NAME, "version": __version__, "description": DESCRIPTION, "links": links}


def _path(route: Route) -> str:
    return f"/{route.template}"


def _operation(route: Route) -> dict[str, Any]:
    documentation = inspect.getdoc(route.action) or route.action.__name__.replace("_", " ").capitalize() + "."
    summary, _, rest = documentation.partition("\n\n")
    first, *others = route.action.__name__.split("_")
    parts = {
        "operationId": first + "".join(other.title() for other in others),
        "tags": [route.path.split("/", maxsplit=1)[0] or "index"],
        "summary": " ".join(summary.split()),
        "description": rest,
        "parameters": [
            *_path_parameters(route),
            *(_parameter(parameter, "query") for parameter in route.query),
            *(_parameter(parameter, "header") for parameter in route.headers),
        ],
        "requestBody": _body(route),
        "responses": _responses(route),
    }
    return {name: part for name, part in parts.items() if part}


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": PATH_PARAMETERS[name]}
        for name in route.path_parameters()
    ]


def _parameter(parameter: Parameter, location: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": location,
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _body(route: Route) -> dict[str, Any]:
    if not route.request_schema:
        return {}
    binary = {BINARY: {"schema": {"type": "string", "format": "binary"}}} if route.accepts_text else {}
    return {
        "required": not route.request_schema.is_optional(),
        "content": {JSON: {"schema": ref(route.request_schema.__name__)}, **binary},
    }


def _responses(route: Route) -> dict[str, Any]:
    """A status that a result and an error share, as in health, has the schemas of both."""
    errors = {*route.error_statuses, *COMMON_ERRORS, *(BODY_ERRORS if route.request_schema else ())}
    responses: dict[str, Any] = {}
    for status in sorted({*route.responses, *errors}):
        names = [route.responses[status]] if status in route.responses else []
        schemas_of_status = [ref(name) for name in (*names, *(["Error"] if status in errors else []))]
        media_types = MEDIA_TYPES.get(route.responses.get(status, ""), (JSON,))
        schema = schemas_of_status[0] if len(schemas_of_status) == 1 else {"anyOf": schemas_of_status}
        responses[str(status)] = _response(status, media_types, schema)
    redirect = {"302": _redirect()} if route.redirects else {}
    return dict(sorted({**responses, **redirect, **UNAUTHORIZED}.items()))


def _redirect() -> dict[str, Any]:
    location = _header("The path of the console.", {"type": "string"})
    return {"description": "The console, for a browser.", "headers": {"Location": location}}


def _response(status: int, media_types: Iterable[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    headers = (
        {name: _header(*header) for name, header in ACCEPTED_HEADERS.items()} if status == HTTPStatus.ACCEPTED else {}
    )
    content = {media_type: {"schema": schema} for media_type in media_types}
    response = {"description": HTTPStatus(status).phrase, "content": content}
    return {**response, "headers": headers} if headers else response


def _header(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": schema}
