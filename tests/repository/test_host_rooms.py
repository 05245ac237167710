"""The Functions host in rooms: which of its packages imports which."""

from __future__ import annotations

import re

import pytest

from tests.repository.package_rooms import ROOT, modules_of, violations

PACKAGE = "local.host"
# Each room, and the rooms it imports from, all of them above it.
ROOMS: dict[str, tuple[str, ...]] = {
    "errors": (),
    "clock": (),
    "config": ("errors",),
    "storage": ("errors", "clock", "config"),
    "triggers": ("errors", "config"),
    "functions": ("config", "triggers"),
    "loading": ("errors", "config", "storage", "triggers", "functions"),
    "listeners": ("errors", "clock"),
    "timers": ("errors", "clock", "config", "storage", "triggers", "functions", "loading", "listeners"),
    "blobs": ("config", "storage", "triggers", "functions", "loading", "listeners"),
    "queues": ("config", "storage", "functions", "loading", "listeners"),
    "http": ("config", "storage", "triggers", "functions", "loading", "timers", "blobs", "queues"),
    "log_format": ("functions",),
    "banner": ("functions", "loading"),
    "launch": ("banner",),
    "server": ("errors", "functions", "loading", "listeners", "timers", "blobs", "queues", "http", "banner"),
    "cli": ("config", "triggers", "functions", "loading", "http", "log_format", "banner", "server"),
}
OUTSIDE = (
    "local.errors",
    "local.paths",
    "local.ports",
    "local.child_process",
    "local.connections",
    "local.development_storage",
)
README = (ROOT / "local/host/README.md").read_text("utf-8")


def test_a_room_imports_only_from_the_rooms_it_names() -> None:
    assert violations(PACKAGE, ROOMS, OUTSIDE) == []


@pytest.mark.parametrize(
    ("rooms", "violation"),
    [
        ({**ROOMS, "config": ()}, "config.settings imports errors"),
        ({**ROOMS, "listeners": ("clock", "config")}, "listeners may import config, but does not"),
        ({**ROOMS, "config": ("errors", "storage")}, "config names storage, which is not above it"),
        ({room: ROOMS[room] for room in list(ROOMS)[:-1]}, "cli is in no room"),
    ],
)
def test_what_breaks_the_table_is_named(rooms: dict[str, tuple[str, ...]], violation: str) -> None:
    assert violation in violations(PACKAGE, rooms, OUTSIDE)


def test_an_import_of_ours_from_outside_is_named() -> None:
    assert "cli imports local.ports" in violations(PACKAGE, ROOMS, ("local.errors",))


def test_the_readme_maps_every_room_and_every_module() -> None:
    rows = dict(re.findall(r"^\| `(\w+)(?:/|\.py)` \| .* \|(.*)\|$", README, re.MULTILINE))
    assert list(rows) == list(ROOMS)
    modules = list(modules_of(PACKAGE))
    for room, named in rows.items():
        assert re.findall(r"`([\w.]+)`", named) == [
            name.split(".", 1)[1] for name in modules if name.startswith(f"{room}.")
        ]
