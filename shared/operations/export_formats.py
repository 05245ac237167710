"""Classified documents as JSON lines or CSV: one line a document, that is, a version of a file. Pure."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from shared.domain.documents import Document

FIELDS = ("name", "classes", "project", "deployment", "model", "modelId", "classified", "etag", "document", "job")
# A table has the best class and its confidence, a number, in columns of their own; `classes` is all of them in words.
COLUMNS = ("name", "class", "confidence", *FIELDS[1:])
# A spreadsheet takes a cell that begins so for a formula, and file names come from anybody.
FORMULA = ("=", "+", "-", "@")
BREAKS = ("\t", "\r", "\n")  # at its beginning, some spreadsheets move what follows into a cell of its own
INVISIBLE = ("C", "M", "Z")  # general categories: control, zero-width, combining characters; blanks


@dataclass(frozen=True)
class Format:
    """`head` is what an export begins with, `lines` what its documents come to, both in UTF-8."""

    media_type: str
    head: bytes
    lines: Callable[[Iterable[Document]], bytes]

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; charset=utf-8"


def _row(document: Document) -> dict[str, Any]:
    """The values of FIELDS; `classes` best first."""
    by = document.classifier
    scores = [{"category": one.category, "confidence": one.confidence} for one in document.classes]
    made_by = (by.project, by.deployment, by.model, by.model_id) if by else ("",) * 4
    ended = document.ended.isoformat() if document.ended else ""
    values = (document.name, scores, *made_by, ended, document.etag, document.key, document.job)
    return dict(zip(FIELDS, values, strict=True))


def _jsonl(documents: Iterable[Document]) -> bytes:
    return "".join(json.dumps(_row(one), ensure_ascii=False) + "\n" for one in documents).encode()


def _csv(documents: Iterable[Document]) -> bytes:
    return _table([_cell(value) for value in _columns(one)] for one in documents)


def _columns(document: Document) -> list[str | float]:
    """The values of COLUMNS; all classes as "Drama 0.97; Comedy 0.41"."""
    row = _row(document)
    name, scores = row.pop("name"), row.pop("classes")
    best, confidence = (scores[0]["category"], scores[0]["confidence"]) if scores else ("", "")
    in_words = "; ".join(f"{one['category']} {one['confidence']}" for one in scores)
    return [name, best, confidence, in_words, *row.values()]


def _table(rows: Iterable[Iterable[str | float]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: str | float) -> str | float:
    """Numbers stay numbers; an apostrophe keeps a text that looks like a formula from being one."""
    return f"'{value}" if isinstance(value, str) and _may_be_formula(value) else value


def _may_be_formula(text: str) -> bool:
    """Whether the first visible character begins a formula, also in its full-width or other compatible form."""
    first = next((character for character in text if unicodedata.category(character)[0] not in INVISIBLE), "")
    return text.startswith(BREAKS) or unicodedata.normalize("NFKC", first).startswith(FORMULA)


FORMATS: dict[str, Format] = {
    "jsonl": Format("application/jsonl", b"", _jsonl),
    # With a byte order mark: without one, spreadsheets take the file for one in the machine's own old character set.
    "csv": Format("text/csv", BOM_UTF8 + _table([COLUMNS]), _csv),
}
