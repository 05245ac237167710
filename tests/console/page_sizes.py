"""How much browsers load of the console, in bytes as they are sent: compressed."""

from __future__ import annotations

from shared.console import files

MAX_OF_THE_FIRST_VIEW, MAX_OF_ALL = 40_000, 100_000
BESIDE_MODULES = (files.PAGE, "console.css", "icon.svg")
NOT_LOADED = (".txt", ".json")  # licences, and where third-party files are from


def of_the_first_view() -> int:
    return sum(len(files.files()[name].compressed) for name in (*files.first_modules(), *BESIDE_MODULES))


def of_all() -> int:
    return sum(len(file.compressed) for name, file in files.files().items() if not name.endswith(NOT_LOADED))
