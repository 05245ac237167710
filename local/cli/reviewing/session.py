"""Shows one review after the other, and sends what the reviewer decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests

from local.cli import show
from local.cli.client import Client
from local.cli.reviewing import screen
from local.cli.reviewing.answers import Key, parse
from local.cli.reviewing.queue import Queue
from local.errors import SetupError

OVER = (requests.codes.not_found, requests.codes.conflict, requests.codes.gone)  # another reviewer, or a newer file


@dataclass
class Session:
    """`read` returns what was typed, None at the end. `strict`: an answer that makes no sense raises SetupError."""

    client: Client
    queue: Queue
    reviewer: str
    read: Callable[[], str | None]
    strict: bool
    decided: list[str] = field(default_factory=list)  # keys, the last one last
    skipped: int = 0

    def run(self) -> None:
        """Until nothing is left, or the reviewer ends it. Raises SetupError."""
        while key := self.queue.take():
            view = self._open(key)
            if view is not None and not self._ask(view):
                return

    def _open(self, key: str) -> Any:
        """The review with its text; None if there is nothing to decide."""
        view = self.client.found(f"reviews/{key}")
        if view is None:
            return None
        if "textGone" in view:  # which withdraws it
            show.warning(f"{view['name']} is left out. {view['textGone']}")
            return None
        if view["state"] != "open":
            show.warning(f"{view['name']} is {view['state']} already.")
            return None
        return view

    def _ask(self, view: Any) -> bool:
        """Shows a review until it has an answer; returns False if the reviewer ends the session."""
        predicted = [one["category"] for one in view["prediction"]]
        names = view["choices"]
        page = screen.review(view, self.queue.size)
        screen.classes(view, names)
        while True:
            answer = self._answer(predicted, names)
            match answer:
                case Key.QUIT:
                    return False
                case Key.SKIP:
                    self.skipped += 1
                    return True
                case Key.MORE:
                    page.show()
                case Key.UNDO:
                    if self._undo(view["key"]):
                        return True
                case tuple() if self._decide(view["key"], answer):
                    return True

    def _answer(self, predicted: list[str], names: list[str]) -> Key | tuple[str, ...] | None:
        """None if it makes no sense, which has been said."""
        line = self.read()
        if line is None:
            return Key.QUIT
        try:
            return parse(line, predicted, names)
        except ValueError as error:
            self._refused(str(error))
            return None

    def _decide(self, key: str, classes: tuple[str, ...]) -> bool:
        """Whether to show the next review: the decision was stored, or this one is no longer open."""
        body = {"classes": list(classes), "reviewer": self.reviewer}
        status, content = self.client.ask("PUT", f"reviews/{key}", body)
        if status == requests.codes.ok:
            self.decided.append(key)
            screen.decided(classes)
            return True
        message = content["error"]["message"]
        if status in OVER:
            show.warning(message)
            return True
        if status != requests.codes.bad_request:
            raise SetupError(f"PUT reviews/{key}: {status} {message}")
        self._refused(message)
        return False

    def _undo(self, current: str) -> bool:
        """Undoes the last decision of this session, to show its review again; returns whether it was undone."""
        if not self.decided:
            self._refused("nothing was decided yet")
            return False
        key = self.decided.pop()
        status, content = self.client.ask("DELETE", f"reviews/{key}/decision")
        if status in OVER:
            show.warning(content["error"]["message"])
            return False
        if status != requests.codes.ok:
            raise SetupError(f"DELETE reviews/{key}/decision: {status} {content['error']['message']}")
        self.queue.put_back(current)
        self.queue.put_back(key)
        return True

    def _refused(self, why: str) -> None:
        """Raises SetupError if there is nobody to answer again: the next lines would decide the wrong reviews."""
        if self.strict:
            raise SetupError(f"Stopped: {show.printable(why)}")
        show.warning(why)
