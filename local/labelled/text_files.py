"""The .txt files below a folder, and their names in the root of a container."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.errors import SetupError

SUFFIX = ".txt"


def text_files(folder: Path) -> list[Path]:
    """The .txt files in a folder and its sub-folders, sorted; hidden ones are left out. Raises SetupError."""
    if not folder.is_dir():
        raise SetupError(f"There is no folder {folder}.")
    found = (file for file in folder.rglob("*") if file.suffix.lower() == SUFFIX and not _is_hidden(file, folder))
    return sorted(file for file in found if file.is_file())


def locations(folder: Path) -> dict[str, Path]:
    """Each text by its name in the root of a container: see `by_location`."""
    return {location: files[0] for location, files in by_location(folder).items()}


def by_location(folder: Path) -> dict[str, list[Path]]:
    """The files of each location, which all have the same text.

    The location of a text is its file name. If other sub-folders have another text under that name, it is the path with
    "_" between folders: sport/1.txt becomes sport_1.txt. Raises SetupError if two texts would get the same location.
    """
    named: dict[str, list[Path]] = defaultdict(list)
    for file in text_files(folder):
        named[file.name].append(file)
    found: dict[str, list[Path]] = {}
    for location, files in _placed(folder, named):
        if location in found:
            both = f"{found[location][0]} and {files[0]}"
            raise SetupError(f"{both} would both be {location} in the container: rename one of them.")
        found[location] = files
    return found


def read(file: Path) -> bytes:
    """Raises SetupError."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise SetupError(f"{file} cannot be read: {error.strerror}.") from error


def _placed(folder: Path, named: Mapping[str, Sequence[Path]]) -> list[tuple[str, list[Path]]]:
    placed: list[tuple[str, list[Path]]] = []
    for name, files in named.items():
        if len(files) == 1 or _have_same_text(files):
            placed.append((name, list(files)))
        else:
            placed += [("_".join(file.relative_to(folder).parts), [file]) for file in files]
    return placed


def _have_same_text(files: Sequence[Path]) -> bool:
    first = read(files[0])
    return all(file.stat().st_size == len(first) and read(file) == first for file in files[1:])


def _is_hidden(file: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(folder).parts)
