"""Filters for listings, replays and exports of documents. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.routing import Routing
from shared.language.types import Classifier


@dataclass(frozen=True)
class Selection:
    """Selects the documents that match all criteria.

    The time of a document is when it ended; for an open one, when it was claimed.
    """

    state: DocumentState | None  # None: all states that the listing covers
    prefix: str = ""  # of the file name
    reason: Reason | None = None
    category: str = ""  # a class that the document has
    other_than: Routing | None = None  # only documents that another model classified than that of their folder now
    since: datetime | None = None  # inclusive
    until: datetime | None = None  # exclusive

    def fits(self, document: Document) -> bool:
        """Whether the document matches all criteria except the state."""
        at = document.ended or document.claimed
        return (
            document.name.startswith(self.prefix)
            and self.reason in (None, document.reason)
            and (not self.category or self.category in {score.category for score in document.classes})
            and (self.other_than is None or _is_outdated(document, self.other_than))
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
        )


def _is_outdated(document: Document, routing: Routing) -> bool:
    """Whether its file would go to another model now. False if it would go to none."""
    classifier = routing.classifier_for(document.name)
    return classifier is not None and not _is_same_model(document.classifier, classifier)


def _is_same_model(one: Classifier | None, other: Classifier) -> bool:
    """Compares model ids if both have one, else deployment and model. An unknown model counts as the same."""
    if one is None:
        return False
    if one.model_id and other.model_id:
        return one.model_id == other.model_id
    where = (one.dialect, one.project, one.deployment) == (other.dialect, other.project, other.deployment)
    return where and (one.model == other.model or not one.model or not other.model)
