"""Reads JSON from callers strictly: each field by its name and type."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from local.language.protocol.service_errors import malformed

JSON = dict[str, Any]
MAX_DEPTH = 64  # more than any valid body has, and far below what overflows the stack
_REQUIRED: Any = object()


class JsonBody:
    """A JSON object whose fields are read by name and type. Errors are a 400 ServiceError that names the field."""

    def __init__(self, fields: JSON, at: str = "") -> None:
        self.fields = fields
        self._at = at

    @classmethod
    def parse(cls, text: str | bytes) -> JsonBody:
        try:
            value = parse_json(text)
        except ValueError as error:
            raise malformed("It is not JSON.") from error
        if not isinstance(value, dict):
            raise malformed("It is not a JSON object.")
        return cls(value)

    def name(self, field: str) -> str:
        """The path of a field of this object from the root of the body."""
        return f"{self._at}.{field}" if self._at else field

    def has(self, field: str) -> bool:
        """Whether the field is there and not null."""
        return self.fields.get(field) is not None

    def text(self, field: str, default: str = _REQUIRED) -> str:
        return str(self._get(field, str, "a string", default))

    def texts(self, field: str) -> list[str]:
        items = self._get(field, list, "a list", _REQUIRED)
        if not all(isinstance(item, str) for item in items):
            raise malformed(f"{self.name(field)} must hold strings.", self.name(field))
        return list(items)

    def flag(self, field: str, default: bool = _REQUIRED) -> bool:
        return bool(self._get(field, bool, "true or false", default))

    def whole(self, field: str, default: int = _REQUIRED, *, least: float = -math.inf, most: float = math.inf) -> int:
        return int(self._within(field, self._get(field, int, "a whole number", default), least, most))

    def number(self, field: str, default: float = _REQUIRED, *, least: float, most: float) -> float:
        return float(self._within(field, self._get(field, (int, float), "a number", default), least, most))

    def share(self, field: str) -> float:
        return self.number(field, least=0, most=1)

    def body(self, field: str, default: JSON = _REQUIRED) -> JsonBody:
        return JsonBody(self._get(field, dict, "an object", default), self.name(field))

    def bodies(self, field: str, default: list[JSON] = _REQUIRED) -> list[JsonBody]:
        items = self._get(field, list, "a list", default)
        names = [f"{self.name(field)}[{index}]" for index in range(len(items))]
        for item, name in zip(items, names, strict=True):
            if not isinstance(item, dict):
                raise malformed(f"{name} must be an object.", name)
        return [JsonBody(item, name) for item, name in zip(items, names, strict=True)]

    def only(self, *fields: str) -> None:
        """Raises if there is any other field, so that a misspelled one is not ignored."""
        unknown = next((field for field in self.fields if field not in fields), None)
        if unknown is not None:
            raise malformed(f"Unknown field {self.name(unknown)}: use {', '.join(fields)}.", self.name(unknown))

    def _within(self, field: str, value: Any, least: float, most: float) -> Any:
        if not least <= value <= most:
            limits = f"{least:g} or more" if most == math.inf else f"{least:g} to {most:g}"
            raise malformed(f"{self.name(field)} must be {limits}.", self.name(field))
        return value

    def _get(self, field: str, types: type[object] | tuple[type, ...], description: str, default: Any) -> Any:
        value = self.fields.get(field)
        if value is None:
            if default is _REQUIRED:
                raise malformed(f"{self.name(field)} is missing.", self.name(field))
            return default
        if not isinstance(value, types) or (types is not bool and isinstance(value, bool)):
            raise malformed(f"{self.name(field)} must be {description}.", self.name(field))
        return value


def parse_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises ValueError, also for NaN, infinite numbers and too much nesting."""
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if _deeper(value, MAX_DEPTH):
        raise ValueError("too deep")
    return value


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number in JSON")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _deeper(value: Any, most: int) -> bool:
    """Whether the value is nested deeper than this number of lists and objects."""
    level = [value]
    for _ in range(most + 1):
        level = [part for item in level if isinstance(item, dict | list) for part in _parts(item)]
        if not level:
            return False
    return True


def _parts(item: Any) -> Any:
    return item.values() if isinstance(item, dict) else item
