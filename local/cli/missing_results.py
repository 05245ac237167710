"""Explains why dropped files have no classes: the state of each document, and the app's health."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.markup import escape

from local.cli import show
from local.cli.client import Client

ASK_EVERY = 5.0  # seconds
KEEPS_ALL = {"gate", "classifier", "submission"}  # checks whose problems keep all documents waiting
FRACTION = re.compile(r"(\d\d:\d\d:\d\d)\.\d+\+00:00")  # of a second
STATES = {  # of a document that has no result yet
    "waiting": "has been waiting since {landed}",
    "submitted": "has been in the Language service since {landed}",
}
UNNOTICED = "the app has not noticed it yet"


class HealthWatch:
    """Prints new problems in the app's health."""

    def __init__(self, client: Client, every: float = ASK_EVERY) -> None:
        self._client, self._every = client, every
        self._ask_at = time.monotonic() + every
        self._known: set[str] = set()

    def look(self) -> None:
        """Asks at most once every `every` seconds. Raises SetupError if the app does not respond."""
        if time.monotonic() < self._ask_at:
            return
        self._ask_at = time.monotonic() + self._every
        self.show_new(self.ask())

    def ask(self) -> dict[str, str]:
        """The problems by the names of their checks, with times to the second. Raises SetupError."""
        return {trouble.partition(":")[0]: _to_seconds(trouble) for trouble in self._client.health()}

    def show_new(self, found: Mapping[str, str]) -> None:
        """Prints those that were not known before."""
        for name, trouble in found.items():
            if name not in self._known:
                show.console.print(f"  [yellow]![/] {escape(trouble)}", soft_wrap=True)
        self._known = set(found)


def explain(names: Sequence[str], document: Callable[[str], Any], health: HealthWatch) -> None:
    """Prints a line for each file without a result, and each problem in health that was not printed before.

    `document` returns the document of a file, or None if the app has not noticed it. Raises SetupError.
    """
    width, troubles = show.column(names), health.ask()
    is_known = not KEEPS_ALL.isdisjoint(troubles)
    show.listed(
        names,
        lambda name: show.line(name, f"[yellow]{escape(_said(document(name), is_known=is_known))}[/]", width),
    )
    health.show_new(troubles)


def _to_seconds(text: str) -> str:
    return FRACTION.sub(r"\1Z", text)


def _said(document: Any, *, is_known: bool) -> str:
    """The state of a document in words. It may have ended in the meantime.

    `is_known`: health says already what keeps all documents waiting.
    """
    if document is None:
        return UNNOTICED
    state = STATES.get(document["state"], document["state"]).format(landed=document["landed"][:19] + "Z")
    waits_for = "" if is_known else document.get("waitingFor")
    detail = document.get("detail") or document.get("reason") or waits_for
    return f"{state} ({_to_seconds(detail)})" if detail else state
