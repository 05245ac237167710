"""Checks a package whose sub-packages are rooms against a table: which room may import from which."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_MODULES = 15  # in one folder
OURS = ("bench", "function_app", "local", "shared", "tests")
Rooms = Mapping[str, Collection[str]]
Modules = Mapping[str, set[str]]


def modules_of(package: str) -> dict[str, set[str]]:
    """The modules below a package such as "local.language", each with the names that it imports.

    Modules of the package are named from the package on, such as "state.records"; all others in full.
    """
    folder = ROOT / package.replace(".", "/")
    names = {file: file.relative_to(folder).with_suffix("").parts for file in _files(folder)}
    return {
        ".".join(part for part in parts if part != "__init__"): {
            name.removeprefix(f"{package}.") for name in _imports(file)
        }
        for file, parts in names.items()
        if parts != ("__init__",)
    }


def violations(package: str, rooms: Rooms, outside: Collection[str] = ()) -> list[str]:
    """What breaks the table, a sentence each.

    `rooms`: each room and the rooms it imports from, all of which stand above it in the table. A module at the
    package's root is a separate room. `outside`: our modules beyond the package that its modules may import.
    """
    modules = modules_of(package)
    return [
        *_misplaced(modules, rooms),
        *_upward(rooms),
        *_unused(modules, rooms),
        *_forbidden(modules, rooms, outside),
        *(f"{name} imports itself through others" for name in circular(modules)),
    ]


def circular(modules: Modules) -> list[str]:
    """The modules that import themselves, if only through others."""
    reachable = {name: imports & modules.keys() for name, imports in modules.items()}
    for middle in modules:
        for name, reached in reachable.items():
            if middle in reached:
                reachable[name] = reached | reachable[middle]
    return sorted(name for name, reached in reachable.items() if name in reached)


def _misplaced(modules: Modules, rooms: Rooms) -> Iterator[str]:
    yield from (f"{name} is in no room" for name in modules if _room(name) not in rooms)
    packages = {name.rpartition(".")[0] for name in modules}
    sizes = Counter(name.rpartition(".")[0] for name in modules if name not in packages)
    yield from (f"{folder or 'the root'} holds {size} modules" for folder, size in sizes.items() if size > MAX_MODULES)
    yield from (f"{room} does not exist" for room in rooms if room not in modules)


def _upward(rooms: Rooms) -> Iterator[str]:
    above: list[str] = []
    for room, imported_rooms in rooms.items():
        yield from (f"{room} names {other}, which is not above it" for other in imported_rooms if other not in above)
        above.append(room)


def _unused(modules: Modules, rooms: Rooms) -> Iterator[str]:
    used = {(_room(name), _room(imported)) for name, imports in modules.items() for imported in imports}
    for room, imported_rooms in rooms.items():
        yield from (f"{room} may import {other}, but does not" for other in imported_rooms if (room, other) not in used)


def _forbidden(modules: Modules, rooms: Rooms, outside: Collection[str]) -> Iterator[str]:
    for name, imports in modules.items():
        for imported in sorted(imports):
            room = _room(imported)
            ours = imported not in modules and room in OURS
            beyond = room in rooms and room not in (_room(name), *rooms.get(_room(name), ()))
            if beyond or (ours and imported not in outside):
                yield f"{name} imports {imported}"


def _files(folder: Path) -> list[Path]:
    return [file for file in sorted(folder.rglob("*.py")) if "node_modules" not in file.parts]


def _imports(file: Path) -> Iterator[str]:
    """Dotted names, those that are imported inside functions too."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: imports are absolute"
            yield from (_module(node.module or "", alias.name) for alias in node.names)


def _module(module: str, name: str) -> str:
    """`from a import b` imports a.b if that is a module or a package, else a."""
    inner = ROOT / module.replace(".", "/") / name
    return f"{module}.{name}" if inner.is_dir() or inner.with_suffix(".py").exists() else module


def _room(name: str) -> str:
    return name.partition(".")[0]
