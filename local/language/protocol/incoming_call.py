"""What rate limits and injected faults know about a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.language.protocol.dialect import Dialect, Route

OPERATIONS: Mapping[str, str] = {  # by the name of the handler; recorded, except for the last one
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
        """The name of the operation in messages of the service."""
        name = self.route.handler.__name__
        return OPERATIONS.get(name, name.replace("_", " ").capitalize())

    @property
    def api(self) -> str:
        """The name of the protocol in messages of the service; not recorded for authoring."""
        return f"Text {'Authoring' if self.dialect.authoring else 'Analytics'} API ({self.version})"

    @property
    def version(self) -> str:
        """The api-version of the query or, if the dialect has only one, the last part of its prefix."""
        return self.query.get("api-version", "") if self.dialect.versions else self.dialect.prefix.rpartition("/")[2]
