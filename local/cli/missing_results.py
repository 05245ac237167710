"""Explains why dropped files have no classes: the state of each document, and the app's health."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from local.cli import show
from local.cli.client import Client

ASK_EVERY = 5.0  # seconds
MAX_LISTED = 20  # files that are listed
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
        found = {trouble.partition(":")[0]: trouble for trouble in self._client.health()}
        for name, trouble in found.items():
            if name not in self._known:
                show.console.print(f"  [yellow]![/] {escape(trouble)}", soft_wrap=True)
        self._known = set(found)


def explain(client: Client, files: Mapping[str, str]) -> None:
    """Prints a line for each file without a result (name -> ETag), and one for each problem in the app's health."""
    width = show.column(files)
    for name, etag in list(files.items())[:MAX_LISTED]:
        show.line(name, f"[yellow]{escape(_said(client.document(name, etag)))}[/]", width)
    if len(files) > MAX_LISTED:
        show.console.print(f"  … and {len(files) - MAX_LISTED} more")
    for trouble in client.health():
        show.console.print(f"  [yellow]![/] {escape(trouble)}", soft_wrap=True)


def _said(document: Any) -> str:
    """The state of a document in words. It may have ended in the meantime."""
    if document is None:
        return UNNOTICED
    state = STATES.get(document["state"], document["state"]).format(landed=document["landed"][:19] + "Z")
    detail = document.get("detail") or document.get("reason") or document.get("waitingFor")
    return f"{state} ({detail})" if detail else state
