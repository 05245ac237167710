"""Explains why a waiting document waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from shared.domain.documents import Document, DocumentState
from shared.domain.singletons import ClassifierGate, Gate, Pause
from shared.pipeline import gate
from shared.pipeline.classifier import names
from shared.services import Services

CHOOSE_ONE = "publish a model, or PUT /api/classifier."
NO_QUOTA = "The quota of requests a minute is used up for now."


def keeps_all(services: Services, now: datetime) -> str:
    """The reasons why no document is submitted, in sentences; "" if there is none.

    It reads several rows: call it once for each request. May raise StorageUnavailable.
    """
    return " ".join(_reasons(services, now))


def waiting_for(document: Document, for_all: str, now: datetime) -> str:
    """Why this document waits; "" if it does not, or is about to be submitted. `for_all`: from `keeps_all`. Pure."""
    if document.state is not DocumentState.WAITING:
        return ""
    if document.due <= now:
        return for_all
    own = f"It is tried again at {document.due.isoformat()}: {document.timeline[-1].what}"
    return f"{for_all} {own}".strip()


def _reasons(services: Services, now: datetime) -> Iterator[str]:
    pause = services.ledger.read(Pause)
    if pause.paused:
        yield paused(pause)
    classifiers = names(services)
    if not classifiers:
        yield f"There is no classifier: {CHOOSE_ONE}"
    current = services.ledger.read(Gate).bounded(now)
    parts = {part.name: closed(part) for part in current.blocked if part.is_troubled(now)}
    if classifiers and classifiers <= parts.keys():
        yield " ".join(parts[name] for name in sorted(classifiers))
    if current.is_troubled(now):
        yield closed(current)
    elif not gate.left(services, now):
        yield NO_QUOTA


def paused(pause: Pause) -> str:
    since = f" since {pause.since.isoformat()}" if pause.since else ""
    return f"Submissions are paused{since}: PUT /api/submission resumes them."


def closed(part: Gate | ClassifierGate) -> str:
    """Since when, until when and why no analyze call is made, or no document submitted to this classifier."""
    what = f"submissions to classifier {part.name}" if isinstance(part, ClassifierGate) else "analyze calls"
    since = f" since {part.since.isoformat()}" if part.since else ""
    until = f"; the next is possible at {part.until.isoformat()}" if part.until else ""
    return f"No {what}{since}{until}. {part.reason}".rstrip()
