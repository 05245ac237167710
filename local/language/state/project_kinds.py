"""The names of the two kinds of project in each protocol: "single" (one class for each document) and "multi"."""

from __future__ import annotations

from local.language.protocol.service_errors import bad_parameter
from local.language.state.records import MULTI, SINGLE

CURRENT = {SINGLE: "CustomSingleLabelClassification", MULTI: "CustomMultiLabelClassification"}
NO_CLASS = "None"  # in single-label evaluations (recorded), and for a confidence below the threshold of the project
QUICKSTART = {SINGLE: "SingleClassification", MULTI: "MultiClassification"}


def current_kind(name: str) -> str:
    """The kind that `projectKind` names, in upper or lower case (recorded). Raises a 400 ServiceError."""
    kind = {wire_name.lower(): kind for kind, wire_name in CURRENT.items()}.get(name.lower())
    if kind is None:
        raise bad_parameter(f"projectKind {name!r} is not supported: use {_choice(CURRENT)}.", "projectKind")
    return kind


def quickstart_kind(name: str) -> str:
    """The kind that `modelType` names. Raises a 400 ServiceError."""
    kind = {wire_name: kind for kind, wire_name in QUICKSTART.items()}.get(name)
    if kind is None:
        raise bad_parameter(f"modelType {name!r} is not supported: use {_choice(QUICKSTART)}.", "modelType")
    return kind


def _choice(names: dict[str, str]) -> str:
    return " or ".join(names.values())
