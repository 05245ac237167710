"""What a caller can have the app do: replay, purge, pause and resume, sweep, choose the classifier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.api import views
from shared.api.actions.listings import find
from shared.api.call import Call
from shared.api.requests import KEY, Response, choice, continuation, flag, json_object, name_of, text
from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.filters import Selection
from shared.domain.singletons import ActiveClassifier, Pause, Sweep
from shared.errors import BadRequest, Conflict, NotFound
from shared.language.types import Classifier
from shared.operations.handlers import models_at
from shared.pipeline import gate, sweep
from shared.pipeline.classifier import named, with_model
from shared.pipeline.replay import Range, purge, replay
from shared.services import Services
from shared.settings import PREVIEW_API

MODEL_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")
FINAL = [state for state in DocumentState if state.final]
MAX_KEYS = 500
NO_CLASSIFIER = "There is no classifier yet: publish a model, or PUT /api/classifier. Until then files wait."
MAX_AGE_DAYS = 3650  # days


def get_classifier(call: Call) -> Response:
    """Where dropped files go, and whether the ledger (a publish, a PUT) or the CLASSIFIER setting says so."""
    remembered = call.services.ledger.read(ActiveClassifier)
    if remembered.classifier and remembered.classifier.dialect == call.services.language.dialect:
        return Response(200, views.chosen(remembered, "ledger"))
    if call.services.settings.classifier:
        return Response(200, views.chosen(ActiveClassifier(with_model(call.services, call.now)), "setting"))
    raise NotFound(NO_CLASSIFIER)


def set_classifier(call: Call) -> Response:
    """Send dropped files to {"project", "deployment"}, or {"modelId"} in the quickstart's protocol, from now on."""
    body = json_object(call.request)
    if call.services.settings.language_api == PREVIEW_API:
        classifier = named(call.services, _model_id(text(body, "modelId")))
    else:
        classifier = _deployed(call.services, body)
    looked = call.now if classifier.model else None
    after = call.services.ledger.change(
        ActiveClassifier, lambda before: replace(before, classifier=classifier, since=call.now, looked=looked)
    )
    gate.reopen(call.services)
    return Response(200, views.chosen(after, "ledger"))


def replay_documents(call: Call) -> Response:
    """Have ended documents classified again: `keys`, or all of a `state` with `prefix`, `reason`, `olderModel`."""
    body = json_object(call.request)
    wanted = _wanted(call.services, body, call.now)
    dry_run = flag(body, "dryRun")
    return _counted(*replay(call.services, wanted, call.now, among=_range(body), dry_run=dry_run), dry_run)


def purge_documents(call: Call) -> Response:
    """Forget ended documents whose file is gone, `olderThanDays` days after their end."""
    body = json_object(call.request)
    days = body.get("olderThanDays")
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= MAX_AGE_DAYS:
        raise BadRequest(f'"olderThanDays" must be a whole number from 0 to {MAX_AGE_DAYS}.')
    wanted = replace(_wanted(call.services, body, call.now), until=call.now - timedelta(days=days))
    dry_run = flag(body, "dryRun")
    return _counted(*purge(call.services, wanted, among=_range(body), dry_run=dry_run), dry_run)


def abandon_operation(call: Call) -> Response:
    """Give up an operation that gets nowhere: its project is free again. What the service has begun goes on there."""
    operation = find(call, "operations")
    if operation.state.final:
        raise Conflict(f"Operation {call.key} has ended already: it {operation.state}.")
    [ended] = call.services.ledger.commit((operation, operation.failed("It was given up on request.", call.now)))
    return Response(200, views.operation(ended))


def get_submission(call: Call) -> Response:
    return Response(200, views.pause(call.services.ledger.read(Pause)))


def set_submission(call: Call) -> Response:
    """Pause with {"paused": true}: files are claimed, and jobs under way collected, but no new job begins."""
    body = json_object(call.request)
    if "paused" not in body:
        raise BadRequest('The body must be {"paused": true} or {"paused": false}.')
    paused = flag(body, "paused")
    after = call.services.ledger.change(Pause, lambda before: replace(before, paused=paused, since=call.now))
    return Response(200, views.pause(after))


def get_sweep(call: Call) -> Response:
    return Response(200, views.sweep(call.services.ledger.read(Sweep)))


def start_sweep(call: Call) -> Response:
    """The next tick looks at every file of the container."""
    return Response(202, views.sweep(sweep.ask(call.services)), {"Location": "/api/sweep", "Retry-After": "10"})


def _range(body: Mapping[str, Any]) -> Range:
    keys = body.get("keys", [])
    if not isinstance(keys, list) or len(keys) > MAX_KEYS or not all(_is_key(key) for key in keys):
        raise BadRequest(f'"keys" must be a list of at most {MAX_KEYS} document keys.')
    return Range(tuple(keys), continuation(body))


def _wanted(services: Services, body: Mapping[str, Any], now: datetime) -> Selection:
    older = flag(body, "olderModel")
    state = DocumentState.SUCCEEDED if older else DocumentState.FAILED
    return Selection(
        state=choice(text(body, "state", state.value), "state", _final_state, [one.value for one in FINAL]),
        prefix=text(body, "prefix", ""),
        reason=choice(text(body, "reason"), "reason", Reason, list(Reason)) if "reason" in body else None,
        other_than=_present(services, now) if older else None,
    )


def _deployed(services: Services, body: Mapping[str, Any]) -> Classifier:
    """The deployment that the body names, with the model that it has. Raises NotFound."""
    project, deployment = name_of(text(body, "project"), "project"), name_of(text(body, "deployment"), "deployment")
    models = models_at(services, project)
    if deployment not in models:
        raise NotFound(f"Project {project} has no deployment {deployment}: publish a model to it first.")
    return replace(named(services, f"{project}/{deployment}"), model=models[deployment])


def _present(services: Services, now: datetime) -> Classifier:
    """What older models are older than: without one, every document would be classified again, and by none."""
    found = with_model(services, now)
    if found is None:
        raise NotFound(NO_CLASSIFIER)
    return found


def _model_id(given: str) -> str:
    if not MODEL_ID.fullmatch(given):
        raise BadRequest('"modelId" must be what a publishing gave: letters, digits, hyphens, underscores.')
    return given


def _is_key(key: Any) -> bool:
    return isinstance(key, str) and bool(KEY.fullmatch(key))


def _final_state(word: str) -> DocumentState:
    state = DocumentState(word)
    if not state.final:
        raise ValueError(word)
    return state


def _counted(documents: list[Document], after: str, dry_run: bool) -> Response:
    """What one call did; with `continue`, where the next goes on."""
    shown = [{"key": one.key, "name": one.name, "state": one.state} for one in documents]
    return Response(200, {"dryRun": dry_run, "count": len(documents), "value": shown, **views.continued(after)})
