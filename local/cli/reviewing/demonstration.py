"""The last step of the demo: a review of the least confident document, its decision, and what that changes."""

from __future__ import annotations

import json
import time
from typing import Any

from rich.text import Text

from local.cli import show
from local.cli.client import LOOK_EVERY, Client
from local.errors import SetupError

REVIEWER = "demo"
SURE = 0.5  # classes below are left out of the decision
SECONDS_TO_ARRIVE = 60.0  # until the decision is in the result


def review_one(client: Client) -> None:
    """Prints the document and the `reviewed` of its result. Raises SetupError."""
    document = least_confident(list(client.documents("state=succeeded")))
    if document is None:
        return
    key = document["key"]
    with show.step("Review the least confident result, and leave out its doubtful classes"):
        client.call("POST", f"documents/{key}/review")
        client.call("PUT", f"reviews/{key}", {"classes": sure_classes(document), "reviewer": REVIEWER})
        reviewed = _written(client, key)
    show.result(document["name"], document, show.column([document["name"]]))
    show.console.print(Text(f"  reviewed: {show.printable(json.dumps(reviewed, ensure_ascii=False))}"), soft_wrap=True)


def least_confident(documents: list[Any]) -> Any:
    """The document with the least confident class of all; None if none has a class."""
    return min((one for one in documents if one["classes"]), key=_least, default=None)


def sure_classes(document: Any) -> list[str]:
    """The classes that a reviewer would keep: always the best, and others from SURE on."""
    best, *others = document["classes"]
    return [best["category"], *(one["category"] for one in others if one["confidence"] >= SURE)]


def _least(document: Any) -> float:
    return min(float(one["confidence"]) for one in document["classes"])


def _written(client: Client, key: str) -> Any:
    """The decision in the result. The next tick writes it there."""
    deadline = time.monotonic() + SECONDS_TO_ARRIVE
    while "reviewed" not in (result := client.result(key)):
        if time.monotonic() > deadline:
            raise SetupError(f"The decision did not get into the result within {SECONDS_TO_ARRIVE:.0f} seconds.")
        time.sleep(LOOK_EVERY)
    return result["reviewed"]
