"""The local Language service in rooms: which of its packages imports which."""

from __future__ import annotations

import re

import pytest

from tests.repository.package_rooms import ROOT, modules_of, violations

PACKAGE = "local.language"
# Each room, and the rooms it imports from, all of them above it.
ROOMS: dict[str, tuple[str, ...]] = {
    "protocol": (),
    "engine": (),
    "state": ("protocol", "engine"),
    "conditions": ("protocol", "state"),
    "jobs": ("protocol", "state", "conditions"),
    "operations": ("protocol", "engine", "state", "conditions", "jobs"),
    "authoring": ("protocol", "engine", "state", "operations"),
    "runtime": ("protocol", "state", "jobs", "operations"),
    "other_features": ("protocol", "engine", "state", "jobs", "operations", "authoring", "runtime"),
    "server": (
        *("protocol", "engine", "state", "conditions"),
        *("jobs", "operations", "authoring", "runtime", "other_features"),
    ),
}
OUTSIDE = ("local.errors", "local.connections")
README = (ROOT / "local/language/README.md").read_text("utf-8")


def test_a_room_imports_only_from_the_rooms_it_names() -> None:
    assert violations(PACKAGE, ROOMS, OUTSIDE) == []


@pytest.mark.parametrize(
    ("rooms", "violation"),
    [
        ({**ROOMS, "state": ("protocol",)}, "state.model_evaluation imports engine"),
        ({**ROOMS, "runtime": ("protocol", "state", "operations")}, "runtime.job_pages imports jobs.partial_results"),
        ({**ROOMS, "engine": ("protocol",)}, "engine may import protocol, but does not"),
        ({**ROOMS, "engine": ("state",)}, "engine names state, which is not above it"),
        ({room: ROOMS[room] for room in list(ROOMS)[:-1]}, "server.dialects is in no room"),
        ({**ROOMS, "cellar": ()}, "cellar does not exist"),
    ],
)
def test_what_breaks_the_table_is_named(rooms: dict[str, tuple[str, ...]], violation: str) -> None:
    assert violation in violations(PACKAGE, rooms, OUTSIDE)


def test_an_import_of_ours_from_outside_is_named() -> None:
    assert "server.connections imports local.connections" in violations(PACKAGE, ROOMS, ("local.errors",))


def test_the_readme_maps_every_room_and_every_module() -> None:
    rows = dict(re.findall(r"^\| `(\w+)/` \| .* \| (.*) \|$", README, re.MULTILINE))
    assert list(rows) == list(ROOMS)
    modules = [name for name in modules_of(PACKAGE) if "." in name]
    for room, named in rows.items():
        assert re.findall(r"`([\w.]+)`", named) == [
            name.split(".", 1)[1] for name in modules if name.startswith(f"{room}.")
        ]
