"""Runs in a client's own environment: does what each line asks for, and answers with a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any


def speak(actions: Mapping[str, Callable[..., Any]]) -> None:
    """A line is {"do": name, ...}, and its answer {"found": JSON} or {"raised": what `_described` gives}."""
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"found": actions[asked.pop("do")](**asked)}
        except Exception as error:  # noqa: BLE001 - whatever is raised is what the test wants to know
            answer = {"raised": _described(error)}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


def _described(error: Exception) -> dict[str, Any]:
    return {
        "kind": type(error).__name__,
        "status": getattr(error, "status_code", None),
        "code": getattr(getattr(error, "error", None), "code", None),
        "message": str(error),
    }


def results_of(found: Any) -> dict[str, Any]:
    """One result of a 5.x client, for one document and one action."""
    if found.is_error:
        return {"id": found.id, "error": [found.error.code, found.error.message]}
    classes = found.classifications if hasattr(found, "classifications") else [found.classification]
    statistics = found.statistics
    return {
        "id": found.id,
        "classes": [[one.category, one.confidence_score] for one in classes],
        "statistics": statistics and [statistics.character_count, statistics.transaction_count],
    }


def details_of(poller: Any) -> dict[str, Any]:
    """What the poller of a 5.x client returns about its job."""
    return {
        "status": poller.status(),
        "name": poller.display_name,
        "lifetime": (poller.expires_on - poller.created_on).total_seconds(),
        "modified": poller.last_modified_on is not None,
        "counts": [poller.actions_succeeded_count, poller.actions_failed_count, poller.actions_in_progress_count],
    }
