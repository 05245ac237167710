"""Routes for reviews: the queue, one review with its text, the decision, and the request for a review."""

from __future__ import annotations

from typing import Any

from shared.api import views
from shared.api.actions.listings import find
from shared.api.bodies import NewDecision
from shared.api.call import Call
from shared.api.requests import Response, choice, key_of, page_of, text
from shared.errors import BadRequest, NotFound
from shared.language.types import Kind
from shared.learning import review_json
from shared.learning.reviews import Decision, Review, ReviewReason, ReviewState
from shared.pipeline import reviewing

TEXT_GONE = "The file was changed or deleted, or its text cannot be read."
MAX_QUERIES = 5  # of the ledger, for one page; the next page has the rest


def list_reviews(call: Call[None]) -> Response:
    """List reviews: the open ones in the order of the queue, audits and contested ones first, then the least confident.

    With `state` decided or withdrawn, the newest first. A page may be short, or empty, and still have a `continue`.
    """
    query = call.request.query
    top, after = page_of(query)
    state = choice(query.get("state", ReviewState.OPEN), "state", ReviewState, list(ReviewState))
    reason, project = text(query, "reason", ""), text(query, "project", "")
    if reason:
        choice(reason, "reason", ReviewReason, list(ReviewReason))
    page: list[Review] = []
    for _ in range(MAX_QUERIES):
        found, after = _query(call, state, top - len(page), after)
        page += [one for one in found if one.reason.startswith(reason) and project in ("", one.classifier.project)]
        if not after or len(page) == top:
            break
    return Response(200, {"value": [review_json.review(one) for one in page], **views.continuation(after)})


def get_review(call: Call[None]) -> Response:
    """One review with its text and the classes to choose from.

    If this version of the file is gone, there is `textGone` in place of the text, and an open review is withdrawn.
    """
    review, content = reviewing.read(call.services, _review(call), call.now)
    view = {**review_json.review(review), "choices": _choices(call, review)}
    return Response(200, {**view, **({"textGone": TEXT_GONE} if content is None else {"text": content})})


def decide_review(call: Call[NewDecision]) -> Response:
    """Decide: the text has these classes. `[]`: it has none. The decision stands beside the prediction."""
    review, body = _review(call), call.body
    classes = tuple(dict.fromkeys(body.classes))
    if review.classifier.kind is Kind.SINGLE and len(classes) > 1:
        raise BadRequest('"classes" must have at most one class: the project is single-label.')
    choices = _choices(call, review)
    if choices and (unknown := [name for name in classes if name not in choices]):
        raise BadRequest(f'"classes" has {unknown[0]!r}, which the model does not have. It has {", ".join(choices)}.')
    decision = Decision(classes, body.reviewer, body.comment, call.now)
    return _answer(reviewing.decide(call.services, review, decision))


def undo_decision(call: Call[None]) -> Response:
    """Undo a decision, so that the review is open again, unless the decision has become labels."""
    return _answer(reviewing.undo(call.services, _review(call), call.now))


def request_review(call: Call[None]) -> Response:
    """Contest the result of a document: its review is open, and among the first of the queue."""
    return _answer(reviewing.contest(call.services, find(call, "documents"), call.now))


def get_document_text(call: Call[None]) -> Response:
    """The text of this version of the file; 410 if it no longer exists."""
    document = find(call, "documents")
    content = reviewing.text_of(call.services, document.name, document.etag)
    return Response(200, {"key": document.key, "name": document.name, "text": content})


def _choices(call: Call[Any], review: Review) -> list[str]:
    """The classes of the model, and those that it predicted; empty if the service does not tell the model's."""
    labels = reviewing.labels_of(call.services, review.classifier, call.now)
    return sorted(labels.keys() | {score.category for score in review.prediction}) if labels else []


def _answer(review: Review) -> Response:
    return Response(200, review_json.review(review))


def _review(call: Call[Any]) -> Review:
    found = call.services.ledger.find(Review, key_of(call.key))
    if found is None:
        raise NotFound(f"There is no review {call.key}.")
    return found


def _query(call: Call[None], state: ReviewState, limit: int, after: str) -> tuple[list[Review], str]:
    if state is ReviewState.OPEN:
        return call.services.ledger.open(Review, limit, after)
    return call.services.ledger.ended(Review, state, limit, after)
