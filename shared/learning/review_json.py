"""The public JSON of a review, in responses and in events. Pure."""

from __future__ import annotations

from shared.domain import document_json
from shared.domain.document_json import View
from shared.learning.reviews import Decision, Review


def review(value: Review) -> View:
    return document_json.without_missing(
        {
            "key": value.key,
            "name": value.name,
            "state": value.state,
            "reason": value.reason,
            "etag": value.etag,
            "language": value.language,
            "created": value.created,
            "classifier": document_json.classifier(value.classifier),
            "prediction": [document_json.class_score(score) for score in value.prediction],
            "decision": decision(value.decision) if value.decision else None,
            "usedBy": value.used,
        }
    )


def decision(value: Decision) -> View:
    """`classes` may be empty: the document has none."""
    rest = {"reviewer": value.reviewer, "comment": value.comment, "at": value.at}
    return {"classes": list(value.classes), **document_json.without_missing(rest)}
