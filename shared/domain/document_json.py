"""The public JSON of a document, in responses and in events. Names are camelCase, times ISO 8601. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.domain.documents import Document
from shared.domain.timeline import Event
from shared.language.types import Classifier, ClassScore

View = dict[str, Any]


def document(value: Document, waiting_for: str = "") -> View:
    """`waiting_for`: the reason why the document has to wait, a sentence; "" if there is none."""
    return without_missing(
        {
            "key": value.key,
            "name": value.name,
            "state": value.state,
            "etag": value.etag,
            "size": value.size,
            "language": value.language,
            "lastModified": value.modified,
            "landed": value.claimed,
            "ended": value.ended,
            "job": value.job,
            "attempts": value.attempts or None,
            "reason": value.reason,
            "detail": value.detail,
            "waitingFor": waiting_for,
            "classes": [class_score(score) for score in value.classes] if value.classifier else None,
            "classifier": classifier(value.classifier) if value.classifier else None,
            "timeline": timeline(value.timeline),
        }
    )


def classifier(value: Classifier) -> View:
    return without_missing(
        {
            "project": value.project,
            "deployment": value.deployment,
            "model": value.model,
            "modelId": value.model_id,
            "modelType": value.kind,
        }
    )


def class_score(value: ClassScore) -> View:
    return {"category": value.category, "confidence": value.confidence}


def timeline(events: tuple[Event, ...]) -> list[View]:
    return [{"at": event.at.isoformat(), "what": event.what} for event in events]


def without_missing(values: Mapping[str, Any]) -> View:
    """Without the values that are None or ""; times as text."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None and value != ""
    }
