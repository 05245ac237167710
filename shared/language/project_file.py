"""Today's labels file: a project and its labels, as in imports and exports. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import BadRequest
from shared.language.types import Kind, LabelledDocument, Labels, Project

VERSION = "2022-05-01"
"""The version of the labels file, the same for all API versions (documentation)."""
KINDS: Mapping[Kind, str] = {
    Kind.MULTI: "CustomMultiLabelClassification",
    Kind.SINGLE: "CustomSingleLabelClassification",
}


def project_file(project: Project, labels: Labels) -> dict[str, object]:
    """The whole file. Raises BadRequest for a document with several classes in a single-label project."""
    return {
        "projectFileVersion": VERSION,
        "stringIndexType": "Utf16CodeUnit",
        "metadata": metadata(project),
        "assets": {
            "projectKind": KINDS[project.kind],
            "classes": [{"category": category} for category in labels.classes],
            "documents": [_labelled(document, project) for document in labels.documents],
        },
    }


def metadata(project: Project) -> dict[str, object]:
    return {
        "projectKind": KINDS[project.kind],
        "storageInputContainerName": project.container,
        "projectName": project.name,
        "language": project.language,
        "multilingual": project.multilingual,
        "description": project.description,
    }


def _labelled(document: LabelledDocument, project: Project) -> dict[str, object]:
    entry: dict[str, object] = {"location": document.location, "language": document.language or project.language}
    if document.dataset:
        entry["dataset"] = document.dataset
    categories = [{"category": category} for category in document.classes]
    if project.kind is Kind.MULTI:
        return {**entry, "classes": categories}
    if len(categories) > 1:
        raise BadRequest(f"{document.location!r} has several classes, but {project.name!r} is a single-label project.")
    return {**entry, "class": categories[0]} if categories else entry
