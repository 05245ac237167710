"""What Microsoft's triggers and host did, recorded, and what this host does otherwise on purpose.

The recordings are cron.json, routes.json, http.json and facts.json. differences.json names, by kind, every row of them
that differs; README.md of the host has each kind in one of its tables.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
COMPARED = ("cron", "routes", "http")  # recordings
KINDER, STRICTER, OTHER = "kinder", "stricter", "other"

NOT_REPLAYED = {  # titles of rows of http.json
    # Their bytes came with pauses, or only in part.
    "Content-Length too long, then closed", "Content-Length too long, kept open",
    "101 MB sent", "chunked 101 MB", "Expect: 100-continue, body after",
    "slow body", "slow headers", "garbage", "h2 preface", "half-closed after request", "empty, half-closed",
    "only first line, half-closed", "30 MB text", "99 headers", "100 with Host + 1", "POST text name=" + "n" * 40,
    # They wait for functionTimeout.
    "as_slow", "slow (9 s; functionTimeout 5 s)", "the next call after as_slow",
    # Their answers have placeholders, or their code was not recorded.
    "str_big", "str_json_date", "s_304n", "h_ce2",
    "GET x [('X-Two', '1'), ('X-Two', '2'), ('x-two', '3'), ('X-Empty', '')",
}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """`table`: KINDER, STRICTER or OTHER. `rows`: ids of rows by recording."""

    table: str
    kind: str
    rows: Mapping[str, tuple[str, ...]]


def rows(recording: str) -> dict[str, Any]:
    """The rows of a recording by their ids."""
    found = read(recording)["rows"]
    return {f"{number} {_label(row)}": row for number, row in enumerate(found)}


def read(recording: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FOLDER.joinpath(f"{recording}.json").read_text("utf-8"))
    return content


def differences() -> list[Difference]:
    return [
        Difference(table, kind, {recording: tuple(ids) for recording, ids in by_recording.items()})
        for table, kinds in read("differences").items()
        for kind, by_recording in kinds.items()
    ]


def on_purpose(recording: str) -> dict[str, str]:
    """The kind of each row of a recording that differs on purpose."""
    return {row: found.kind for found in differences() for row in found.rows.get(recording, ())}


def _label(row: Mapping[str, Any]) -> str:
    """Short, and in one line."""
    label = next((row[key] for key in ("title", "id", "expression") if key in row), None)
    label = f"{row['method']} {row['target']}" if label is None else label
    return json.dumps(label)[1:-1][:60]
