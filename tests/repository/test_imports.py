"""Who imports whom: the rooms of shared/ in one sentence, each thing outside behind one module, a light start."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.repository.package_rooms import MAX_MODULES, circular
from tests.repository.shared_rooms import MODULES, OURS, PACKAGES, RANKS, ROOT, files_of, imported, imports_of, name_of

RANK_OF = {room: number for number, rank in enumerate(RANKS) for room in rank}
# What is imported by these modules of ours and by no other.
ONLY_BY: dict[str, set[str]] = {
    "azure.functions": {"function_app"},
    "os": {"settings"},
    "requests": {"language.deadlines", "language.transport"},
    "urllib3": {"language.deadlines", "language.transport", "services"},
    "azure.data.tables": {"storage.tables", "services"},
    "azure.storage.blob": {"storage.blobs", "services"},
    "azure.storage.queue": {"services"},
    "azure.identity": {"services"},
    "werkzeug": {"api.requests", "api.routes"},
    "hashlib": {"console.files", "domain.keys"},
    "opentelemetry": {"pipeline.tracing"},
    "msgspec": {"storage.serialization", "api.actions.projects", "api.bodies", "api.parsing", "api.schemas"},
}
# Clients of what is outside, and what holds them: `services` alone builds them.
CLIENTS = (
    "BlobServiceClient",
    "TableClient",
    "DefaultAzureCredential",
    "Transport",
    "CurrentLanguage",
    "PreviewLanguage",
    "BlobStore",
    "Ledger",
    "TableRows",
    "QueueClient",
    "EventQueue",
)
# Imported only when they are first used: at the start they would cost every cold process its first second.
ON_FIRST_USE = (
    "requests",
    "azure.data.tables",
    "azure.storage.blob",
    "azure.storage.queue",
    "azure.identity",
    "azure.core",
    "msgspec",
    "opentelemetry",
)
# These decide, and know no place to read or write: nothing of ours but each other, and of Python no I/O and no clock.
PURE_ROOMS = {"domain", "learning"}
PURE = {
    "errors",
    "language.bounded_json",
    "language.endpoint",
    "language.project_file",
    "language.redaction",
    "language.responses",
    "language.types",
    "storage.content_encoding",
    "storage.row_keys",
    "storage.serialization",
    "labels.formats",
    "labels.merging",
    "labels.rules",
    "operations.export_formats",
    "operations.promotion",
    "api.bodies",
    "api.openapi",
    "api.parsing",
    "api.requests",
    "api.route",
    "api.schemas",
    "api.views",
    "api.actions.evaluation_summary",
}
IO = {"azure", "requests", "urllib3", "os", "pathlib", "socket", "subprocess", "threading", "time", "logging"}
CLOCKS_AND_FILES = {"now", "utcnow", "today", "monotonic", "perf_counter", "time", "open", "print", "input"}

Modules = Mapping[str, set[str]]


def called(source: str) -> set[str]:
    """The names of all functions, methods and classes that are called; of `Client.from_x()` also Client."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    parts = [part for call in calls for part in (call, getattr(call, "value", None))]
    return {name for part in parts if (name := getattr(part, "attr", None) or getattr(part, "id", None))}


SOURCES = {name_of(file): file.read_text("utf-8") for file in OURS}


def ours(imports: set[str]) -> set[str]:
    return {name.removeprefix("shared.") for name in imports if name.startswith("shared.")}


def room_of(module: str) -> str:
    return module.partition(".")[0]


def wrong_arrows(modules: Modules) -> list[str]:
    """The imports from a room that is not to the left, a sentence each."""
    return [
        f"{module} imports {name}"
        for module, imports in modules.items()
        for name in sorted(ours(imports))
        if room_of(name) != room_of(module) and RANK_OF[room_of(name)] >= RANK_OF[room_of(module)]
    ]


def circles(modules: Modules) -> list[str]:
    """The modules that import themselves, if only through others."""
    return circular({module: ours(imports) for module, imports in modules.items()})


def impurities(modules: Modules, sources: Mapping[str, str], pure: set[str]) -> list[str]:
    """What pure modules import or call that is not pure, a sentence each."""
    return [
        *(f"{module} imports {name}" for module in pure for name in sorted(ours(modules[module]) - pure)),
        *(f"{module} imports {name}" for module in pure for name in modules[module] if name.split(".")[0] in IO),
        *(f"{module} calls {name}" for module in pure for name in sorted(called(sources[module]) & CLOCKS_AND_FILES)),
    ]


def crowded(files: list[Path]) -> list[Path]:
    """The folders that hold too many modules."""
    sizes = Counter(file.parent for file in files if file.name != "__init__.py")
    return [folder for folder, size in sizes.items() if size > MAX_MODULES]


def users_of(outside: str, modules: Modules) -> set[str]:
    return {
        module
        for module, imports in modules.items()
        if any(name == outside or name.startswith(f"{outside}.") for name in imports)
    }


def pure_modules() -> set[str]:
    return PURE | {module for module in MODULES.keys() - PACKAGES if room_of(module) in PURE_ROOMS}


def with_import(module: str, name: str) -> Modules:
    """Our modules, if `module` imported `name` too."""
    return {**MODULES, module: MODULES[module] | {name}}


# --- the rooms ----------------------------------------------------------------------------------------------------


def test_every_module_is_in_one_room_and_no_room_is_empty() -> None:
    assert sum(len(rank) for rank in RANKS) == len(RANK_OF)
    assert {room_of(module) for module in MODULES.keys() - PACKAGES} == RANK_OF.keys()


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_a_package_itself_imports_nothing(package: str) -> None:
    assert MODULES[package] <= {"__future__"}


