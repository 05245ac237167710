"""Which documents somebody wants to see, to have again, or to have exported. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.domain.documents import Document, DocumentState, Reason
from shared.language.types import Classifier


@dataclass(frozen=True)
class Selection:
    """Documents in `state` (None: in whichever the listing is of), and of those the ones that fit all the rest.

    `category`: those that got this class. `other_than`: those that another model than this one's classified.
    `since` and `until`: those that ended, or landed while they are open, at or after the one and before the other.
    """

    state: DocumentState | None
    prefix: str = ""
    reason: Reason | None = None
    category: str = ""
    other_than: Classifier | None = None
    since: datetime | None = None
    until: datetime | None = None

    def fits(self, document: Document) -> bool:
        """Whether all but the state is as wanted."""
        at = document.ended or document.claimed
        return (
            document.name.startswith(self.prefix)
            and self.reason in (None, document.reason)
            and (not self.category or self.category in {one.category for one in document.classes})
            and (self.other_than is None or not _is_same_model(document.classifier, self.other_than))
            and (self.since is None or at >= self.since)
            and (self.until is None or at < self.until)
        )


def _is_same_model(one: Classifier | None, other: Classifier) -> bool:
    """By model id, where both have one; else by deployment and model. A model that is not known counts as the same."""
    if one is None:
        return False
    if one.model_id and other.model_id:
        return one.model_id == other.model_id
    where = (one.dialect, one.project, one.deployment) == (other.dialect, other.project, other.deployment)
    return where and (one.model == other.model or not one.model or not other.model)
