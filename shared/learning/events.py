"""Completion events, as CloudEvents 1.0 in JSON (https://github.com/cloudevents/spec, v1.0.2). Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from shared.domain import document_json
from shared.domain.documents import Document
from shared.learning import review_json
from shared.learning.reviews import Review

# Bytes of an event. A queue's message has at most 64 KiB, of which Base64 leaves three quarters.
MAX_EVENT = 48 * 2**10
KEPT_CLASSES = (100, 10, 0)  # of a document whose event would be larger: the best, as many as fit
KEPT_COMMENT = 1000  # characters


def ended(document: Document, container: str) -> str:
    """The event of a document that has ended: `data` is what GET /api/documents/KEY returns, without the timeline.

    Its id is unique for the document and its ending: an event that is sent twice has the same id both times.
    """
    number = f"{document.key}-{document.replays}"
    event = _event(document.state, number, document.ended, container, document_json.document(document))
    for kept in KEPT_CLASSES:
        if len(event.encode()) <= MAX_EVENT:
            break
        cut = replace(document, classes=document.classes[:kept])
        data = {**document_json.document(cut), "classesInAll": len(document.classes)}
        event = _event(document.state, number, document.ended, container, data)
    return event


def reviewed(review: Review, container: str) -> str:
    """The event of a decision. A long comment is cut; if it is still too large, the prediction is left out."""
    number = f"{review.key}-reviewed-{review.changed:%Y%m%dT%H%M%S%f}"
    if review.decision:
        review = replace(review, decision=replace(review.decision, comment=review.decision.comment[:KEPT_COMMENT]))
    event = _event("reviewed", number, review.changed, container, review_json.review(review))
    if len(event.encode()) <= MAX_EVENT:
        return event
    view = {name: value for name, value in review_json.review(review).items() if name != "prediction"}
    return _event("reviewed", number, review.changed, container, view)


def _event(kind: str, number: str, at: datetime | None, container: str, data: Mapping[str, Any]) -> str:
    event = {
        "specversion": "1.0",
        "id": number,
        "source": f"/textdrop/{container}",
        "type": f"textdrop.document.{kind}",
        "subject": data["name"],
        "time": at.isoformat() if at else None,
        "datacontenttype": "application/json",
        "data": data,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
