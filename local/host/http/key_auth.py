"""The keys of a host, and which of them open which routes, as in Azure. `key_file` stores them."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from local.host.http import requests
from local.host.triggers.auth_level import ANONYMOUS, FUNCTION, SYSTEM

HEADER, PARAMETER = "x-functions-key", "code"
BLOBS = "blobs_extension"
"""The name of the system key of Event Grid's webhook."""
KeysByName = Mapping[str, str]


@dataclass(frozen=True)
class Keys:
    """`master` opens everything, `host` all functions, `functions[name]` one, `system[BLOBS]` Event Grid's webhook."""

    master: str = field(default="", repr=False)
    host: KeysByName = field(default_factory=dict, repr=False)
    system: KeysByName = field(default_factory=dict, repr=False)
    functions: Mapping[str, KeysByName] = field(default_factory=dict, repr=False)

    def completed(self, functions: Iterable[str]) -> Keys:
        """A copy with a random key wherever one is missing."""
        own = {name: self.functions.get(name) or {"default": _random()} for name in functions}
        return Keys(
            master=self.master or _random(),
            host=self.host or {"default": _random()},
            system=self.system if BLOBS in self.system else {**self.system, BLOBS: _random()},
            functions={**self.functions, **own},
        )

    def accepted(self, level: str, function: str) -> list[str]:
        """The keys that open a route of this level."""
        more = {
            FUNCTION: [*self.host.values(), *self.functions.get(function, {}).values()],
            SYSTEM: [self.system[BLOBS]],
        }
        return [self.master, *more.get(level, ())]


class KeyCheck:
    """Checks the keys of requests. Without keys it allows every request."""

    def __init__(self, keys: Keys | None) -> None:
        self._keys = keys

    def allows(self, request: Request, level: str, function: str = "") -> bool:
        """Whether the request has a key for this level; the header takes precedence over the query."""
        return (
            self._keys is None
            or level == ANONYMOUS
            or _is_one_of(_sent_key(request), self._keys.accepted(level, function))
        )

    def refusal_of_host_route(self, request: Request, level: str) -> Response | None:
        """The response to a request for one of the host's own routes that lacks the key: 403 if its key opens less."""
        if self._keys is None or self.allows(request, level):
            return None
        known = [*self._keys.host.values(), *self._keys.system.values()]
        if _is_one_of(_sent_key(request), known):
            return Response(status_code=403)
        return Response(status_code=401, headers={"www-authenticate": "Bearer"})

    def has_master_key(self, request: Request) -> bool:
        """Whether the request has the master key; False without keys."""
        return self._keys is not None and _is_one_of(_sent_key(request), [self._keys.master])


def _random() -> str:
    return secrets.token_urlsafe(40)


def _sent_key(request: Request) -> str:
    """The header, or else the first `code` of the query, in any case."""
    if HEADER in request.headers:
        return request.headers[HEADER]
    return next((value for name, value in requests.query(request) if name.lower() == PARAMETER), "")


def _is_one_of(given: str, keys: list[str]) -> bool:
    """Compares with all of them, each in constant time, so that the response time reveals nothing."""
    return sum(hmac.compare_digest(given.encode("utf-8", "replace"), key.encode()) for key in keys) > 0
