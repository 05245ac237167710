"""Projects and their labels."""

from __future__ import annotations

from dataclasses import replace

from msgspec import to_builtins

from shared.api import views
from shared.api.actions.starting import start_operation
from shared.api.bodies import LabelsCheck, LabelsConversion, LabelsExport, LabelsImport, NewProject, ProjectChange
from shared.api.call import Call
from shared.api.requests import Response
from shared.domain.operations import OperationKind
from shared.errors import BadRequest, NotFound, NotSupported, ResourceNotFound
from shared.labels.formats import is_labels_file, write_labels
from shared.labels.validation import load_valid_labels, proofread
from shared.language.types import Kind, Project
from shared.services import Services

MAX_FINDINGS = 200  # errors in a response, and as many warnings


def list_projects(call: Call[None]) -> Response:
    return Response(200, {"value": [views.project(project) for project in call.services.language.projects()]})


def get_project(call: Call[None]) -> Response:
    return Response(200, views.project(call.services.language.project(call.project)))


def create_project(call: Call[NewProject]) -> Response:
    """Create a project and import its labels file, a blob in the project's container."""
    parameters = to_builtins(call.body)
    project = parameters.pop("name")
    return start_operation(call, OperationKind.CREATE, project, parameters)


def update_project(call: Call[ProjectChange]) -> Response:
    """Change the description, culture or multiLingual of a project. Its type, container and name cannot change."""
    body = call.body
    project = call.services.language.project(call.project)
    changed = replace(
        project,
        description=project.description if body.description is None else body.description,
        language=project.language if body.culture is None else body.culture,
        multilingual=project.multilingual if body.multi_lingual is None else body.multi_lingual,
    )
    return Response(200, views.project(call.services.language.change_project(changed)))


def delete_project(call: Call[None]) -> Response:
    return start_operation(call, OperationKind.DELETE, call.project, {})


def import_labels(call: Call[LabelsImport]) -> Response:
    """Replace the labels of a project with a labels file in its container."""
    return start_operation(call, OperationKind.IMPORT, call.project, {"labelsLocation": call.body.labels_location})


def export_labels(call: Call[LabelsExport]) -> Response:
    """Write the labels of a project to a labels file in its container."""
    location = call.body.labels_location or f"{call.project}-labels.json"
    parameters = {"labelsLocation": location, "format": call.body.format.value}
    return start_operation(call, OperationKind.EXPORT, call.project, parameters)


def check_labels(call: Call[LabelsCheck]) -> Response:
    """Validate a labels file and the texts it names. The project need not exist."""
    container, project_kind = _container_and_kind(call)
    proof = proofread(call.services, container, call.body.labels_location, project_kind)
    counts = {
        name: sum(name in document.classes for document in proof.labels.documents) for name in proof.labels.classes
    }
    errors, warnings = proof.findings.errors, proof.findings.warnings
    return Response(
        200,
        {
            "ok": not errors,
            "errorCount": len(errors),
            "errors": [views.finding(error) for error in errors[:MAX_FINDINGS]],
            "warningCount": len(warnings),
            "warnings": [views.finding(warning) for warning in warnings[:MAX_FINDINGS]],
            "documents": len(proof.labels.documents),
            "classes": counts,
            "format": proof.format,
        },
    )


def convert_labels(call: Call[LabelsConversion]) -> Response:
    """Write a labels file in another format, next to it in the project's container."""
    body = call.body
    container, project_kind = _container_and_kind(call)
    _require_own_container(call.services, call.project, container)
    labels = load_valid_labels(call.services, container, body.labels_location, project_kind or Kind.MULTI)
    project = Project(call.project, project_kind or Kind.MULTI, container, body.culture)
    content = write_labels(project, labels, body.format)
    call.services.documents.write_any(container, body.target, content, is_labels_file)
    return Response(200, {"container": container, "labelsLocation": body.target, "format": body.format})


def list_languages(call: Call[None]) -> Response:
    """List the supported languages of projects."""
    languages = call.services.language.languages()
    return Response(200, {"value": [{"name": language.name, "code": language.code} for language in languages]})


def _container_and_kind(call: Call[LabelsCheck] | Call[LabelsConversion]) -> tuple[str, Kind | None]:
    """The container of a labels file and the kind of its project, from the body or from the existing project.

    Raises BadRequest if the body has no container and the protocol cannot return that of the project.
    """
    container, project_kind = call.body.storage_input_container_name, call.body.model_type
    if container:
        return container, project_kind
    try:
        project = call.services.language.project(call.project)
    except NotSupported:
        raise BadRequest('"storageInputContainerName" is required: the container of the labels file.') from None
    return project.container, project_kind or project.kind


def _require_own_container(services: Services, name: str, container: str) -> None:
    """Raises BadRequest unless `container` is that of the project, so that callers cannot write to other containers.

    The quickstart's protocol does not return the container of a project. There, a valid labels file next to the target
    and all the texts it names show that the container belongs to a project.
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
