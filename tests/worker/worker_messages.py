"""JSON into the messages that Microsoft's worker gets, and those that it makes into JSON.

It gets an invocation in classes of protobuf's own (`worker_protocol.py`). All else is stand-ins that it makes itself.

A piece of data is {"string": text}, {"json": anything}, {"bytes": base64} or {"http": request}; an http answer is

    {"http": {"status": , "headers": {}, "body": base64, "cookies": [{"name": , "value": , "path": , ...}]}}
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import worker_protocol


class Message(SimpleNamespace):
    """Keeps its keyword arguments. A field that was not set reads as an empty text, as a protobuf's scalar does."""

    def __getattr__(self, name: str) -> str:
        if name.startswith("__") or name == "TypedData":  # which the worker probes for
            raise AttributeError(name)
        return ""


class TypedData(Message):
    """What a function returned."""


class Cookie(Message):
    SameSite = SimpleNamespace(**{"None": "", "Lax": "lax", "Strict": "strict", "ExplicitNone": "none"})


class Messages:
    """What the worker takes for its module of generated classes."""

    TypedData, RpcHttpCookie = TypedData, Cookie

    class BindingInfo(Message):
        undefined = 0
        out, inout = 1, 2

    class StatusResult(Message):
        Failure, Success = 0, 1

    def __getattr__(self, _name: str) -> type[Message]:
        return Message


def typed(given: Mapping[str, Any]) -> Any:
    [(kind, value)] = given.items()
    makers: Mapping[str, Callable[[Any], Any]] = {"json": json.dumps, "bytes": base64.b64decode, "http": request}
    return worker_protocol.TypedData(**{kind: makers.get(kind, str)(value)})


def request(given: Mapping[str, Any]) -> Any:
    body = typed({"bytes": given["body"]}) if "body" in given else None
    maps = {name: given.get(name, {}) for name in ("headers", "params", "query")}
    return worker_protocol.RpcHttp(method=given["method"], url=given["url"], **maps, body=body)


def untyped(answer: TypedData | None) -> dict[str, Any] | None:
    if not answer:
        return None
    [(kind, value)] = vars(answer).items()
    makers: Mapping[str, Callable[[Any], Any]] = {"http": response, "bytes": text_of}
    return {kind: makers.get(kind, str)(value)}


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def response(answer: Message) -> dict[str, Any]:
    return {
        "status": int(answer.status_code),
        "headers": answer.headers,
        "body": text_of(answer.body.bytes),
        "cookies": [cookie(one) for one in answer.cookies or ()],
    }


def cookie(one: Message) -> dict[str, Any]:
    """Fields that were set; `expires` in seconds."""
    values = {name: getattr(value, "value", value) for name, value in vars(one).items()}
    values |= {"expires": values["expires"].seconds} if values.get("expires") else {}
    return {name: value for name, value in values.items() if value}
