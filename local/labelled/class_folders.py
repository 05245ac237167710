"""A folder with one sub-folder for each class: every .txt file in it is a text of that class."""

from __future__ import annotations

from pathlib import Path

from local.errors import SetupError
from local.labelled.examples import Example
from local.labelled.text_files import by_location, read


def examples(folder: Path) -> tuple[list[Example], int]:
    """The texts, and the number of .txt files that are in no sub-folder. Raises SetupError if there are no texts."""
    found: list[Example] = []
    without_class = 0
    for location, files in by_location(folder).items():
        for file in files:
            inside = file.relative_to(folder)
            if len(inside.parts) == 1:
                without_class += 1
            else:
                found.append(Example.of(location, str(inside), inside.parts[:1], read(file)))
    if not found:
        raise SetupError(
            f"{folder} has no sub-folder with .txt files: make one for each class, or name a CSV file with --csv."
        )
    return found, without_class
