"""Projects and their labels: what is asked of the Language service's authoring side before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from shared.api import views
from shared.api.actions.starting import begin
from shared.api.call import Call
from shared.api.requests import Response, choice, file_name, flag, json_object, name_of, text
from shared.domain.operations import OperationKind
from shared.errors import BadRequest, NotFound, NotSupported, ResourceNotFound
from shared.labels.formats import Format, is_labels_file, write_labels
from shared.labels.validation import load_valid_labels, proofread
from shared.language.types import Kind, Project
from shared.services import Services

MAX_FINDINGS = 200  # errors, and warnings, of one check
# What may change in a project, as callers call it.
CHANGEABLE = ("description", "culture", "multiLingual")
KINDS = [one.value for one in Kind]


def list_projects(call: Call) -> Response:
    return Response(200, {"value": [views.project(one) for one in call.services.language.projects()]})


def get_project(call: Call) -> Response:
    return Response(200, views.project(call.services.language.project(call.project)))


def create_project(call: Call) -> Response:
    """The quickstart's create call: the project and its labels file, a blob of the container it names."""
    body = json_object(call.request)
    kind = choice(text(body, "modelType"), "modelType", Kind, KINDS)
    parameters = {
        "modelType": kind.value,
        "storageInputContainerName": text(body, "storageInputContainerName"),
        "labelsLocation": text(body, "labelsLocation"),
        "culture": text(body, "culture", "en-us"),
        "description": text(body, "description", ""),
        "multiLingual": flag(body, "multiLingual"),
    }
    return begin(call, OperationKind.CREATE, name_of(text(body, "name"), "project"), parameters)


def update_project(call: Call) -> Response:
    """Its description, culture or multiLingual; a project's kind, container and name are for good."""
    body = json_object(call.request)
    if not body or not body.keys() <= set(CHANGEABLE):
        raise BadRequest(f"The body must have some of {', '.join(CHANGEABLE)}: nothing else of a project can change.")
    found = call.services.language.project(call.project)
    changed = replace(
        found,
        description=text(body, "description", found.description),
        language=text(body, "culture") if "culture" in body else found.language,
        multilingual=flag(body, "multiLingual", default=found.multilingual),
    )
    return Response(200, views.project(call.services.language.change_project(changed)))


def delete_project(call: Call) -> Response:
    return begin(call, OperationKind.DELETE, call.project, {})


def import_labels(call: Call) -> Response:
    """Another labels file for a project that exists, from its container; it replaces the labels that it had."""
    parameters = {"labelsLocation": text(json_object(call.request), "labelsLocation")}
    return begin(call, OperationKind.IMPORT, call.project, parameters)


def export_labels(call: Call) -> Response:
    """The project's labels, as a file in its container."""
    body = json_object(call.request) if call.request.body else {}
    name = call.project
    parameters = {
        "labelsLocation": _json_name(body, "labelsLocation", f"{name}-labels.json"),
        "format": _format(body).value,
    }
    return begin(call, OperationKind.EXPORT, name, parameters)


def check_labels(call: Call) -> Response:
    """What is wrong with a labels file and the texts it names, whether the project exists yet or not."""
    body = json_object(call.request)
    container, kind = _place(call.services, body, call.project)
    proof = proofread(call.services, container, text(body, "labelsLocation"), kind)
    counts = {name: sum(name in one.classes for one in proof.labels.documents) for name in proof.labels.classes}
    errors, warnings = proof.findings.errors, proof.findings.warnings
    return Response(
        200,
        {
            "ok": not errors,
            "errorCount": len(errors),
            "errors": [views.finding(one) for one in errors[:MAX_FINDINGS]],
            "warningCount": len(warnings),
            "warnings": [views.finding(one) for one in warnings[:MAX_FINDINGS]],
            "documents": len(proof.labels.documents),
            "classes": counts,
            "format": proof.format,
        },
    )


def convert_labels(call: Call) -> Response:
    """A labels file in the other format, beside it in the project's container."""
    body = json_object(call.request)
    name, written, target = call.project, _format(body), _json_name(body, "target")
    container, kind = _place(call.services, body, name)
    _require_own(call.services, name, container)
    labels = load_valid_labels(call.services, container, text(body, "labelsLocation"), kind or Kind.MULTI)
    made = Project(name, kind or Kind.MULTI, container, text(body, "culture", "en-us"))
    call.services.documents.write_any(container, target, write_labels(made, labels, written), is_labels_file)
    return Response(200, {"container": container, "labelsLocation": target, "format": written})


def list_languages(call: Call) -> Response:
    """The languages that projects may be in."""
    return Response(
        200, {"value": [{"name": one.name, "code": one.code} for one in call.services.language.languages()]}
    )


def _place(services: Services, body: Mapping[str, Any], name: str) -> tuple[str, Kind | None]:
    """The container of a labels file and its project's kind: as given, else those of the project that exists."""
    kind = choice(text(body, "modelType"), "modelType", Kind, KINDS) if "modelType" in body else None
    if "storageInputContainerName" in body:
        return text(body, "storageInputContainerName"), kind
    try:
        found = services.language.project(name)
    except NotSupported:
        raise BadRequest('"storageInputContainerName" must say which container the labels file is in.') from None
    return found.container, kind or found.kind


def _require_own(services: Services, name: str, container: str) -> None:
    """A caller has labels written to the project's own container only.

    The quickstart's protocol cannot say which that is. There the sound labels file beside the target, with all the
    texts it names, shows that the container is a project's.
    """
    services.documents.require_writable(container)
    try:
        own = services.language.project(name).container
    except NotSupported:
        return
    except ResourceNotFound:
        raise NotFound(f"There is no project {name}, and labels are written to a project's container only.") from None
    if container != own:
        raise BadRequest(f"Labels of project {name} are written to its own container only, which is {own}.")


def _format(body: Mapping[str, Any]) -> Format:
    return choice(text(body, "format", Format.TODAY.value), "format", Format, list(Format))  # type: ignore[no-any-return]


def _json_name(body: Mapping[str, Any], field: str, default: str | None = None) -> str:
    """A name that no text to learn from has, so that none is ever overwritten."""
    name = file_name(text(body, field, default), field)
    if not name.endswith(".json"):
        raise BadRequest(f"A labels file is written to a name that ends in .json, not to {name}.")
    return name
