"""One row of the table of routes: its action, what a caller may send, and the responses. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.api.bodies import Body
from shared.api.requests import MAX_BODY, Response

Action = Callable[[Any], Response]  # takes a Call
PATH_PARAMETER = re.compile(r"<(?:path:)?(\w+)>")  # with "path:", its value may contain slashes
Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A query parameter, or a header. `schema` is JSON Schema; `description` a sentence for people."""

    name: str
    schema: Schema
    description: str


@dataclass(frozen=True)
class Route:
    """`path` is a rule below the prefix, such as projects/<project>.

    `responses`: the name of the response's schema, by status. `request_schema`: the body, None if there is none.
    `accepts_text`: the body may also be plain text. `max_body`: the maximum size of a JSON body in bytes.
    `redirects`: whether it may send a browser elsewhere.
    `error_statuses`: the statuses of the route's errors, besides those that any route may have.
    """

    method: str
    path: str
    action: Action
    responses: Mapping[int, str] = field(default_factory=dict)
    request_schema: type[Body] | None = None
    accepts_text: bool = False
    max_body: int = MAX_BODY
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    redirects: bool = False
    error_statuses: tuple[int, ...] = ()

    @property
    def template(self) -> str:
        """The path with its parameters in braces, such as projects/{project}."""
        return PATH_PARAMETER.sub(r"{\1}", self.path)

    def path_parameters(self) -> list[str]:
        """The names of the parameters in the path."""
        return PATH_PARAMETER.findall(self.path)
