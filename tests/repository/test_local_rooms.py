"""What runs on one machine in rooms: which part of local/ imports which, and that no folder grows too full."""

from __future__ import annotations

import pytest

from tests.repository import package_rooms
from tests.repository.package_rooms import modules_of, violations

PACKAGE = "local"
# Each room, and the rooms it imports from, all of them above it.
ROOMS: dict[str, tuple[str, ...]] = {
    "errors": (),
    "paths": (),
    "bulk": (),
    "ports": ("errors",),
    "development_storage": (),
    "child_process": ("errors",),
    "connections": (),
    "language": ("errors", "connections"),
    "host": ("errors", "paths", "ports", "development_storage", "child_process", "connections"),
    "stack": ("errors", "paths", "ports", "development_storage", "child_process", "language", "host"),
    "doctor": ("errors", "development_storage", "host"),
    "labelled": ("errors",),
    "cli": ("errors", "paths", "development_storage", "host", "stack", "doctor", "labelled", "bulk"),
    "__main__": ("errors", "paths"),
}
SHARED = [f"shared.{name}" for name in modules_of("shared")]


def test_a_room_imports_only_from_the_rooms_it_names() -> None:
    assert violations(PACKAGE, ROOMS, SHARED) == []


def test_what_breaks_the_table_is_named() -> None:
    broken = violations(PACKAGE, {**ROOMS, "doctor": ("errors", "host")}, SHARED)
    assert "doctor.storage_accounts imports development_storage" in broken


def test_a_folder_that_is_too_full_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_rooms, "MAX_MODULES", 1)
    assert "host.config holds 5 modules" in violations(PACKAGE, ROOMS, SHARED)
