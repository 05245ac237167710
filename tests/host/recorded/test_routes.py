"""Routes: this host against where the HTTP routing of the WebJobs SDK, behind a Kestrel, sent requests."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from local.errors import SetupError
from local.host.config.host_json import HostJson
from tests.host.recorded import recordings
from tests.host.recorded.in_process import Door, app_of, telling


class Routing:
    """The functions of one group of rows."""

    def __init__(self, prefix: str, functions: list[dict[str, Any]]) -> None:
        self.refused = {one["name"] for one in functions if not starts(prefix, [one])}
        self._seen: list[dict[str, Any]] = []
        others = [one for one in functions if one["name"] not in self.refused]
        self._door = Door(app_of(telling(others, self._seen), host_json=HostJson(route_prefix=prefix)))

    async def answer(self, method: str, target: str) -> dict[str, Any]:
        wire = await self._door.ask(f"{method} {target} HTTP/1.1\r\nHost: host\r\n\r\n".encode())
        if self._seen:
            return self._seen.pop()
        status = int(wire.sent.split()[1])
        return {} if status in (200, 404) else {"status": status}  # 200: the host's own page, which was not recorded


async def answers() -> dict[str, dict[str, Any]]:
    """What was recorded of each row, as this host does it."""
    groups: dict[str, Routing] = {}
    found = {}
    for name, row in recordings.rows("routes").items():
        key = json.dumps([row["prefix"], row["functions"]])
        if key not in groups:
            groups[key] = Routing(row["prefix"], row["functions"])
        answer = await groups[key].answer(row["method"], row["target"])
        found[name] = {"refused": groups[key].refused, "answer": answer}
    return found


def starts(prefix: str, functions: list[dict[str, Any]]) -> bool:
    try:
        app_of(telling(functions, []), host_json=HostJson(route_prefix=prefix))
    except SetupError:
        return False
    return True


def recorded(row: dict[str, Any]) -> dict[str, Any]:
    return {"refused": set(row["refused"]), "answer": row["answer"]}


def test_every_request_is_taken_as_recorded_but_for_those_that_differ_on_purpose() -> None:
    rows = recordings.rows("routes")
    differing = {name for name, answer in asyncio.run(answers()).items() if answer != recorded(rows[name])}
    assert differing == set(recordings.on_purpose("routes"))
