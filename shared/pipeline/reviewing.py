"""What reviewers do: read a text, decide, undo a decision, contest a result.

Two reviewers may act at once, and the file may be overwritten or deleted meanwhile: each change is conditional on the
review that was read, and a review of a version that no longer exists is withdrawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from shared.domain.documents import Document
from shared.domain.text import decode
from shared.errors import Conflict, FileGone, InvalidText, LanguageError, NotFound, TransientError, VersionConflict
from shared.language.types import Classifier
from shared.learning.reviews import Decision, Review, ReviewReason, ReviewState
from shared.services import Services

NO_CLASS = "None"  # in an evaluation: the service's name for documents without a class
PAGE, MAX_READ = 500, 5000  # decided reviews in a query; for one response
LABELS_KNOWN_FOR = timedelta(minutes=5)
LABELS_READ_AGAIN = timedelta(seconds=10)  # after an error that may pass; a caller may have waited for it
MAX_MODELS = 100  # whose labels a process remembers


def text_of(services: Services, name: str, etag: str) -> str:
    """The text of this version of a file. Raises FileGone if it no longer exists or is not readable."""
    try:
        return decode(services.documents.read(name, etag))
    except (VersionConflict, NotFound):
        raise FileGone(f"{name} was changed or deleted: this version of its text no longer exists.") from None
    except InvalidText as error:
        raise FileGone(f"The text of {name} cannot be read: {error}") from None


def decide(services: Services, review: Review, decision: Decision) -> Review:
    """Store the decision. The same decision again changes nothing.

    Raises Conflict if it was decided otherwise, also meanwhile; FileGone if this version of the file no longer exists.
    """
    if review.state is ReviewState.DECIDED and review.decision:
        if set(review.decision.classes) == set(decision.classes):
            return review
        who = f" by {review.decision.reviewer}" if review.decision.reviewer else ""
        raise Conflict(f"It was decided otherwise{who}: undo that decision first, with DELETE.")
    _require_version(services, review, decision.at)
    try:
        [decided] = services.ledger.commit((review, review.decided(decision)))
    except VersionConflict:
        return _decided_meanwhile(services, review, decision)
    return decided  # type: ignore[no-any-return]


def undo(services: Services, review: Review, now: datetime) -> Review:
    """Open the review again. Raises Conflict if it is not decided, or its decision has become labels."""
    if review.state is not ReviewState.DECIDED:
        raise Conflict(f"The review is {review.state}: it has no decision.")
    if review.used:
        raise Conflict(f"Its decision has become labels, in operation {review.used}: it can no longer be undone.")
    [reopened] = services.ledger.commit((review, review.undone(now)))
    return reopened  # type: ignore[no-any-return]


def all_decided(services: Services, since: datetime | None = None) -> tuple[list[Review], bool]:
    """The newest MAX_READ decided reviews, decided at or after `since`, and whether these are all."""
    found: list[Review] = []
    after = ""
    while len(found) < MAX_READ:
        page, after = services.ledger.ended(Review, ReviewState.DECIDED, PAGE, after, since=since)
        found += page
        if not after:
            return found, True
    return found, False


def contest(services: Services, document: Document, now: datetime) -> Review:
    """Have a person check this result. Raises Conflict if there is no result to check, or it was decided."""
    try:
        return _contest(services, document, now)
    except VersionConflict:  # the tick has just made a review of it, or somebody else has contested it
        return _contest(services, document, now)


def _contest(services: Services, document: Document, now: datetime) -> Review:
    if document.classifier is None:
        raise Conflict(f"{document.name} has no classes to review: its state is {document.state}.")
    known = services.ledger.find(Review, document.key)
    if known is None or known.state is ReviewState.WITHDRAWN:
        contested = Review.of(document, document.classifier, ReviewReason.CONTESTED, now)
    elif known.state is ReviewState.DECIDED:
        raise Conflict("It was reviewed and decided: undo that decision first, with DELETE.")
    else:
        contested = known.contested(now)
    _require_version(services, known or contested, now)
    [review] = services.ledger.commit((known, contested))
    return review  # type: ignore[no-any-return]


def read(services: Services, review: Review, now: datetime) -> tuple[Review, str | None]:
    """The review with its text. If this version of the file is gone, the text is None and an open review withdrawn."""
    try:
        return review, text_of(services, review.name, review.etag)
    except FileGone:
        return _withdrawn(services, review, now), None


def labels_of(services: Services, classifier: Classifier, now: datetime) -> Mapping[str, int]:
    """How often each class was labelled in the documents that the model was tested with.

    Empty if the service does not tell. It is read at most once in LABELS_KNOWN_FOR, or in LABELS_READ_AGAIN after an
    error that may pass; what was known before is returned then.
    """
    model = classifier.project, classifier.model
    read_at, labels = services.seen.labels.get(model, (None, {}))
    if read_at is None or abs(now - read_at) >= LABELS_KNOWN_FOR:
        try:
            read_at, labels = now, _labels(services, *model)
        except TransientError:
            read_at = now - LABELS_KNOWN_FOR + LABELS_READ_AGAIN
        except LanguageError:
            read_at, labels = now, {}
        if len(services.seen.labels) >= MAX_MODELS:
            services.seen.labels.clear()
        services.seen.labels[model] = read_at, labels
    return labels


def _labels(services: Services, project: str, model: str) -> Mapping[str, int]:
    """Raises LanguageError."""
    evaluation = services.language.evaluation(project, model)
    counts = {name: score.true_positives + score.false_negatives for name, score in evaluation.classes.items()}
    return {name: count for name, count in counts.items() if name != NO_CLASS}


def _decided_meanwhile(services: Services, review: Review, decision: Decision) -> Review:
    current = services.ledger.find(Review, review.key)
    if current is None or current.version == review.version:
        raise Conflict("The review was changed at the same time: read it again.")
    return decide(services, current, decision)


def _require_version(services: Services, review: Review, now: datetime) -> None:
    """Raise FileGone, and withdraw the review, if its version of the file no longer exists."""
    blob = services.documents.get_properties(review.name)
    if blob is not None and blob.etag == review.etag:
        return
    _withdrawn(services, review, now)
    raise FileGone(f"{review.name} was changed or deleted: this version can no longer be reviewed.")


def _withdrawn(services: Services, review: Review, now: datetime) -> Review:
    """The review, withdrawn if it was stored and open."""
    if not review.version or review.state is not ReviewState.OPEN:
        return review
    with suppress(VersionConflict):  # another reviewer found the same
        [review] = services.ledger.commit((review, review.withdrawn(now)))
    return review
