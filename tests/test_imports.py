"""Who imports whom: our modules in layers, each thing outside behind one of them, and nothing heavy at the start."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A module of ours imports only from the layers above its own.
LAYERS: tuple[set[str], ...] = (
    {"errors", "codec", "bounded_json", "clocks", "deadlines", "language.types", "language.redaction"},
    {
        "language.endpoint",
        "content_encoding",
        "isolation",
        "text",
        "model",
        "rows",
        "language.answers",
        "language.project_file",
        "management.assessment",
        "management.known",
    },
    {
        "promotion",
        "labels",
        "settings",
        "operation",
        "singles",
        "packing",
        "selection",
        "export_formats",
        "language.transport",
    },
    {"label_rules", "documents", "ledger", "language.reading", "management.views", "management.requests"},
    {"language.current_shapes", "management.route"},
    {"language.current", "language.preview", "management.schemas"},
    {"services"},
    {"gate", "claim", "classifier", "proofreading", "settling", "export", "management.openapi"},
    {"works", "loading", "waiting"},
    {"submission", "operations", "sweep", "replay"},
    {"collection", "intake", "management.starting", "management.listings", "management.health"},
    {
        "management.deployments",
        "management.documents",
        "management.exports",
        "management.projects",
        "management.steering",
    },
    {"management.models"},
    {"tick", "management.routes"},
    {"function_app"},
)
# What is imported by these modules of ours and by no other.
ONLY_BY: dict[str, set[str]] = {
    "azure.functions": {"function_app"},
    "os": {"settings"},
    "requests": {"deadlines", "language.transport"},
    "urllib3": {"deadlines", "language.transport", "services"},
    "azure.data.tables": {"rows", "services"},
    "azure.storage.blob": {"documents", "services"},
    "azure.identity": {"services"},
    "werkzeug": {"management.routes"},
    "hashlib": {"model"},
}
# Imported only when they are first used: at the start they would cost every cold process its first second.
ON_FIRST_USE = ("requests", "azure.data.tables", "azure.storage.blob", "azure.identity", "azure.core")
# These decide, and know no place to read or write: nothing of ours but each other, and of Python no I/O.
PURE = {
    "errors",
    "bounded_json",
    "clocks",
    "management.known",
    "codec",
    "content_encoding",
    "text",
    "labels",
    "model",
    "operation",
    "singles",
    "packing",
    "selection",
    "export_formats",
    "promotion",
    "label_rules",
    "language.types",
    "language.answers",
    "language.endpoint",
    "language.project_file",
    "language.redaction",
    "management.assessment",
    "management.requests",
    "management.views",
    "management.route",
    "management.schemas",
    "management.openapi",
}
IO = {"azure", "requests", "urllib3", "os", "pathlib", "socket", "subprocess", "threading", "time", "logging"}


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__").removeprefix("shared.")


def files_of(*folders: str) -> list[Path]:
    return [
        file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")) if "node_modules" not in file.parts
    ]


def imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Dotted names; `from shared import gate` is shared.gate, as is `from shared.gate import close`."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            names = (f"{module}.{alias.name}" for alias in node.names)
            yield from (name if is_module(name) else module for name in names)


def is_module(name: str) -> bool:
    place = ROOT / name.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").is_file()


def imports_of(file: Path) -> set[str]:
    """All of them, those inside functions too."""
    return set(imported(ast.walk(ast.parse(file.read_text("utf-8")))))


OURS = [ROOT / "function_app.py", *files_of("shared")]
MODULES = {name_of(file): imports_of(file) for file in OURS if file.stat().st_size}
PACKAGES = {"shared", "language", "management"}  # their __init__ holds a docstring at the most
LAYER_OF = {name: number for number, layer in enumerate(LAYERS) for name in layer}


def ours(imports: set[str]) -> set[str]:
    return {name.removeprefix("shared.") for name in imports if name.startswith("shared.")}


def test_every_module_is_in_one_layer() -> None:
    assert sum(len(layer) for layer in LAYERS) == len(LAYER_OF)
    assert MODULES.keys() - PACKAGES == LAYER_OF.keys()


@pytest.mark.parametrize("package", sorted(MODULES.keys() & PACKAGES))
def test_a_package_itself_imports_nothing(package: str) -> None:
    assert MODULES[package] <= {"__future__"}


@pytest.mark.parametrize("module", sorted(LAYER_OF))
def test_a_module_imports_only_from_the_layers_above_its_own(module: str) -> None:
    for name in ours(MODULES[module]):
        assert LAYER_OF[name] < LAYER_OF[module], f"{module} imports {name}"


@pytest.mark.parametrize("outside", ONLY_BY)
def test_each_thing_outside_is_behind_its_own_module(outside: str) -> None:
    users = {
        module
        for module, imports in MODULES.items()
        if any(name == outside or name.startswith(f"{outside}.") for name in imports)
    }
    assert users == ONLY_BY[outside]


@pytest.mark.parametrize("module", sorted(PURE))
def test_what_decides_knows_no_input_or_output(module: str) -> None:
    assert ours(MODULES[module]) <= PURE
    assert not {name.split(".")[0] for name in MODULES[module]} & IO


def test_the_language_service_knows_nothing_of_ours_but_errors_and_itself() -> None:
    for module, imports in MODULES.items():
        if module.startswith("language."):
            others = {name for name in ours(imports) if not name.startswith("language.")}
            assert others <= {"errors", "bounded_json", "deadlines"}, module


def test_nobody_but_the_door_and_itself_knows_the_management() -> None:
    for module, imports in MODULES.items():
        if module != "function_app" and not module.startswith("management."):
            assert not {name for name in ours(imports) if name.startswith("management.")}, module


def test_only_the_bundle_knows_how_the_ledger_is_stored_and_which_dialects_there_are() -> None:
    for name, users in {
        "rows": {"ledger", "services"},
        "codec": {"ledger"},
        "documents": {"services"},
        "ledger": {"services"},
        "language.current": {"services"},
        "language.preview": {"services"},
    }.items():
        assert {module for module, imports in MODULES.items() if name in ours(imports)} == users, name


def test_what_is_deployed_knows_neither_what_is_local_nor_tests() -> None:
    tests = {file.stem for file in files_of("tests")} | {"tests", "bench", "local"}
    for module, imports in MODULES.items():
        assert not {name.split(".")[0] for name in imports} & tests, module


def test_what_is_local_knows_no_tests() -> None:
    tests = {file.stem for file in files_of("tests")} | {"tests", "bench"}
    for file in files_of("local"):
        assert not {name.split(".")[0] for name in imports_of(file)} & tests, file


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
