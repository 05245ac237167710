"""Which classifier dropped files go to: the ledger's, or the CLASSIFIER setting's until the ledger has one."""

from __future__ import annotations

from shared.language.types import Classifier
from shared.services import Services
from shared.settings import PREVIEW_API
from shared.singles import Chosen


def chosen(services: Services) -> Classifier | None:
    """The classifier of the day; None if none was published or set for the protocol in use.

    May raise a LanguageError: a classifier from the setting asks the service for its project's kind.
    """
    remembered = services.ledger.read(Chosen).classifier
    if remembered and remembered.dialect == services.language.dialect:
        return remembered
    return named(services, services.settings.classifier) if services.settings.classifier else None


def named(services: Services, name: str) -> Classifier:
    """The classifier of this name: `project/deployment`, or a model id in the quickstart's protocol."""
    if services.settings.language_api == PREVIEW_API:
        return services.language.classifier("", "", name)
    project, _, deployment = name.partition("/")
    return services.language.classifier(project, deployment, "")
