"""Controls the app: the active classifier, replay, purge, pause, sweep, and abandoning operations."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from shared.api import views
from shared.api.actions.listings import find
from shared.api.bodies import NewClassifier, NewSubmission, Purge, Replay
from shared.api.call import Call
from shared.api.requests import Response, row_of
from shared.domain.documents import Document, DocumentState
from shared.domain.filters import Selection
from shared.domain.singletons import ActiveClassifier, Pause, Sweep
from shared.errors import BadRequest, Conflict, NotFound
from shared.language.types import Classifier
from shared.operations.handlers import models_at
from shared.pipeline import gate, sweep
from shared.pipeline.classifier import named, stored, with_model
from shared.pipeline.replay import Range, purge, replay
from shared.services import Services
from shared.settings import PREVIEW_API

NO_CLASSIFIER = "There is no classifier yet: publish a model, or PUT /api/classifier. Until then files wait."


def get_classifier(call: Call[None]) -> Response:
    """The active classifier, and whether it is from the ledger (a publish, a PUT) or the CLASSIFIER setting."""
    if (active := stored(call.services)).classifier:
        return Response(200, views.active_classifier(active, "ledger"))
    if call.services.settings.classifier:
        return Response(200, views.active_classifier(ActiveClassifier(with_model(call.services, call.now)), "setting"))
    raise NotFound(NO_CLASSIFIER)


def set_classifier(call: Call[NewClassifier]) -> Response:
    """Set the active classifier: {"project", "deployment"}, or {"modelId"} in the quickstart's protocol."""
    if call.services.settings.language_api == PREVIEW_API:
        classifier = named(call.services, _required(call.body.model_id, "modelId"))
    else:
        classifier = _deployment(call)
    looked = call.now if classifier.model else None
    after = call.services.ledger.change(
        ActiveClassifier, lambda before: replace(before, classifier=classifier, since=call.now, looked=looked)
    )
    gate.reopen(call.services)
    return Response(200, views.active_classifier(after, "ledger"))


def replay_documents(call: Call[Replay]) -> Response:
    """Classify ended documents again: `keys`, or a `state` with `prefix`, `reason`; or those of an `olderModel`."""
    dry_run = call.body.dry_run
    documents, after = replay(call.services, _selection(call), call.now, among=_range(call.body), dry_run=dry_run)
    return _counted(documents, after, dry_run)


def purge_documents(call: Call[Purge]) -> Response:
    """Delete the records of documents that ended `olderThanDays` ago and whose file no longer exists."""
    dry_run = call.body.dry_run
    selection = replace(_selection(call), until=call.now - timedelta(days=call.body.older_than_days))
    documents, after = purge(call.services, selection, among=_range(call.body), dry_run=dry_run)
    return _counted(documents, after, dry_run)


def abandon_operation(call: Call[None]) -> Response:
    """Abandon an operation, so that its project is free for others. The service continues work that it has started."""
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
    """Make the next tick start a sweep of every file."""
    return Response(202, views.sweep(sweep.ask(call.services)), {"Location": "/api/sweep", "Retry-After": "10"})


def _range(body: Replay) -> Range:
    return Range(tuple(body.keys), row_of(body.after))


def _selection(call: Call[Replay] | Call[Purge]) -> Selection:
    body = call.body
    default = DocumentState.SUCCEEDED if body.older_model else DocumentState.FAILED
    return Selection(
        state=DocumentState(body.state or default),
        prefix=body.prefix,
        reason=body.reason,
        other_than=_current_classifier(call.services, call.now) if body.older_model else None,
    )


def _deployment(call: Call[NewClassifier]) -> Classifier:
    """The deployment that the body names, with its model. Raises NotFound."""
    project, deployment = _required(call.body.project, "project"), _required(call.body.deployment, "deployment")
    models = models_at(call.services, project)
    if deployment not in models:
        raise NotFound(f"Project {project} has no deployment {deployment}: publish a model to it first.")
    return replace(named(call.services, f"{project}/{deployment}"), model=models[deployment])


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise BadRequest(f'"{name}" must be a string that is not empty.')
    return value


def _current_classifier(services: Services, now: datetime) -> Classifier:
    """The active classifier, which `olderModel` compares with. Raises NotFound if there is none."""
    classifier = with_model(services, now)
    if classifier is None:
        raise NotFound(NO_CLASSIFIER)
    return classifier


def _counted(documents: list[Document], after: str, dry_run: bool) -> Response:
    """The documents of one request; with `continue` if there are more."""
    value = [{"key": document.key, "name": document.name, "state": document.state} for document in documents]
    return Response(200, {"dryRun": dry_run, "count": len(documents), "value": value, **views.continuation(after)})
