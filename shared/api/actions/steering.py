"""Controls the app: replay, purge, pause, sweep, and abandoning operations."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from shared.api import views
from shared.api.actions.classifiers import NO_CLASSIFIER
from shared.api.actions.listings import ENDED, find
from shared.api.bodies import EndedDocuments, NewSubmission, Purge, Replay
from shared.api.call import Call
from shared.api.requests import Response, row_of, time_of
from shared.domain.documents import Document, DocumentState
from shared.domain.filters import Selection
from shared.domain.routing import Routing
from shared.domain.singletons import Pause, Sweep
from shared.errors import Conflict, NotFound, VersionConflict
from shared.pipeline import sweep
from shared.pipeline.classifier import routing
from shared.pipeline.replay import Range, purge, replay
from shared.services import Services

TRIES = 5  # to abandon an operation whose progress a tick writes meanwhile


def replay_documents(call: Call[Replay]) -> Response:
    """Classify ended documents again: `keys`; or a `state` with `prefix`, `reason`, `class`, `since` and `until`, which
    may be that of all that have `ended`; or those of an `olderModel`.
    """
    body = call.body
    selection = replace(
        _selection(call),
        category=body.category,
        since=time_of(body.since, "since"),
        until=time_of(body.until, "until"),
    )
    documents, after = replay(call.services, selection, call.now, among=_range(body), dry_run=body.dry_run)
    return _counted(documents, after, body.dry_run)


def purge_documents(call: Call[Purge]) -> Response:
    """Delete the records of documents that ended `olderThanDays` ago and whose file no longer exists."""
    dry_run = call.body.dry_run
    selection = replace(_selection(call), until=call.now - timedelta(days=call.body.older_than_days))
    documents, after = purge(call.services, selection, among=_range(call.body), dry_run=dry_run)
    return _counted(documents, after, dry_run)


def abandon_operation(call: Call[None]) -> Response:
    """Abandon an operation, so that its project is free for others. The service continues work that it has started."""
    for _ in range(TRIES - 1):
        with suppress(VersionConflict):
            return _abandon(call)
    return _abandon(call)


def _abandon(call: Call[None]) -> Response:
    operation = find(call, "operations")
    if operation.state.final:
        raise Conflict(f"Operation {call.key} has ended already: it {operation.state}.")
    [ended] = call.services.ledger.commit((operation, operation.failed("It was abandoned on request.", call.now)))
    return Response(200, views.operation(ended))


def get_submission(call: Call[None]) -> Response:
    return Response(200, views.pause(call.services.ledger.read(Pause)))


def set_submission(call: Call[NewSubmission]) -> Response:
    """Pause with {"paused": true}: no new jobs are submitted. Files are claimed, and running jobs are collected."""
    after = call.services.ledger.change(Pause, lambda before: replace(before, paused=call.body.paused, since=call.now))
    return Response(200, views.pause(after))


def get_sweep(call: Call[None]) -> Response:
    return Response(200, views.sweep(call.services.ledger.read(Sweep)))


def start_sweep(call: Call[None]) -> Response:
    """Make the next tick start a sweep of every file, which reads each document and repairs its rows."""
    return Response(202, views.sweep(sweep.ask(call.services)), {"Location": "/api/sweep", "Retry-After": "10"})


def _range(body: EndedDocuments) -> Range:
    return Range(tuple(body.keys), row_of(body.after))


def _selection(call: Call[Replay] | Call[Purge]) -> Selection:
    body = call.body
    return Selection(
        state=_state(body),
        prefix=body.prefix,
        reason=body.reason,
        other_than=_current_routing(call.services, call.now) if body.older_model else None,
    )


def _state(body: EndedDocuments) -> DocumentState | None:
    """None: all final states."""
    if body.state == ENDED:
        return None
    return DocumentState(body.state or (DocumentState.SUCCEEDED if body.older_model else DocumentState.FAILED))


def _current_routing(services: Services, now: datetime) -> Routing:
    """The classifiers, which `olderModel` compares with. Raises NotFound if there is none."""
    routes = routing(services, now)
    if not routes.classifiers:
        raise NotFound(NO_CLASSIFIER)
    return routes


def _counted(documents: list[Document], after: str, dry_run: bool) -> Response:
    """The documents of one request; with `continue` if there are more."""
    value = [{"key": document.key, "name": document.name, "state": document.state} for document in documents]
    return Response(200, {"dryRun": dry_run, "count": len(documents), "value": value, **views.continuation(after)})
