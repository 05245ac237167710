"""Converts frozen values to JSON and back, by their type hints. A missing or null field gets its default."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar

import msgspec

Value = TypeVar("Value")

ABSENT_IF_EMPTY = ("traceparent",)  # fields that most rows do not need
WITHOUT_TIME = frozenset({str, int, float, bool, type(None)})


def prepare(kinds: Iterable[type]) -> None:
    """Lets msgspec describe these types, and the types of their fields. To be called when a module is imported.

    msgspec describes a type when it first decodes one, and other threads may see the description before it is complete:
    the process then ends with a segmentation fault (seen with 0.22). An import is complete before others see it.
    """
    for kind in kinds:
        msgspec.json.Decoder(kind)


def encode(value: Any) -> str:
    """The JSON object of a dataclass, without `version`. Times are ISO 8601 strings, tuples are arrays.

    Fields of ABSENT_IF_EMPTY are left out if they are "".
    """
    raw = msgspec.to_builtins(value, builtin_types=(datetime,))
    del raw["version"]
    for name in ABSENT_IF_EMPTY:
        if raw.get(name) == "":
            del raw[name]
    return json.dumps(raw, default=datetime.isoformat, ensure_ascii=False, separators=(",", ":"))


def decode(kind: type[Value], text: str, version: str = "") -> Value:
    """The value of type `kind` that `encode` wrote as `text`, with the version of its row.

    Raises ValueError for a field of another type, a time without a zone, or a lone surrogate; OverflowError for a time
    that has no year in UTC; RecursionError for JSON that is nested too deeply. Unknown fields are ignored.
    """
    try:
        raw = msgspec.json.decode(text, type=dict[str, Any])
        value = msgspec.convert({name: given for name, given in raw.items() if given is not None}, kind)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    _require_zones(value)
    return replace(value, version=version)  # type: ignore[type-var]  # every kind has one; sets what `text` leaves out


def _require_zones(value: Any) -> None:
    """Raises ValueError if a time of the value, or of a nested value, has no zone; OverflowError if no year in UTC."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        value.astimezone(UTC)
        return
    kind: Any = type(value)
    inner = value if isinstance(value, tuple) else [getattr(value, name) for name in _fields(kind)]
    for one in inner:
        if type(one) not in WITHOUT_TIME:
            _require_zones(one)


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    """The names of a dataclass's fields; none of another type."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
