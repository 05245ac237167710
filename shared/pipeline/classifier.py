"""Which classifier dropped files go to: the ledger's, or the CLASSIFIER setting's until the ledger has one."""

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
    """The classifier of the day as it is remembered; None if none was published or set for the protocol in use.

    May raise a LanguageError: a classifier from the setting asks the service for its project's kind.
    """
    remembered = services.ledger.read(ActiveClassifier).classifier
    if remembered and remembered.dialect == services.language.dialect:
        return remembered
    return named(services, services.settings.classifier) if services.settings.classifier else None


def is_missing(services: Services) -> bool:
    """Whether dropped files go to no classifier, so that they wait. Asks the ledger only, never the service."""
    remembered = services.ledger.read(ActiveClassifier).classifier
    fits = remembered is not None and remembered.dialect == services.language.dialect
    return not fits and not services.settings.classifier


def with_model(services: Services, now: datetime) -> Classifier | None:
    """The same, with the model that its deployment has: it is read when it is unknown, and again after a while.

    A model that cannot be read keeps no document waiting: the classifier is used as it is known.
    """
    remembered = services.ledger.read(ActiveClassifier)
    if remembered.classifier and remembered.classifier.dialect == services.language.dialect:
        return _remembered(services, remembered, now).classifier
    return _from_setting(services, now).classifier if services.settings.classifier else None


def named(services: Services, name: str) -> Classifier:
    """The classifier of this name: `project/deployment`, or a model id in the quickstart's protocol."""
    if services.settings.language_api == PREVIEW_API:
        return services.language.classifier("", "", name)
    project, _, deployment = name.partition("/")
    return services.language.classifier(project, deployment, "")


def _remembered(services: Services, before: ActiveClassifier, now: datetime) -> ActiveClassifier:
    after = _looked(services, before, now)
    if after is not before:
        with suppress(VersionConflict):  # another was chosen at this moment: it counts from the next submission
            services.ledger.write(after)
    return after


def _from_setting(services: Services, now: datetime) -> ActiveClassifier:
    """Each process asks for itself and remembers: asking at each submission would use up the authoring quota."""
    known = services.seen.from_setting or ActiveClassifier(named(services, services.settings.classifier))
    services.seen.from_setting = _looked(services, known, now)
    return services.seen.from_setting


def _looked(services: Services, before: ActiveClassifier, now: datetime) -> ActiveClassifier:
    if before.classifier is None or not before.is_model_due(services.language.dialect, now):
        return before
    try:
        found = services.language.deployment(before.classifier.project, before.classifier.deployment)
    except LanguageError as trouble:
        log.info("Which model deployment %s has is not known: %s", before.classifier.deployment, trouble)
        return before.with_model("", now)
    return before.with_model(found.model, now)
