"""JSON from others, read strictly: each field by name and type."""

from __future__ import annotations

import json
from types import UnionType
from typing import Any

from local.language.errors import malformed

JSON = dict[str, Any]
_REQUIRED: Any = object()


class Body:
    """A JSON object whose fields are read by name and type. Whatever is wrong is a 400 that names the field."""

    def __init__(self, fields: JSON, at: str = "") -> None:
        self.fields = fields
        self._at = at

    @classmethod
    def parse(cls, text: str | bytes) -> Body:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise malformed("It is not JSON.") from error
        if not isinstance(found, dict):
            raise malformed("It is not a JSON object.")
        return cls(found)

    def name(self, field: str) -> str:
        """Where a field of this object stands in the whole."""
        return f"{self._at}.{field}" if self._at else field

    def has(self, field: str) -> bool:
        """Whether it is there; null is as good as absent."""
        return self.fields.get(field) is not None

    def text(self, field: str, default: str = _REQUIRED) -> str:
        return str(self._get(field, str, "a string", default))

    def flag(self, field: str, default: bool = _REQUIRED) -> bool:
        return bool(self._get(field, bool, "true or false", default))

    def whole(self, field: str, default: int = _REQUIRED) -> int:
        return int(self._get(field, int, "a whole number", default))

    def share(self, field: str) -> float:
        found = float(self._get(field, int | float, "a number", _REQUIRED))
        if not 0 <= found <= 1:
            raise malformed(f"{self.name(field)} must be 0 to 1.", self.name(field))
        return found

    def body(self, field: str, default: JSON = _REQUIRED) -> Body:
        return Body(self._get(field, dict, "an object", default), self.name(field))

    def bodies(self, field: str, default: list[JSON] = _REQUIRED) -> list[Body]:
        items = self._get(field, list, "a list", default)
        names = [f"{self.name(field)}[{index}]" for index in range(len(items))]
        for item, name in zip(items, names, strict=True):
            if not isinstance(item, dict):
                raise malformed(f"{name} must be an object.", name)
        return [Body(item, name) for item, name in zip(items, names, strict=True)]

    def _get(self, field: str, of: type[object] | UnionType, called: str, default: Any) -> Any:
        found = self.fields.get(field)
        if found is None:
            if default is _REQUIRED:
                raise malformed(f"{self.name(field)} is missing.", self.name(field))
            return default
        if not isinstance(found, of) or (of is not bool and isinstance(found, bool)):
            raise malformed(f"{self.name(field)} must be {called}.", self.name(field))
        return found
