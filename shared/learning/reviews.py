"""Review: a person's check of one document's classes, a frozen value with its transitions. Pure.

open -> decided -> open, if the decision is undone
open -> withdrawn, if its version of the file no longer exists, or a replay leaves no reason for it
withdrawn -> open, if it is contested, or a replay gives a reason again
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from shared.domain.documents import Document, DocumentState
from shared.domain.keys import digest
from shared.language.types import Classifier, ClassScore

_SHARES = 16**8


class ReviewReason(StrEnum):
    """Why a document is reviewed."""

    AUDIT = "audit"  # random, at any confidence: only audits say how good the classifier is
    CONTESTED = "contested"  # somebody asked for it
    NO_CLASS = "no_class"  # the classifier assigned no class
    LOW_CONFIDENCE = "low_confidence"


class ReviewState(StrEnum):
    OPEN = "open"
    DECIDED = "decided"
    WITHDRAWN = "withdrawn"  # nobody needs to decide, or can

    @property
    def final(self) -> bool:
        return self is not ReviewState.OPEN


# The first in the queue, whose order is in `storage.row_keys`: audits say something only when all are decided, and for
# contested ones somebody waits.
FIRST = (ReviewReason.AUDIT, ReviewReason.CONTESTED)


@dataclass(frozen=True)
class Decision:
    """What a reviewer says the classes are."""

    classes: tuple[str, ...]  # empty: none
    reviewer: str
    comment: str
    at: datetime


@dataclass(frozen=True)
class Review:
    """The review of one version of one file. The decision stands beside the prediction."""

    key: str  # of the document
    name: str  # of the file
    etag: str  # without quotes
    language: str  # of the text, from the blob's metadata; empty: the project's
    classifier: Classifier  # that classified it
    prediction: tuple[ClassScore, ...]  # best first
    reason: ReviewReason
    created: datetime
    changed: datetime  # when it was created, decided, reopened or withdrawn
    state: ReviewState = ReviewState.OPEN
    decision: Decision | None = None
    used: str = ""  # the key of the operation that made labels of the decision
    ended: datetime | None = None  # when it was decided or withdrawn
    version: str = field(default="", compare=False)  # of its row

    @property
    def confidence(self) -> float:
        """The confidence of the best class, from 0 to 1; 0 without a class."""
        return self.prediction[0].confidence if self.prediction else 0.0

    @classmethod
    def of(cls, document: Document, classifier: Classifier, reason: ReviewReason, now: datetime) -> Self:
        """A new review of a document that this classifier has classified."""
        return cls(
            key=document.key,
            name=document.name,
            etag=document.etag,
            language=document.language,
            classifier=classifier,
            prediction=document.classes,
            reason=reason,
            created=now,
            changed=now,
        )

    def decided(self, decision: Decision) -> Self:
        return replace(self, state=ReviewState.DECIDED, decision=decision, ended=decision.at, changed=decision.at)

    def undone(self, now: datetime) -> Self:
        """Open again, without its decision."""
        return replace(self, state=ReviewState.OPEN, decision=None, ended=None, changed=now)

    def withdrawn(self, now: datetime) -> Self:
        return replace(self, state=ReviewState.WITHDRAWN, ended=now, changed=now)

    def used_by(self, operation: str) -> Self:
        """Its decision has become labels."""
        return replace(self, used=operation)

    def contested(self, now: datetime) -> Self:
        """Open, and among the first. An audit stays one."""
        reason = self.reason if self.reason is ReviewReason.AUDIT else ReviewReason.CONTESTED
        return replace(self.undone(now), reason=reason)


def reason_for(document: Document, below: float, audit_percent: float) -> ReviewReason | None:
    """Why this document should be reviewed, by the settings REVIEW_BELOW and REVIEW_AUDIT_PERCENT; None: it need not.

    Whether it is an audit depends on its key alone, so that the choice is random and yet always the same.
    """
    if document.state is not DocumentState.SUCCEEDED:
        return None
    if int(digest("audit", document.key)[:8], 16) < audit_percent / 100 * _SHARES:
        return ReviewReason.AUDIT
    if not document.classes:
        return ReviewReason.NO_CLASS
    return ReviewReason.LOW_CONFIDENCE if document.classes[0].confidence < below else None


def after_ending(known: Review | None, document: Document, reason: ReviewReason | None, now: datetime) -> Review | None:
    """The review of a document that has just ended, given the one `known` from before its replay. None: no review.

    A decision is kept whatever a later model says. An open review follows the prediction; a contested one stays open.
    """
    if known and known.state is ReviewState.DECIDED:
        return known
    is_open = known is not None and known.state is ReviewState.OPEN
    if known and is_open and known.reason is ReviewReason.CONTESTED:
        reason = reason or ReviewReason.CONTESTED
    if document.classifier is None or reason is None:
        return known.withdrawn(now) if known and is_open else known
    fresh = Review.of(document, document.classifier, reason, now)
    return replace(fresh, created=known.created, version=known.version) if known else fresh
