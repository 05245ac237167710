"""The classifiers that dropped files go to: the default, and those of folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from shared.api import views
from shared.api.bodies import NewClassifier
from shared.api.call import Call
from shared.api.requests import Response
from shared.domain.document_json import View
from shared.domain.routing import MAX_FOLDERS, ActiveClassifier
from shared.errors import BadRequest, Conflict, NotFound
from shared.language.types import Classifier
from shared.operations.handlers import models_at
from shared.pipeline import gate
from shared.pipeline.classifier import named, stored, with_model
from shared.services import Services
from shared.settings import PREVIEW_API

NO_CLASSIFIER = "There is no classifier yet: publish a model, or PUT /api/classifier. Until then files wait."
FULL = (
    f"There are {MAX_FOLDERS} prefixes, which is the maximum: DELETE one of them, or use a shorter prefix for several."
)


def get_classifier(call: Call[None]) -> Response:
    """The active classifier, and whether it is from the ledger (a publish, a PUT) or the CLASSIFIER setting."""
    found = _default(call, stored(call.services))
    if not found:
        raise NotFound(NO_CLASSIFIER)
    return Response(200, found)


def set_classifier(call: Call[NewClassifier]) -> Response:
    """Set the active classifier: {"project", "deployment"}, or {"modelId"} in the quickstart's protocol."""

    def chosen(before: ActiveClassifier, classifier: Classifier, looked: datetime | None) -> ActiveClassifier:
        return replace(before, classifier=classifier, since=call.now, looked=looked)

    after = _change(call, chosen)
    return Response(200, views.active_classifier(after, "ledger"))


def list_classifiers(call: Call[None]) -> Response:
    """The active classifier as `default`, and those of all prefixes. A file goes to that of its longest prefix."""
    found = stored(call.services)
    default = _default(call, found)
    value = [views.folder_classifier(folder) for folder in found.folders]
    return Response(200, {**({"default": default} if default else {}), "value": value})


def set_folder_classifier(call: Call[NewClassifier]) -> Response:
    """Send the files whose names begin with the prefix to a separate classifier, such as those of a folder.

    The body is that of PUT /api/classifier. The longest prefix applies. Files that are in a job are not sent again.
    """
    prefix = call.prefix

    def added(before: ActiveClassifier, classifier: Classifier, looked: datetime | None) -> ActiveClassifier:
        listed = {one.prefix for one in before.folders if one.classifier.dialect == classifier.dialect}
        if len(listed | {prefix}) > max(MAX_FOLDERS, len(listed)):
            raise Conflict(FULL)
        return before.with_folder(prefix, classifier, call.now, looked)

    after = _change(call, added)
    [folder] = [folder for folder in after.folders if folder.prefix == prefix]
    return Response(200, views.folder_classifier(folder))


def delete_folder_classifier(call: Call[None]) -> Response:
    """Send the files whose names begin with the prefix to the classifier of a shorter prefix, or the default, again."""
    prefix = call.prefix

    def removed(before: ActiveClassifier) -> ActiveClassifier:
        if not any(folder.prefix == prefix for folder in before.folders):
            raise NotFound(f"Prefix {prefix} has no classifier: GET /api/classifiers lists all prefixes.")
        return before.without_folder(prefix)

    call.services.ledger.change(ActiveClassifier, removed)
    gate.reopen(call.services)
    return Response(200, {"deleted": prefix})


def _change(
    call: Call[NewClassifier], change: Callable[[ActiveClassifier, Classifier, datetime | None], ActiveClassifier]
) -> ActiveClassifier:
    """Store the change. Other entries with the same deployment get its model, too.

    The model is read after the entries. So if a publishing or a swap changes them meanwhile, it is read once more.
    """

    def changed(before: ActiveClassifier) -> ActiveClassifier:
        classifier, looked = _classifier(call)
        models = {(classifier.project, classifier.deployment): classifier.model} if classifier.model else {}
        return change(before, classifier, looked).with_models(models, call.now)

    after = call.services.ledger.change(ActiveClassifier, changed)
    gate.reopen(call.services)
    return after


def _default(call: Call[None], found: ActiveClassifier) -> View:
    """The active classifier; {} if there is none. May raise a LanguageError if it is from the setting."""
    if found.classifier:
        return views.active_classifier(found, "ledger")
    if call.services.settings.classifier and (named_by_setting := with_model(call.services, call.now)):
        return views.active_classifier(ActiveClassifier(named_by_setting), "setting")
    return {}


def _classifier(call: Call[NewClassifier]) -> tuple[Classifier, datetime | None]:
    """The classifier that the body names, and when its model was read. Raises BadRequest or NotFound."""
    if call.services.settings.language_api == PREVIEW_API:
        return named(call.services, _required(call.body.model_id, "modelId")), None
    classifier = _deployment(call.services, call.body)
    return classifier, call.now if classifier.model else None


def _deployment(services: Services, body: NewClassifier) -> Classifier:
    """The deployment that the body names, with its model. Raises NotFound."""
    project, deployment = _required(body.project, "project"), _required(body.deployment, "deployment")
    models = models_at(services, project)
    if deployment not in models:
        raise NotFound(f"Project {project} has no deployment {deployment}: publish a model to it first.")
    return replace(named(services, f"{project}/{deployment}"), model=models[deployment])


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise BadRequest(f'"{name}" must be a string that is not empty.')
    return value
