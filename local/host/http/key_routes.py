"""The host's routes that show its keys, which `az` and `azd` read. Only the master key opens them."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from local.host.http import requests, responses
from local.host.http.key_auth import Keys, KeysByName


class KeyRoutes:
    """Without keys every list is empty."""

    def __init__(self, keys: Keys | None, functions: Mapping[str, str]) -> None:
        """`functions`: the names of the app's functions, by their names in lower case."""
        self._keys, self._functions = keys or Keys(), functions

    async def of_host(self, request: Request) -> Response:
        return _answer(request, self._keys.host, requests.segments(request)[3:])

    async def of_system(self, request: Request) -> Response:
        return _answer(request, self._keys.system, requests.segments(request)[3:])

    async def of_function(self, request: Request) -> Response:
        function, _, *names = requests.segments(request)[2:]
        name = self._functions.get(function.lower())
        return (
            Response(status_code=404) if name is None else _answer(request, self._keys.functions.get(name, {}), names)
        )


def _answer(request: Request, keys: KeysByName, names: list[str]) -> Response:
    """All of the keys, or the one that the path names."""
    found = [{"name": name, "value": value} for name, value in keys.items() if not names or name in names]
    links = [{"rel": "self", "href": f"http://{request.headers.get('host', '')}{requests.path(request)}"}]
    if not names:
        return responses.of_host({"keys": found, "links": links})
    return responses.of_host(found[0] | {"links": links}) if found else Response(status_code=404)
