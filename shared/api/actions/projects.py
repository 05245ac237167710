"""Projects and their labels: what is asked of the Language service's authoring side before anything is trained."""

from __future__ import annotations

from dataclasses import replace

from msgspec import to_builtins

from shared.api import views
from shared.api.actions.starting import begin
from shared.api.bodies import LabelsCheck, LabelsConversion, LabelsExport, LabelsImport, NewProject, ProjectChange
from shared.api.call import Call
from shared.api.requests import Response
from shared.domain.operations import OperationKind
from shared.errors import BadRequest, NotFound, NotSupported, ResourceNotFound
from shared.labels.formats import is_labels_file, write_labels
from shared.labels.validation import load_valid_labels, proofread
from shared.language.types import Kind, Project
from shared.services import Services

MAX_FINDINGS = 200  # errors, and warnings, of one check


def list_projects(call: Call[None]) -> Response:
    return Response(200, {"value": [views.project(one) for one in call.services.language.projects()]})


def get_project(call: Call[None]) -> Response:
    return Response(200, views.project(call.services.language.project(call.project)))


def create_project(call: Call[NewProject]) -> Response:
    """The quickstart's create call: the project and its labels file, a blob of the container it names."""
    parameters = to_builtins(call.body)
    name = parameters.pop("name")
    return begin(call, OperationKind.CREATE, name, parameters)


def update_project(call: Call[ProjectChange]) -> Response:
    """Its description, culture or multiLingual; a project's kind, container and name are for good."""
    body = call.body
    found = call.services.language.project(call.project)
    changed = replace(
        found,
        description=found.description if body.description is None else body.description,
        language=found.language if body.culture is None else body.culture,
        multilingual=found.multilingual if body.multi_lingual is None else body.multi_lingual,
    )
    return Response(200, views.project(call.services.language.change_project(changed)))


def delete_project(call: Call[None]) -> Response:
    return begin(call, OperationKind.DELETE, call.project, {})


def import_labels(call: Call[LabelsImport]) -> Response:
    """Another labels file for a project that exists, from its container; it replaces the labels that it had."""
    return begin(call, OperationKind.IMPORT, call.project, {"labelsLocation": call.body.labels_location})


def export_labels(call: Call[LabelsExport]) -> Response:
    """The project's labels, as a file in its container."""
    name = call.project
    location = call.body.labels_location or f"{name}-labels.json"
    parameters = {"labelsLocation": location, "format": call.body.format.value}
    return begin(call, OperationKind.EXPORT, name, parameters)


def check_labels(call: Call[LabelsCheck]) -> Response:
    """What is wrong with a labels file and the texts it names, whether the project exists yet or not."""
    container, kind = _place(call)
    proof = proofread(call.services, container, call.body.labels_location, kind)
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


def convert_labels(call: Call[LabelsConversion]) -> Response:
    """A labels file in the other format, beside it in the project's container."""
    name, body = call.project, call.body
    container, kind = _place(call)
    _require_own(call.services, name, container)
    labels = load_valid_labels(call.services, container, body.labels_location, kind or Kind.MULTI)
    made = Project(name, kind or Kind.MULTI, container, body.culture)
    call.services.documents.write_any(container, body.target, write_labels(made, labels, body.format), is_labels_file)
    return Response(200, {"container": container, "labelsLocation": body.target, "format": body.format})


def list_languages(call: Call[None]) -> Response:
    """The languages that projects may be in."""
    return Response(
        200, {"value": [{"name": one.name, "code": one.code} for one in call.services.language.languages()]}
    )


def _place(call: Call[LabelsCheck] | Call[LabelsConversion]) -> tuple[str, Kind | None]:
    """The container of a labels file and its project's kind: as given, else those of the project that exists."""
    container, kind = call.body.storage_input_container_name, call.body.model_type
    if container:
        return container, kind
    try:
        found = call.services.language.project(call.project)
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
