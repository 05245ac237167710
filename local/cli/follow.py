"""Follows what the app makes of files, one line for each, as `make run` shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.markup import escape

from local.cli import show
from local.cli.client import Client
from local.cli.unanswered import HealthWatch
from local.errors import SetupError

SHOWN = ("succeeded", "failed")  # states
LATE = timedelta(seconds=30)  # what ended may be listed a little later than what ended after it
HEALTH_EVERY = 20.0  # seconds
WIDTH = 40  # columns of the file names; nobody knows yet which names will come


class Follower:
    """Remembers what it has shown, so that each ended document is shown once."""

    def __init__(self, client: Client, since: datetime) -> None:
        self._client = client
        self._since = since
        self._shown: dict[tuple[str, str], datetime] = {}
        self._answers = True
        self._health = HealthWatch(client, HEALTH_EVERY)

    def show_new(self) -> None:
        """A line for each document that ended since the last call, and for what begins to want attention."""
        try:
            self._health.look()
            for document in self._ended():
                moment = datetime.fromisoformat(document["ended"]).astimezone()
                show.result(document["name"], document, min(WIDTH, show.console.width // 2), f"{moment:%H:%M:%S}  ")
        except SetupError as error:
            if self._answers:
                show.console.print(f"[yellow]![/] {escape(str(error))}", soft_wrap=True)
            self._answers = False
        else:
            if not self._answers:
                show.console.print("[green]✓[/] The app answers again.")
            self._answers = True

    def _ended(self) -> list[Any]:
        """Those that were not returned before, the oldest first."""
        found = sorted((one for state in SHOWN for one in self._listed(state)), key=lambda one: one["ended"])
        new = [one for one in found if (one["key"], one["ended"]) not in self._shown]
        self._shown |= {(one["key"], one["ended"]): datetime.fromisoformat(one["ended"]) for one in new}
        if self._shown:
            self._since = max(self._since, max(self._shown.values()) - LATE)
        self._shown = {key: ended for key, ended in self._shown.items() if ended >= self._since}
        return new

    def _listed(self, state: str) -> Iterator[Any]:
        path = f"documents?state={state}&top=500&since={self._since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        more = ""
        while True:
            page = self._client.call("GET", path + more)
            yield from page["value"]
            if "continue" not in page:
                return
            more = f"&continue={page['continue']}"
