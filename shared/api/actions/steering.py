"""What a caller can have the app do: replay, purge, pause and resume, sweep, choose the classifier."""

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
    """Where dropped files go, and whether the ledger (a publish, a PUT) or the CLASSIFIER setting says so."""
    if (remembered := stored(call.services)).classifier:
        return Response(200, views.chosen(remembered, "ledger"))
    if call.services.settings.classifier:
        return Response(200, views.chosen(ActiveClassifier(with_model(call.services, call.now)), "setting"))
    raise NotFound(NO_CLASSIFIER)


def set_classifier(call: Call[NewClassifier]) -> Response:
    """Send dropped files to {"project", "deployment"}, or {"modelId"} in the quickstart's protocol, from now on."""
    if call.services.settings.language_api == PREVIEW_API:
        classifier = named(call.services, _given(call.body.model_id, "modelId"))
    else:
        classifier = _deployed(call)
    looked = call.now if classifier.model else None
    after = call.services.ledger.change(
        ActiveClassifier, lambda before: replace(before, classifier=classifier, since=call.now, looked=looked)
    )
    gate.reopen(call.services)
    return Response(200, views.chosen(after, "ledger"))


def replay_documents(call: Call[Replay]) -> Response:
    """Have ended documents classified again: `keys`, or all of a `state` with `prefix`, `reason`, `olderModel`."""
    dry_run = call.body.dry_run
    found = replay(call.services, _wanted(call), call.now, among=_range(call.body), dry_run=dry_run)
    return _counted(*found, dry_run)


def purge_documents(call: Call[Purge]) -> Response:
    """Forget ended documents whose file is gone, `olderThanDays` days after their end."""
    dry_run = call.body.dry_run
    wanted = replace(_wanted(call), until=call.now - timedelta(days=call.body.older_than_days))
    return _counted(*purge(call.services, wanted, among=_range(call.body), dry_run=dry_run), dry_run)


def abandon_operation(call: Call[None]) -> Response:
    """Give up an operation that makes no progress, so that its project is free. The service may continue its part."""
    operation = find(call, "operations")
    if operation.state.final:
        raise Conflict(f"Operation {call.key} has ended already: it {operation.state}.")
    [ended] = call.services.ledger.commit((operation, operation.failed("It was given up on request.", call.now)))
    return Response(200, views.operation(ended))


def get_submission(call: Call[None]) -> Response:
    return Response(200, views.pause(call.services.ledger.read(Pause)))


def set_submission(call: Call[NewSubmission]) -> Response:
    """Pause with {"paused": true}: files are claimed, and jobs under way collected, but no new job begins."""
    after = call.services.ledger.change(Pause, lambda before: replace(before, paused=call.body.paused, since=call.now))
    return Response(200, views.pause(after))


def get_sweep(call: Call[None]) -> Response:
    return Response(200, views.sweep(call.services.ledger.read(Sweep)))


def start_sweep(call: Call[None]) -> Response:
    """The next tick looks at every file of the container."""
    return Response(202, views.sweep(sweep.ask(call.services)), {"Location": "/api/sweep", "Retry-After": "10"})


def _range(body: Replay) -> Range:
    return Range(tuple(body.keys), row_of(body.after))


def _wanted(call: Call[Replay] | Call[Purge]) -> Selection:
    body = call.body
    default = DocumentState.SUCCEEDED if body.older_model else DocumentState.FAILED
    return Selection(
        state=DocumentState(body.state or default),
        prefix=body.prefix,
        reason=body.reason,
        other_than=_present(call.services, call.now) if body.older_model else None,
    )


def _deployed(call: Call[NewClassifier]) -> Classifier:
    """The deployment that the body names, with the model that it has. Raises NotFound."""
    project, deployment = _given(call.body.project, "project"), _given(call.body.deployment, "deployment")
    models = models_at(call.services, project)
    if deployment not in models:
        raise NotFound(f"Project {project} has no deployment {deployment}: publish a model to it first.")
    return replace(named(call.services, f"{project}/{deployment}"), model=models[deployment])


def _given(value: str | None, name: str) -> str:
    if value is None:
        raise BadRequest(f'"{name}" must be a string that is not empty.')
    return value


def _present(services: Services, now: datetime) -> Classifier:
    """What older models are older than: without one, every document would be classified again, and by none."""
    found = with_model(services, now)
    if found is None:
        raise NotFound(NO_CLASSIFIER)
    return found


def _counted(documents: list[Document], after: str, dry_run: bool) -> Response:
    """What one call did; with `continue`, where the next goes on."""
    shown = [{"key": one.key, "name": one.name, "state": one.state} for one in documents]
    return Response(200, {"dryRun": dry_run, "count": len(documents), "value": shown, **views.continued(after)})
