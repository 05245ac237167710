"""Requests, byte for byte, to this host without a socket: the connection, the endpoint and the functions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import azure.functions as func
import uvicorn
from azure.functions.decorators.function_app import Function as Decorated
from uvicorn.server import ServerState

from local.host.blobs.listener import BlobListeners
from local.host.config.host_json import HostJson
from local.host.config.settings import Settings
from local.host.functions.invoker import Invoker
from local.host.http.admin_routes import Admin
from local.host.http.endpoint import Endpoint
from local.host.http.key_auth import KeyCheck, Keys
from local.host.loading import load_app
from local.host.loading.load_app import App
from local.host.server import Connection


class CollectedBytes(asyncio.Transport):
    """Collects what is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.closed = False

    def write(self, data: Any) -> None:
        if not self.closed:
            self.sent += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Door:
    """Takes requests for an app. Use it within an event loop."""

    def __init__(self, app: App, keys: Keys | None = None) -> None:
        invoker = Invoker()
        admin = Admin(app, "http://localhost:7071", invoker, BlobListeners(app, invoker), keys)
        endpoint = Endpoint(app, invoker, admin, KeyCheck(keys), asyncio.Event())
        self._config = uvicorn.Config(endpoint, lifespan="off", log_config=None, access_log=False, server_header=False)
        self._config.load()

    async def ask(self, request: bytes) -> CollectedBytes:
        state, wire = ServerState(), CollectedBytes()
        connection = Connection(self._config, state, {})
        connection.connection_made(wire)
        connection.data_received(request)
        while state.tasks:
            await asyncio.wait(state.tasks)
        connection.connection_lost(None)
        return wire


def app_of(
    functions: Iterable[Decorated], *, settings: Settings | None = None, host_json: HostJson | None = None
) -> App:
    """Raises SetupError if the host does not start with these functions."""
    return load_app.check(functions, Path(), settings or Settings({}), host_json or HostJson())


def telling(functions: Iterable[Mapping[str, Any]], seen: list[dict[str, Any]]) -> list[Decorated]:
    """Functions that add to `seen` what they are given, from their names, routes and methods."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    for one in functions:
        _add(app, one, seen)
    return app.get_functions() if functions else []


def _add(app: func.FunctionApp, one: Mapping[str, Any], seen: list[dict[str, Any]]) -> None:
    name = one["name"]

    def tell(req: func.HttpRequest) -> func.HttpResponse:
        seen.append({"function": name, "params": dict(req.route_params), "query": dict(req.params), "url": req.url})
        return func.HttpResponse()

    route = app.route(route=one["route"], methods=one["methods"])
    app.function_name(name)(route(tell))
