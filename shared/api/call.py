"""What the action of a route is given: one call, in one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from shared.api.requests import Request, name_of
from shared.services import Services

Body = TypeVar("Body")


@dataclass(frozen=True)
class Call(Generic[Body]):
    """`now`: when it came in. `path`: the parameters of the path, as they were sent.

    `body` is what the route declares, checked; None where it declares none, or a text was sent in its place.

    `project`, `model` and `deployment` are names of the path, checked: each raises BadRequest for what is none.
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
    def key(self) -> str:
        """A document's, job's or operation's key, or the service's id of a job, as it was sent."""
        return self.path["key"]
