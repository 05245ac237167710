"""Finds the classifiers for dropped files: from the ledger; the default also from the CLASSIFIER setting."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from shared.domain.routing import MODEL_ASKED_AGAIN, ActiveClassifier, Place, Routing
from shared.errors import LanguageError, ResourceNotFound, VersionConflict
from shared.language.types import Classifier
from shared.pipeline.isolation import each
from shared.services import Services
from shared.settings import PREVIEW_API
from shared.storage.snapshot import Singletons

log = logging.getLogger(__name__)

MODELS_AT_ONCE = 8  # deployments whose models are read before one submission


def chosen(services: Services) -> Classifier | None:
    """The default classifier; None if none was published or set for the configured protocol.

    For a classifier from the setting, the project's kind is read from the service. This may raise a LanguageError.
    """
    if remembered := stored(services).classifier:
        return remembered
    return named(services, services.settings.classifier) if services.settings.classifier else None


def is_missing(services: Services, known: Singletons | None = None) -> bool:
    """Whether there is no classifier, so that all documents wait. Reads the ledger only, not the service."""
    return not names(services, known)


def names(services: Services, known: Singletons | None = None) -> set[str]:
    """The names of all classifiers. Reads the ledger only, if the singletons are not `known`."""
    found = stored(services, known)
    default = found.classifier.name if found.classifier else services.settings.classifier
    return {*([default] if default else []), *(folder.classifier.name for folder in found.folders)}


def unrouted(services: Services, files: Iterable[str], known: Singletons | None = None) -> list[str]:
    """Those of the files with these names that go to no classifier. Reads the ledger only."""
    found = stored(services, known)
    if found.classifier or services.settings.classifier:
        return []
    routes = Routing(None, found.folders)
    return [file for file in files if routes.classifier_for(file) is None]


def with_model(services: Services, now: datetime) -> Classifier | None:
    """The default classifier with its deployment's model, as `routing` reads it."""
    return routing(services, now).default


def routing(services: Services, now: datetime, known: Singletons | None = None) -> Routing:
    """All classifiers, with the models of their deployments, which are read from the service from time to time.

    If a model cannot be read, the one known before is kept. Raises a LanguageError if the project of the CLASSIFIER
    setting cannot be read. If it does not exist, but folders have classifiers, there is no default; it is asked for
    again after MODEL_ASKED_AGAIN. `known`: the singletons, if they were just read.
    """
    before = services.ledger.read(ActiveClassifier, known)
    found = _fitting(services, _remembered(services, before, now))
    if found.classifier or not services.settings.classifier or (found.folders and _was_unknown(services, now)):
        return Routing(found.classifier, found.folders)
    try:
        return Routing(_from_setting(services, now).classifier, found.folders)
    except ResourceNotFound as error:
        if not found.folders:
            raise
        services.seen.unknown_setting = now
        log.warning("There is no default classifier: CLASSIFIER names none that the service knows. %s", error)
        return Routing(None, found.folders)


def named(services: Services, name: str) -> Classifier:
    """The classifier with this name: `project/deployment`, or a model id in the quickstart's protocol."""
    if services.settings.language_api == PREVIEW_API:
        return services.language.classifier("", "", name)
    project, _, deployment = name.partition("/")
    return services.language.classifier(project, deployment, "")


def stored(services: Services, known: Singletons | None = None) -> ActiveClassifier:
    """From the ledger, without classifiers that belong to the other protocol."""
    return _fitting(services, services.ledger.read(ActiveClassifier, known))


def _fitting(services: Services, found: ActiveClassifier) -> ActiveClassifier:
    dialect = services.language.dialect
    folders = tuple(folder for folder in found.folders if folder.classifier.dialect == dialect)
    if found.classifier is None or found.classifier.dialect != dialect:
        return ActiveClassifier(folders=folders)
    return replace(found, folders=folders)


def _remembered(services: Services, before: ActiveClassifier, now: datetime) -> ActiveClassifier:
    after = _looked(services, before, now)
    if after is not before:
        with suppress(VersionConflict):  # another classifier was set meanwhile; it applies to the next submission
            services.ledger.write(after)
    return after


def _from_setting(services: Services, now: datetime) -> ActiveClassifier:
    """Cached in each process: a request for each submission would exhaust the authoring quota."""
    known = services.seen.from_setting or ActiveClassifier(named(services, services.settings.classifier))
    services.seen.from_setting = _looked(services, known, now)
    return services.seen.from_setting


def _was_unknown(services: Services, now: datetime) -> bool:
    """Whether the service has just said that it does not know the project of the CLASSIFIER setting."""
    asked = services.seen.unknown_setting
    return asked is not None and abs(now - asked) < MODEL_ASKED_AGAIN


def _looked(services: Services, before: ActiveClassifier, now: datetime) -> ActiveClassifier:
    due = before.models_due(services.language.dialect, now)[:MODELS_AT_ONCE]
    if not due:
        return before
    models = each(lambda place: _model(services, place), due, lambda _, __: "", workers=len(due))
    return before.with_models({place: model or "" for place, model in zip(due, models, strict=True)}, now)


def _model(services: Services, place: Place) -> str:
    """The model of the deployment; "" if it cannot be read."""
    project, deployment = place
    try:
        return services.language.deployment(project, deployment).model
    except LanguageError as error:
        log.info("The model of deployment %s could not be read: %s", deployment, error)
        return ""
