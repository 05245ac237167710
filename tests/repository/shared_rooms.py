"""The rooms of shared/ and what each module imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


# A room imports only from the rooms to its left. Rooms with a comma between them do not import each other.
SENTENCE = (
    "errors <- language <- domain, settings <- learning <- storage <- services <- labels, pipeline <- operations "
    "<- api, console, tick <- function_app"
)


RANKS = [rank.split(", ") for rank in SENTENCE.split(" <- ")]


def name_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__").removeprefix("shared.")


def files_of(*folders: str) -> list[Path]:
    return [
        file for folder in folders for file in sorted((ROOT / folder).rglob("*.py")) if "node_modules" not in file.parts
    ]


def imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    """Dotted names; `from shared.pipeline import gate` is shared.pipeline.gate, as is an import from that module."""
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


PACKAGES = {name_of(file) for file in OURS if file.name == "__init__.py"}  # which hold a docstring and nothing else


MODULES = {name_of(file): imports_of(file) for file in OURS}
