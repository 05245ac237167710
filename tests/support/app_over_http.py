"""The app of a `World` over real HTTP, for what talks to it from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from local.stack.discovery import Stack
from tests.support.app_on_azurite import World
from tests.support.wire import Reply, Seen, Wire, recording


@contextmanager
def served(world: World, *, ticking: bool = True) -> Iterator[tuple[Stack, Wire]]:
    """The app behind an address. A tick comes before each request, and its sweep finds what landed."""

    def answer(seen: Seen) -> Reply:
        if ticking:
            world.ask("POST", "sweep")
            world.tick()
        if seen.target.endswith("/content"):
            file = world.download(seen.target.removeprefix("/api/"), seen.headers.get("range", ""))
            return Reply(file.status_code, file.get_body(), dict(file.headers))
        status, body, headers = world.ask(seen.method, seen.target.removeprefix("/api/"), raw=seen.content or None)
        return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})

    with recording() as wire:
        wire.otherwise = answer
        stack = Stack(f"{wire.url}/api", world.storage, world.language.endpoint, world.container)
        yield replace(stack, results=f"{world.container}-results"), wire
