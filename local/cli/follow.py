"""Prints a line for each classified file while `make run` runs."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.markup import escape

from local.cli import show
from local.cli.client import Client
from local.cli.missing_results import HealthWatch
from local.errors import SetupError

SHOWN = ("succeeded", "failed")  # states
LATE = timedelta(seconds=30)  # documents may be listed after others that ended later
HEALTH_EVERY = 20.0  # seconds
LOOK_EVERY = 2.0  # seconds
WIDTH = 40  # columns for file names, whose lengths are not known in advance


def stop_as_by_ctrl_c() -> None:
    """Lets SIGTERM and the end of the terminal stop this process in the same way."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


class Follower:
    """Prints each ended document once."""

    def __init__(self, client: Client, since: datetime) -> None:
        self._client = client
        self._since = since
        self._shown: dict[tuple[str, str], datetime] = {}
        self._responds = True
        self._health = HealthWatch(client, HEALTH_EVERY)

    def show_new(self) -> None:
        """Prints a line for each document that ended since the last call, and each new problem in health."""
        try:
            self._health.look()
            for document in self._ended():
                moment = datetime.fromisoformat(document["ended"]).astimezone()
                show.result(document["name"], document, min(WIDTH, show.console.width // 2), f"{moment:%H:%M:%S}  ")
        except SetupError as error:
            if self._responds:
                show.console.print(f"[yellow]![/] {escape(str(error))}", soft_wrap=True)
            self._responds = False
        else:
            if not self._responds:
                show.console.print("[green]✓[/] The app responds again.")
            self._responds = True

    def run(self) -> None:
        """Prints what is new until Ctrl-C."""
        never = threading.Event()
        try:
            while not never.wait(LOOK_EVERY):
                self.show_new()
        except KeyboardInterrupt:
            show.console.print("Stopping …")

    def _ended(self) -> list[Any]:
        """Ended documents that were not returned before, oldest first."""
        listed = [document for state in SHOWN for document in self._listed(state)]
        found = sorted(listed, key=lambda document: str(document["ended"]))
        new = [document for document in found if (document["key"], document["ended"]) not in self._shown]
        self._shown |= {(each["key"], each["ended"]): datetime.fromisoformat(each["ended"]) for each in new}
        if self._shown:
            self._since = max(self._since, max(self._shown.values()) - LATE)
        self._shown = {key: ended for key, ended in self._shown.items() if ended >= self._since}
        return new

    def _listed(self, state: str) -> Iterator[Any]:
        return self._client.documents(f"state={state}&since={self._since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}")
