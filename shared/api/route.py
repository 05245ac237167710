"""One row of the table of routes: what answers a call, and what a caller may send and get. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.api.bodies import Body
from shared.api.requests import MAX_BODY, Response

Action = Callable[[Any], Response]  # of a Call
PARAMETER = re.compile(r"<(\w+)>")
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Query:
    """A parameter after the question mark, or a header. `schema` is JSON Schema; `says` a sentence for people."""

    name: str
    schema: Schema
    says: str


@dataclass(frozen=True)
class Route:
    """`path` is a rule below the prefix, such as projects/<project>; the rest describes the action to callers.

    `answers`: status to the name of the answer's schema. `takes`: the body, if there is one;
    `text`: the body may be a text instead. `max_body`: bytes of a JSON body. `troubles`: statuses of errors it
    may answer besides those of any route.
    """

    method: str
    path: str
    action: Action
    answers: Mapping[int, str] = field(default_factory=dict)
    takes: type[Body] | None = None
    text: bool = False
    max_body: int = MAX_BODY
    query: tuple[Query, ...] = ()
    headers: tuple[Query, ...] = ()
    troubles: tuple[int, ...] = ()

    def parameters(self) -> list[str]:
        """The names that the path has."""
        return PARAMETER.findall(self.path)
