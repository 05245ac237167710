"""Names that a caller may send: a misspelt one is refused, for what it was to say would go unheard. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from shared.errors import BadRequest

Schema = Mapping[str, Any]
FROM_THE_HOST = ("code", "clientId")  # a function key and its name, which the host looks at

LONGEST = 100  # of a name that is said again


def require_known_query(query: Iterable[str], known: Iterable[str]) -> None:
    """Raises BadRequest for a parameter that is none."""
    _require(query, [*known, *FROM_THE_HOST], "There is no parameter")


def require_known_fields(value: Any, schema: Schema) -> None:
    """Raises BadRequest for a field, also deep in the body, that the schema does not name."""
    if isinstance(value, list) and "items" in schema:
        for one in value:
            require_known_fields(one, schema["items"])
    fields = _fields(schema)
    if isinstance(value, dict) and fields:
        _require(value, fields, "There is no field")
        for name, one in value.items():
            require_known_fields(one, fields[name])


def closed(schema: Schema) -> dict[str, Any]:
    """The same schema, saying of every object that it has no other fields."""
    parts = {name: _closed_part(part) for name, part in schema.items()}
    return {**parts, "additionalProperties": False} if "properties" in schema else parts


def _closed_part(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed_part(one) for one in part]
    return closed(part) if isinstance(part, Mapping) else part


def _fields(schema: Schema) -> Mapping[str, Schema]:
    """Of one that may be any of several, the fields of all of them."""
    found = dict(schema.get("properties", {}))
    for one in schema.get("anyOf", ()):
        found |= _fields(one)
    return found


def _require(names: Iterable[str], known: Iterable[str], refusal: str) -> None:
    spelled = {name.lower(): name for name in known}
    for name in names:
        if spelled.get(name.lower()) != name:
            near = get_close_matches(name[:LONGEST].lower(), spelled, 1)
            meant = f': did you mean "{spelled[near[0]]}"?' if near else "."
            raise BadRequest(f'{refusal} "{name[:LONGEST]}"{meant}')
