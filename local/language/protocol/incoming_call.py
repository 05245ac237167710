"""A call, as far as limits and faults look at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.language.protocol.dialect import Dialect, Route

OPERATIONS: Mapping[str, str] = {  # by the name of the handler; recorded, but for the last
    "submit": "Submit analysis job",
    "status": "Get analysis status and results",
    "cancel": "Cancel analysis job",
}


@dataclass(frozen=True)
class IncomingCall:
    method: str
    path: str
    content: bytes
    dialect: Dialect[Any]
    route: Route[Any]
    query: Mapping[str, str]

    @property
    def operation(self) -> str:
        """What the service calls it."""
        name = self.route.handler.__name__
        return OPERATIONS.get(name, name.replace("_", " ").capitalize())

    @property
    def api(self) -> str:
        """What the service calls its protocol; for authoring there is no recording."""
        return f"Text {'Authoring' if self.dialect.authoring else 'Analytics'} API ({self.version})"

    @property
    def version(self) -> str:
        """In the query or, if the dialect has only one, the last part of its prefix."""
        return self.query.get("api-version", "") if self.dialect.versions else self.dialect.prefix.rpartition("/")[2]
