"""What each protocol calls the two kinds of project: one class a document ("single") or any number ("multi")."""

from __future__ import annotations

from local.language.protocol.service_errors import bad_parameter
from local.language.state.records import MULTI, SINGLE

CURRENT = {SINGLE: "CustomSingleLabelClassification", MULTI: "CustomMultiLabelClassification"}
NO_CLASS = "None"  # in single-label evaluations (recorded), and for what a project's threshold calls unsure
QUICKSTART = {SINGLE: "SingleClassification", MULTI: "MultiClassification"}


def current_kind(name: str) -> str:
    """The kind of a `projectKind`; case does not matter (recorded). Raises a 400 ServiceError."""
    found = {wire.lower(): kind for kind, wire in CURRENT.items()}.get(name.lower())
    if found is None:
        raise bad_parameter(f"{name!r} is no projectKind that this service has: {_choice(CURRENT)}.", "projectKind")
    return found


def quickstart_kind(name: str) -> str:
    """The kind of a `modelType`. Raises a 400 ServiceError."""
    found = {wire: kind for kind, wire in QUICKSTART.items()}.get(name)
    if found is None:
        raise bad_parameter(f"{name!r} is no modelType that this service has: {_choice(QUICKSTART)}.", "modelType")
    return found


def _choice(names: dict[str, str]) -> str:
    return " or ".join(names.values())