def test_a_room_imports_only_from_the_rooms_to_its_left() -> None:
    assert wrong_arrows(MODULES) == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("errors", "language.types"),
        ("language.types", "domain.documents"),
        ("domain.text", "storage.ledger"),
        ("domain.text", "settings"),
        ("settings", "domain.documents"),
        ("storage.ledger", "services"),
        ("services", "pipeline.gate"),
        ("labels.rules", "pipeline.gate"),
        ("pipeline.gate", "labels.rules"),
        ("pipeline.gate", "operations.runner"),
        ("operations.runner", "api.views"),
        ("tick", "api.routes"),
        ("api.routes", "tick"),
    ],
)
def test_an_import_from_another_room_is_found(module: str, name: str) -> None:
    assert wrong_arrows(with_import(module, f"shared.{name}")) == [f"{module} imports {name}"]


def test_no_module_imports_itself_not_even_through_others() -> None:
    assert circles(MODULES) == []


def test_a_circle_within_a_room_is_found() -> None:
    assert circles(with_import("domain.timeline", "shared.domain.operations")) == [
        "domain.operations",
        "domain.timeline",
    ]


def test_no_folder_is_crowded() -> None:
    assert crowded(OURS) == []


def test_a_crowded_folder_is_found() -> None:
    folder = ROOT / "shared" / "domain"
    more = [folder / "__init__.py", *(folder / f"module_{number}.py" for number in range(MAX_MODULES + 1))]
    assert crowded(more[:-1]) == []
    assert crowded(more) == [folder]


def test_nobody_but_function_app_and_itself_imports_the_api() -> None:
    for module, imports in MODULES.items():
        if module != "function_app" and room_of(module) != "api":
            assert not {name for name in ours(imports) if room_of(name) == "api"}, module


def test_the_language_room_imports_of_ours_only_errors_and_itself() -> None:
    for module, imports in MODULES.items():
        if room_of(module) == "language":
            assert {room_of(name) for name in ours(imports)} <= {"errors", "language"}, module


# --- what is outside ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outside", ONLY_BY)
def test_each_thing_outside_is_behind_its_own_module(outside: str) -> None:
    assert users_of(outside, MODULES) == ONLY_BY[outside]
    assert users_of(outside, with_import("domain.text", outside)) != ONLY_BY[outside]


@pytest.mark.parametrize("client", CLIENTS)
def test_services_alone_builds_clients(client: str) -> None:
    assert {module for module, source in SOURCES.items() if client in called(source)} == {"services"}


def test_what_decides_knows_no_input_or_output_and_no_clock() -> None:
    assert impurities(MODULES, SOURCES, pure_modules()) == []


@pytest.mark.parametrize(
    ("source", "impurity"),
    [
        ("import logging", "domain.text imports logging"),
        ("from azure.core import MatchConditions", "domain.text imports azure.core"),
        ("from shared import settings", "domain.text imports settings"),
        ("from datetime import UTC, datetime\ndatetime.now(UTC)", "domain.text calls now"),
        ("open('file')", "domain.text calls open"),
    ],
)
def test_what_a_pure_module_may_not_do_is_found(source: str, impurity: str) -> None:
    modules = {**MODULES, "domain.text": set(imported(ast.walk(ast.parse(source))))}
    assert impurities(modules, {**SOURCES, "domain.text": source}, pure_modules()) == [impurity]


@pytest.mark.parametrize(
    ("name", "users"),
    {
        "storage.tables": {"storage.ledger", "storage.row_codec", "storage.snapshot", "services"},
        "storage.serialization": {"api.routes", "storage.row_codec"},
        "storage.blobs": {"services"},
        "storage.ledger": {"services"},
        "storage.queues": {"services"},
        "language.current": {"services"},
        "language.preview": {"services"},
    }.items(),
)
def test_only_services_knows_how_the_ledger_is_stored_and_which_dialects_there_are(name: str, users: set[str]) -> None:
    assert {module for module, imports in MODULES.items() if name in ours(imports)} == users


def test_what_is_deployed_knows_neither_what_is_local_nor_tests() -> None:
    tests = {file.stem for file in files_of("tests")} | {"tests", "bench", "local"}
    for module, imports in MODULES.items():
        assert not {name.split(".")[0] for name in imports} & tests, module


def test_what_is_local_knows_no_tests() -> None:
    tests = {file.stem for file in files_of("tests")} | {"tests", "bench"}
    for file in files_of("local"):
        assert not {name.split(".")[0] for name in imports_of(file)} & tests, file


# --- the start ----------------------------------------------------------------------------------------------------

LISTING = "import json, sys, function_app; print(json.dumps(sorted(sys.modules)))"


@pytest.mark.parametrize("environ", [{}, {"LANGUAGE_API": "nonsense", "BLOB_TRIGGER_SOURCE": "nonsense"}])
def test_the_start_imports_the_settings_and_nothing_heavy_whatever_is_set(environ: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LISTING], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    started = json.loads(done.stdout)
    ours = {"errors", "settings", "language", "language.endpoint"}
    assert {name for name in started if name.startswith("shared.")} == {f"shared.{name}" for name in ours}
    heavy = [
        name for name in started if any(name == outside or name.startswith(f"{outside}.") for outside in ON_FIRST_USE)
    ]
    assert heavy == []


# --- stored names -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["KINDS", "SINGLES"])
def test_stored_names_are_literals_and_not_those_of_classes_or_modules(table: str) -> None:
    tree = ast.parse(SOURCES["storage.row_keys"])
    [value] = [
        node.value for node in tree.body if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == table
    ]
    assert isinstance(value, ast.Dict)
    assert all(isinstance(name, ast.Constant) for name in value.values)
