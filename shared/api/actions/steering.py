"""What a caller can have the app do: replay, purge, pause and resume, sweep, choose the classifier."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from shared.api import views
from shared.api.actions.listings import find
from shared.api.requests import KEY, Answer, Request, choice, continuation, flag, json_object, name_of, text
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


def get_classifier(services: Services, request: Request, now: datetime) -> Answer:
    """Where dropped files go, and whether the ledger (a publish, a PUT) or the CLASSIFIER setting says so."""
    del request
    remembered = services.ledger.read(ActiveClassifier)
    if remembered.classifier and remembered.classifier.dialect == services.language.dialect:
        return Answer(200, views.chosen(remembered, "ledger"))
    if services.settings.classifier:
        return Answer(200, views.chosen(ActiveClassifier(with_model(services, now)), "setting"))
    raise NotFound(NO_CLASSIFIER)


def set_classifier(services: Services, request: Request, now: datetime) -> Answer:
    """Send dropped files to {"project", "deployment"}, or {"modelId"} in the quickstart's protocol, from now on."""
    body = json_object(request)
    if services.settings.language_api == PREVIEW_API:
        classifier = named(services, _model_id(text(body, "modelId")))
    else:
        classifier = _deployed(services, body)
    looked = now if classifier.model else None
    after = services.ledger.change(
        ActiveClassifier, lambda before: replace(before, classifier=classifier, since=now, looked=looked)
    )
    gate.reopen(services)
    return Answer(200, views.chosen(after, "ledger"))


def replay_documents(services: Services, request: Request, now: datetime) -> Answer:
    """Have ended documents classified again: `keys`, or all of a `state` with `prefix`, `reason`, `olderModel`."""
    body = json_object(request)
    wanted = _wanted(services, body, now)
    dry_run = flag(body, "dryRun")
    return _counted(*replay(services, wanted, now, among=_range(body), dry_run=dry_run), dry_run)


def purge_documents(services: Services, request: Request, now: datetime) -> Answer:
    """Forget ended documents whose file is gone, `olderThanDays` days after their end."""
    body = json_object(request)
    days = body.get("olderThanDays")
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= MAX_AGE_DAYS:
        raise BadRequest(f'"olderThanDays" must be a whole number from 0 to {MAX_AGE_DAYS}.')
    wanted = replace(_wanted(services, body, now), until=now - timedelta(days=days))
    dry_run = flag(body, "dryRun")
    return _counted(*purge(services, wanted, among=_range(body), dry_run=dry_run), dry_run)


def abandon_operation(services: Services, request: Request, now: datetime, key: str) -> Answer:
    """Give up an operation that gets nowhere: its project is free again. What the service has begun goes on there."""
    del request
    operation = find(services, "operations", key)
    if operation.state.final:
        raise Conflict(f"Operation {key} has ended already: it {operation.state}.")
    [ended] = services.ledger.commit((operation, operation.failed("It was given up on request.", now)))
    return Answer(200, views.operation(ended))


def get_submission(services: Services, request: Request, now: datetime) -> Answer:
    del request, now
    return Answer(200, views.pause(services.ledger.read(Pause)))


def set_submission(services: Services, request: Request, now: datetime) -> Answer:
    """Pause with {"paused": true}: files are claimed, and jobs under way collected, but no new job begins."""
    body = json_object(request)
    if "paused" not in body:
        raise BadRequest('The body must be {"paused": true} or {"paused": false}.')
    paused = flag(body, "paused")
    after = services.ledger.change(Pause, lambda before: replace(before, paused=paused, since=now))
    return Answer(200, views.pause(after))


def get_sweep(services: Services, request: Request, now: datetime) -> Answer:
    del request, now
    return Answer(200, views.sweep(services.ledger.read(Sweep)))


def start_sweep(services: Services, request: Request, now: datetime) -> Answer:
    """The next tick looks at every file of the container."""
    del request, now
    return Answer(202, views.sweep(sweep.ask(services)), {"Location": "/api/sweep", "Retry-After": "10"})


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


def _counted(documents: list[Document], after: str, dry_run: bool) -> Answer:
    """What one call did; with `continue`, where the next goes on."""
    shown = [{"key": one.key, "name": one.name, "state": one.state} for one in documents]
    return Answer(200, {"dryRun": dry_run, "count": len(documents), "value": shown, **views.continued(after)})
