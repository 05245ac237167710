"""The keys of a host, and which of them opens what, as in Azure. Their file is `key_file`'s."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.requests import Request

from local.host.triggers.auth_level import ANONYMOUS, FUNCTION, SYSTEM

HEADER, PARAMETER = "x-functions-key", "code"
BLOBS = "blobs_extension"
"""The name of the system key that Event Grid's door takes."""
Named = Mapping[str, str]


@dataclass(frozen=True)
class Keys:
    """`master` opens everything, `host` all functions, `functions[name]` one, `system[BLOBS]` Event Grid's door."""

    master: str = field(default="", repr=False)
    host: Named = field(default_factory=dict, repr=False)
    system: Named = field(default_factory=dict, repr=False)
    functions: Mapping[str, Named] = field(default_factory=dict, repr=False)

    def completed(self, functions: Iterable[str]) -> Keys:
        """With a random key wherever one is missing."""
        own = {name: self.functions.get(name) or {"default": _random()} for name in functions}
        return Keys(
            master=self.master or _random(),
            host=self.host or {"default": _random()},
            system=self.system if BLOBS in self.system else {**self.system, BLOBS: _random()},
            functions={**self.functions, **own},
        )

    def opening(self, level: str, function: str) -> list[str]:
        """The keys that open what has this level."""
        more = {
            FUNCTION: [*self.host.values(), *self.functions.get(function, {}).values()],
            SYSTEM: [self.system[BLOBS]],
        }
        return [self.master, *more.get(level, ())]


class Lock:
    """Lets requests pass, or not. Without keys it is open."""

    def __init__(self, keys: Keys | None) -> None:
        self._keys = keys

    def opens(self, request: Request, level: str, function: str = "") -> bool:
        """Whether the request has a key for what has this level; the header counts before the query."""
        return (
            self._keys is None or level == ANONYMOUS or _is_one_of(_given(request), self._keys.opening(level, function))
        )

    def knows_master(self, request: Request) -> bool:
        """Whether the request has the master key; never without keys."""
        return self._keys is not None and _is_one_of(_given(request), [self._keys.master])


def _random() -> str:
    return secrets.token_urlsafe(40)


def _given(request: Request) -> str:
    """The first header, else the query's first `code`, whatever its case."""
    if HEADER in request.headers:
        return request.headers[HEADER]
    given = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return next((value for name, value in given if name.lower() == PARAMETER), "")


def _is_one_of(given: str, keys: list[str]) -> bool:
    """Compares with all of them, each in constant time, so that the time an answer takes tells nothing."""
    return sum(hmac.compare_digest(given.encode("utf-8", "replace"), key.encode()) for key in keys) > 0
