"""Why dropped files have no classes: what the app knows of each, and what it says of itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from local.cli import show
from local.cli.client import Client

ASK_EVERY = 5.0  # seconds
MOST_NAMED = 20  # files that are named one by one
STATES = {  # of a document that has no result yet
    "waiting": "waits since {landed}",
    "submitted": "is with the Language service since {landed}",
}
UNNOTICED = "the app has not noticed it yet"


class HealthWatch:
    """Prints what the app says wants attention when it begins to, while results are waited for."""

    def __init__(self, client: Client, every: float = ASK_EVERY) -> None:
        self._client, self._every = client, every
        self._ask_at = time.monotonic() + every
        self._known: set[str] = set()

    def look(self) -> None:
        """Asks only every so many seconds. Raises SetupError if the app does not answer."""
        if time.monotonic() < self._ask_at:
            return
        self._ask_at = time.monotonic() + self._every
        found = {trouble.partition(":")[0]: trouble for trouble in self._client.health()}
        for name, trouble in found.items():
            if name not in self._known:
                show.console.print(f"  [yellow]![/] {escape(trouble)}", soft_wrap=True)
        self._known = set(found)


def explain(client: Client, files: Mapping[str, str]) -> None:
    """A line for each file that has no result yet, by name and ETag, and one for each thing that wants attention."""
    width = show.column(files)
    for name, etag in list(files.items())[:MOST_NAMED]:
        show.line(name, f"[yellow]{escape(_said(client.document(name, etag)))}[/]", width)
    if len(files) > MOST_NAMED:
        show.console.print(f"  … and {len(files) - MOST_NAMED} more")
    for trouble in client.health():
        show.console.print(f"  [yellow]![/] {escape(trouble)}", soft_wrap=True)


def _said(document: Any) -> str:
    """In words. A document of the last moment may have ended since it was looked for."""
    if document is None:
        return UNNOTICED
    state = STATES.get(document["state"], document["state"]).format(landed=document["landed"][:19] + "Z")
    detail = document.get("detail") or document.get("reason") or document.get("waitingFor")
    return f"{state} ({detail})" if detail else state
