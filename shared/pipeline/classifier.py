"""Finds the classifier for dropped files: from the ledger, or from the CLASSIFIER setting if the ledger has none."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime

from shared.domain.singletons import ActiveClassifier
from shared.errors import LanguageError, VersionConflict
from shared.language.types import Classifier
from shared.services import Services
from shared.settings import PREVIEW_API

log = logging.getLogger(__name__)


def chosen(services: Services) -> Classifier | None:
    """The active classifier; None if none was published or set for the configured protocol.

    For a classifier from the setting, the project's kind is read from the service. This may raise a LanguageError.
    """
    if remembered := stored(services).classifier:
        return remembered
    return named(services, services.settings.classifier) if services.settings.classifier else None


def is_missing(services: Services) -> bool:
    """Whether there is no active classifier, so that documents wait. Reads the ledger only, not the service."""
    return stored(services).classifier is None and not services.settings.classifier


def with_model(services: Services, now: datetime) -> Classifier | None:
    """The active classifier with its deployment's model, which is read from the service from time to time.

    If the model cannot be read, the classifier is returned with the model known before.
    """
    if (remembered := stored(services)).classifier:
        return _remembered(services, remembered, now).classifier
    return _from_setting(services, now).classifier if services.settings.classifier else None


def named(services: Services, name: str) -> Classifier:
    """The classifier with this name: `project/deployment`, or a model id in the quickstart's protocol."""
    if services.settings.language_api == PREVIEW_API:
        return services.language.classifier("", "", name)
    project, _, deployment = name.partition("/")
    return services.language.classifier(project, deployment, "")


def stored(services: Services) -> ActiveClassifier:
    """From the ledger; without a classifier if the stored one belongs to the other protocol."""
    found = services.ledger.read(ActiveClassifier)
    fits = found.classifier is not None and found.classifier.dialect == services.language.dialect
    return found if fits else ActiveClassifier()


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


def _looked(services: Services, before: ActiveClassifier, now: datetime) -> ActiveClassifier:
    if before.classifier is None or not before.is_model_due(services.language.dialect, now):
        return before
    try:
        deployment = services.language.deployment(before.classifier.project, before.classifier.deployment)
    except LanguageError as error:
        log.info("The model of deployment %s could not be read: %s", before.classifier.deployment, error)
        return before.with_model("", now)
    return before.with_model(deployment.model, now)
