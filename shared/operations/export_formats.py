"""Writes classified documents as JSON lines or CSV, one line for each document. Pure."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.document_json import class_score
from shared.domain.documents import Document
from shared.learning import review_json
from shared.learning.reviews import Decision

FIELDS = (
    *("name", "classes", "project", "deployment", "model", "modelId", "classified", "etag", "document", "job"),
    "reviewed",  # the decision; null without one
)
# A table also has columns for the best class and its confidence (a number). `classes` has all of them as text.
# The decision has three. A document that was reviewed and has no class has only `reviewedAt`.
COLUMNS = ("name", "class", "confidence", *FIELDS[1:], "reviewer", "reviewedAt")
# Spreadsheets read a cell that starts with one of these as a formula, and anybody can choose a file name.
FORMULA = ("=", "+", "-", "@")
Decisions = Mapping[str, Decision]  # by the key of the document
BREAKS = ("\t", "\r", "\n")  # at the start of a cell, some spreadsheets move the rest to another cell
INVISIBLE = ("C", "M", "Z")  # general categories: control, zero-width, combining characters; blanks


@dataclass(frozen=True)
class Format:
    """An export format."""

    media_type: str
    head: bytes  # the start of the file, in UTF-8
    lines: Callable[[Iterable[Document], Decisions], bytes]  # the lines of documents, in UTF-8

    @property
    def content_type(self) -> str:
        return f"{self.media_type}; charset=utf-8"


def _row(document: Document, decision: Decision | None) -> dict[str, Any]:
    """The values of FIELDS; `classes` best first."""
    by = document.classifier
    scores = [class_score(score) for score in document.classes]
    made_by = (by.project, by.deployment, by.model, by.model_id) if by else ("",) * 4
    ended = document.ended.isoformat() if document.ended else ""
    reviewed = review_json.decision(decision) if decision else None
    values = (document.name, scores, *made_by, ended, document.etag, document.key, document.job, reviewed)
    return dict(zip(FIELDS, values, strict=True))


def _jsonl(documents: Iterable[Document], decisions: Decisions) -> bytes:
    rows = (_row(document, decisions.get(document.key)) for document in documents)
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _csv(documents: Iterable[Document], decisions: Decisions) -> bytes:
    rows = (_columns(document, decisions.get(document.key)) for document in documents)
    return _table([_cell(value) for value in row] for row in rows)


def _columns(document: Document, decision: Decision | None) -> list[str | float]:
    """The values of COLUMNS; all classes as "Drama 0.97; Comedy 0.41", the decided ones as "Drama; Comedy"."""
    row = _row(document, decision)
    name, scores, _ = row.pop("name"), row.pop("classes"), row.pop("reviewed")
    best, confidence = (scores[0]["category"], scores[0]["confidence"]) if scores else ("", "")
    in_words = "; ".join(f"{score['category']} {score['confidence']}" for score in scores)
    decided = ["; ".join(decision.classes), decision.reviewer, decision.at.isoformat()] if decision else [""] * 3
    return [name, best, confidence, in_words, *row.values(), *decided]


def _table(rows: Iterable[Iterable[str | float]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cell(value: str | float) -> str | float:
    """The value, with an apostrophe before a text that a spreadsheet may read as a formula."""
    return f"'{value}" if isinstance(value, str) and _may_be_formula(value) else value


def _may_be_formula(text: str) -> bool:
    """Whether the first visible character starts a formula, also in a full-width or other compatible form."""
    first = next((character for character in text if unicodedata.category(character)[0] not in INVISIBLE), "")
    return text.startswith(BREAKS) or unicodedata.normalize("NFKC", first).startswith(FORMULA)


FORMATS: dict[str, Format] = {
    "jsonl": Format("application/jsonl", b"", _jsonl),
    # With a byte order mark: without it, spreadsheets assume the machine's legacy character set.
    "csv": Format("text/csv", BOM_UTF8 + _table([COLUMNS]), _csv),
}
