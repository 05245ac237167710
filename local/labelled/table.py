"""A CSV file of labelled texts: the columns are `class`, and `text` or `name` or both."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.errors import SetupError
from local.labelled.examples import Example
from local.labelled.text_files import SUFFIX, by_location, read

NAMES = {  # what a column may be called: what it is
    **dict.fromkeys(("name", "file", "filename"), "name"),
    "text": "text",
    **dict.fromkeys(("class", "classes", "label", "labels"), "class"),
}
BETWEEN_CLASSES = ";"
DELIMITERS = ",;\t"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MAX_CELL = 2**31 - 1  # characters; the texts have their own limit
EXPECTED = "the first line must name the columns: class, and text or name or both, such as name,text,class"


@dataclass(frozen=True)
class Row:
    line: int  # in the file, from 1: where it ends
    name: str  # "" if the table has none
    text: str | None  # None: it is in the file `name`
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """`unused`: the names of columns that are not read."""

    file: Path
    has_texts: bool
    rows: tuple[Row, ...]
    unused: tuple[str, ...] = ()

    def location(self, number: int) -> str:
        """The name of the text in a row, with .txt at its end and without folders; without a name, its number."""
        name = re.sub(r"[/\\]", "_", self.rows[number].name) or f"{number + 1:0{len(str(len(self.rows)))}}"
        return name if name.lower().endswith(SUFFIX) else name + SUFFIX


def load(file: Path) -> Table:
    """Raises SetupError with a reason for people."""
    text = _decoded(file)
    csv.field_size_limit(MAX_CELL)
    header = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=header.count), strict=True)
    try:
        columns = [name.strip().lower() for name in next(reader, [])]
        places = _places(file, columns)
        rows = tuple(_row(file, reader.line_num, places, columns, cells) for cells in reader if "".join(cells).strip())
    except csv.Error as error:
        raise SetupError(f"{file} line {reader.line_num} is not CSV: {error}.") from error
    if not rows:
        raise SetupError(f"{file} has no rows below its header.")
    return Table(file, "text" in places, rows, tuple(name for name in columns if name and name not in NAMES))


def texts(table: Table) -> dict[str, bytes]:
    """The texts of a table that has texts, in UTF-8, by their locations. Of two with one location the last counts."""
    return {table.location(number): (row.text or "").encode() for number, row in enumerate(table.rows)}


def examples(table: Table, folder: Path) -> list[Example]:
    """The rows with their texts, which are in the table or in files below `folder`. Raises SetupError."""
    return list(_with_texts(table) if table.has_texts else _in_files(table, folder))


def _with_texts(table: Table) -> Iterator[Example]:
    for number, row in enumerate(table.rows):
        location = table.location(number)
        yield Example.of(location, f"{_line(table, row)} ({location})", row.classes, (row.text or "").encode())


def _in_files(table: Table, folder: Path) -> Iterator[Example]:
    places = {
        str(file.relative_to(folder)): (location, file)
        for location, files in by_location(folder).items()
        for file in files
    }
    for row in table.rows:
        location, file = places.get(row.name) or places.get(row.name + SUFFIX) or ("", folder)
        if not location:
            raise SetupError(f"{_line(table, row)} names {row.name!r}, which is no {SUFFIX} file below {folder}.")
        yield Example.of(location, f"{_line(table, row)} ({row.name})", row.classes, read(file))


def _line(table: Table, row: Row) -> str:
    return f"{table.file.name} line {row.line}"


def _decoded(file: Path) -> str:
    raw = read(file)
    encoding = "utf-16" if raw.startswith(UTF_16) else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SetupError(f"{file} line {line} is not UTF-8 or UTF-16 text: save it as CSV in UTF-8.") from error


def _places(file: Path, columns: Sequence[str]) -> Mapping[str, int]:
    """What is in which column. Raises SetupError."""
    known = [(NAMES[name], place) for place, name in enumerate(columns) if name in NAMES]
    places = dict(known)
    if len(places) < len(known):
        raise SetupError(f"{file} has two columns for the same: {EXPECTED}.")
    if "class" not in places or len(places) == 1:
        raise SetupError(f"{file} has the columns {', '.join(columns) or 'of an empty line'}: {EXPECTED}.")
    return places


def _row(file: Path, line: int, places: Mapping[str, int], columns: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(columns):
        why = "put texts with commas or line breaks in quotation marks"
        raise SetupError(f"{file} line {line} has {len(cells)} cells, but the header has {len(columns)}: {why}.")
    values = {what: cells[place] for what, place in places.items()}
    classes = [name.strip() for name in values["class"].split(BETWEEN_CLASSES)]
    return Row(line, values.get("name", "").strip(), values.get("text"), tuple(filter(None, classes)))
