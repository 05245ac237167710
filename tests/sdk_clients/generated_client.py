"""Calls the app with the client that openapi-python-client made of its document, in the folder of the argument."""

from __future__ import annotations

import io
import sys
from importlib import import_module
from typing import Any

from speaking import speak

sys.path.insert(0, sys.argv[1])
PACKAGE = "textdrop_client"


def call(at: list[str], operation: str, arguments: dict[str, Any], body: Any = None) -> Any:
    """`operation` is tag.name, an argument may be [enumeration, value], `body` is [class, fields] or a file's text.

    Gives the status and the answer, which the client has read and spelled again: a text, or {its class: its fields}.
    """
    made = import_module(PACKAGE).AuthenticatedClient(*at, prefix="", auth_header_name="x-functions-key")
    with made as client:
        given = {name: _enumerated(value) for name, value in arguments.items()}
        given |= {} if body is None else {"body": _body(body)}
        found = import_module(f"{PACKAGE}.api.{operation}").sync_detailed(client=client, **given)
    parsed = found.parsed
    value = parsed if isinstance(parsed, str) or parsed is None else {type(parsed).__name__: parsed.to_dict()}
    return [found.status_code, value]


def _enumerated(value: Any) -> Any:
    return getattr(import_module(f"{PACKAGE}.models"), value[0])(value[1]) if isinstance(value, list) else value


def _body(body: Any) -> Any:
    if isinstance(body, str):
        return import_module(f"{PACKAGE}.types").File(payload=io.BytesIO(body.encode()))
    name, fields = body
    return getattr(import_module(f"{PACKAGE}.models"), name).from_dict(fields)


if __name__ == "__main__":
    speak({"call": call})
