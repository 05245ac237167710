"""Frozen values to JSON and back, by their type hints. A field that is missing or null keeps its default."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

# What a field of each type may be in JSON; True is an int to Python, and to nobody else.
PLAIN: dict[Any, Any] = {str: str, bool: bool, int: int, float: (int, float)}


def to_json(value: Any, *, without: frozenset[str] = frozenset()) -> Any:
    """Dataclasses become objects, times ISO 8601 text, tuples arrays. Fields named in `without` are left out."""
    if is_dataclass(value):
        return {f.name: to_json(getattr(value, f.name)) for f in fields(value) if f.name not in without}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return value


def from_json(kind: Any, raw: Any) -> Any:
    """The value of type `kind` that `to_json` made `raw` of. Raises ValueError or TypeError for anything else."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if raw is None else from_json(_only_member(kind), raw)
    if origin is tuple:
        return tuple(from_json(get_args(kind)[0], item) for item in raw)
    if is_dataclass(kind):
        return _dataclass(kind, raw)
    if kind is datetime:
        return _moment(raw)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(raw)
    if kind in PLAIN and (not isinstance(raw, PLAIN[kind]) or isinstance(raw, bool) != (kind is bool)):
        raise TypeError(f"no {kind.__name__}")
    if kind is str and not raw.isascii():
        raw.encode()  # raises UnicodeError for half a character, which no row, result or request can spell again
    return raw


def _moment(raw: Any) -> datetime:
    moment = datetime.fromisoformat(raw)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment


def _dataclass(kind: Any, raw: Mapping[str, Any]) -> Any:
    if not isinstance(raw, Mapping):
        raise TypeError(f"no {kind.__name__}")
    given = {name: raw[name] for name in _hints(kind) if name in raw}
    kept = {name: value for name, value in given.items() if value is not None or name not in _with_default(kind)}
    return kind(**{name: from_json(_hints(kind)[name], value) for name, value in kept.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in fields(kind)}


@cache
def _with_default(kind: Any) -> frozenset[str]:
    return frozenset(f.name for f in fields(kind) if f.default is not MISSING or f.default_factory is not MISSING)


def _only_member(kind: Any) -> Any:
    return next(member for member in get_args(kind) if member is not type(None))
