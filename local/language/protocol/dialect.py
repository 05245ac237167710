"""The parts of every dialect: requests, replies, routes, and times as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from local.language.protocol.json_body import JSON, JsonBody
from local.language.protocol.service_errors import bad_parameter

MEGABYTE = 1024 * 1024
REGION = {"x-ms-region": "East US"}  # recorded
AUTHORING_HEADERS = {"request-id": "{id}", **REGION, "Access-Control-Expose-Headers": "*"}  # recorded


@dataclass(frozen=True)
class Call:
    """One request. `names`: the variable parts of its path. `base`: the scheme and host that the caller used."""

    path: str
    base: str
    names: Mapping[str, str]
    query: Mapping[str, str]
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> JsonBody:
        return JsonBody.parse(self.content)

    def whole(self, name: str, default: int | None, least: int = 0, most: int | None = None) -> int | None:
        """A query parameter that is a whole number. Raises a 400 ServiceError."""
        text = self.query.get(name)
        if text is None:
            return default
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1  # noqa: PLR2004
        if number < least or (most is not None and number > most):
            limits = f"{least} to {most}" if most is not None else f"{least} or more"
            raise bad_parameter(f"{name} must be a whole number, {limits}.", name)
        return number

    def flag(self, name: str) -> bool:
        text = self.query.get(name, "false").lower()
        if text not in ("true", "false"):
            raise bad_parameter(f"{name} must be true or false.", name)
        return text == "true"

    def required(self, name: str) -> str:
        if not self.query.get(name):
            raise bad_parameter(f"The query parameter {name} is missing.", name)
        return self.query[name]

    def link(self, *segments: str, **query: Any) -> str:
        """An absolute URL of this service. A segment that starts with a slash is a path, any other is quoted."""
        parts = (
            quote(segment, safe="/:") if segment.startswith("/") else f"/{quote(segment, safe='')}"
            for segment in segments
        )
        address = self.base + "".join(parts)
        return f"{address}?{urlencode(query, safe='$')}" if query else address


@dataclass(frozen=True)
class Reply:
    """A response: with a JSON `body`, or else with `content` of another type."""

    status: int
    body: JSON | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""


S = TypeVar("S")  # the service that handlers act on
Handler = Callable[[Call, S], Reply]


@dataclass(frozen=True)
class Route(Generic[S]):
    """One operation. `path` in the notation of werkzeug. A handler that is not `locked` locks the state itself."""

    method: str
    path: str
    handler: Handler[S]
    locked: bool = True


@dataclass(frozen=True, eq=False)
class Dialect(Generic[S]):
    """One protocol: its operations, and what all of its responses have in common.

    `versions`: the values of the query parameter api-version; none if the version is part of the prefix.
    `renamed`: the error codes that it spells differently. `{id}` in a header is replaced by the id of the request.
    `region_since`: the first api-version whose responses name a region.
    """

    prefix: str
    routes: Sequence[Route[S]]
    versions: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    renamed: Mapping[str, str] = field(default_factory=dict)
    max_bytes: int = MEGABYTE
    region_since: str = ""

    def at(self, version: str) -> Dialect[S]:
        """The dialect with the response headers of this api-version."""
        named = self.region_since and version >= self.region_since
        return replace(self, headers={**self.headers, **REGION}) if named else self

    @property
    def authoring(self) -> bool:
        """Whether it is an authoring protocol; else it is a runtime protocol."""
        return "/authoring/" in self.prefix


def seconds(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def milliseconds(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def ticks(moment: datetime) -> str:
    """With seven digits, as recorded for tasks and the parts of a training."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}0Z"


def without_none(fields: JSON) -> JSON:
    """The fields that are set: the service leaves out all others."""
    return {name: value for name, value in fields.items() if value is not None}
