"""The argument of every action: one HTTP request with its context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from shared.api.requests import Request, name_of, prefix_of
from shared.services import Services

Body = TypeVar("Body")


@dataclass(frozen=True)
class Call(Generic[Body]):
    """`now`: the time of the request. `path`: the path parameters, unchecked.

    `body`: the parsed body. None if the route has no body, or plain text was sent.

    `project`, `model`, `deployment` and `prefix` are path parameters. Each raises BadRequest if it is not valid.
    """

    services: Services
    now: datetime
    request: Request
    path: Mapping[str, str]
    body: Body

    @property
    def project(self) -> str:
        return name_of(self.path["project"], "project")

    @property
    def model(self) -> str:
        return name_of(self.path["model"], "model")

    @property
    def deployment(self) -> str:
        return name_of(self.path["deployment"], "deployment")

    @property
    def prefix(self) -> str:
        """The beginning of file names."""
        return prefix_of(self.path["prefix"])

    @property
    def key(self) -> str:
        """The key of a document, job or operation, or the service's id of a job; unchecked."""
        return self.path["key"]
