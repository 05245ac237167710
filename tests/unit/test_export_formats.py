"""Documents as JSON lines and CSV: every name and class comes back as it was, and no cell is a formula."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.documents import Document
from shared.language.types import ClassScore
from shared.learning.reviews import Decision
from shared.operations.export_formats import COLUMNS, FIELDS, FORMATS
from tests.support.values import CLASSIFIER, NOW, TEXTS, document


def classified(name: str, *classes: tuple[str, float]) -> Document:
    return document(name).succeeded(tuple(ClassScore(*one) for one in classes), CLASSIFIER, NOW)


def table(*documents: Document) -> list[list[str]]:
    form = FORMATS["csv"]
    return list(csv.reader(io.StringIO((form.head + form.lines(documents, {})).decode("utf-8-sig"), newline="")))


@given(TEXTS, st.lists(st.tuples(TEXTS, st.floats(0, 1)), max_size=3))
def test_a_json_line_holds_the_document_whatever_it_is_called(name: str, classes: list[tuple[str, float]]) -> None:
    lines = FORMATS["jsonl"].lines([classified(name, *classes), classified("b.txt")], {}).decode()
    first, second, rest = lines.split("\n")
    found = json.loads(first)
    assert tuple(found) == FIELDS
    assert found["name"] == name
    assert [(one["category"], one["confidence"]) for one in found["classes"]] == classes
    assert (json.loads(second)["name"], rest) == ("b.txt", "")


@given(TEXTS)
def test_a_csv_row_has_a_cell_a_field_and_none_is_a_formula(name: str) -> None:
    head, row = table(classified(name, ("Drama", 0.97), ("=Comedy", 0.41)))
    assert tuple(head) == COLUMNS
    assert len(row) == len(COLUMNS)
    assert row[0].removeprefix("'") == name.removeprefix("'")
    assert row[0].startswith("'") or not unicodedata.normalize("NFKC", name).strip().startswith(("=", "+", "-", "@"))
    assert row[1:4] == ["Drama", "0.97", "Drama 0.97; =Comedy 0.41"]


SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"  # the ASCII, full-width and small forms
UNSEEN = ["", "\n", "\r\n", "\t", " ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u202e", "\u2060", "\ufe0f", "\x7f"]


@pytest.mark.parametrize("name", [*(f"{unseen}{sign}1" for unseen in UNSEEN for sign in SIGNS), "\ta", "\ra", "\na"])
def test_what_a_spreadsheet_takes_for_a_formula_is_text(name: str) -> None:
    assert table(classified(name))[1][0] == "'" + name


@pytest.mark.parametrize("name", ["a=1", "1-1.txt", " a.txt", "\u200ba", "\uff21", "\u2212a", "'=1"])
def test_what_no_spreadsheet_takes_for_a_formula_is_left_alone(name: str) -> None:
    assert table(classified(name))[1][0] == name


def test_a_document_without_classes_or_classifier_is_a_line_too() -> None:
    _, row = table(replace(classified("a.txt"), classifier=None))
    assert row[:8] == ["a.txt", *[""] * 7]


def test_a_spreadsheet_sees_what_the_file_is_written_in_and_numbers_are_numbers() -> None:
    form = FORMATS["csv"]
    raw = form.head + form.lines([classified("é.txt", ("=Drama", 0.97), ("-1", 1e-05))], {})
    assert raw.startswith(b"\xef\xbb\xbfname,class,confidence,classes,")
    assert raw.splitlines()[1].startswith("é.txt,'=Drama,0.97,'=Drama 0.97; -1 1e-05,".encode())


def test_a_decision_stands_beside_the_prediction() -> None:
    one, other = classified("a.txt", ("Drama", 0.97)), classified("b.txt", ("Drama", 0.5))
    decisions = {
        one.key: Decision(("=Comedy", "Action"), "Ada", "No drama.", NOW),
        other.key: Decision((), "", "", NOW),
    }
    first, second = (json.loads(line) for line in FORMATS["jsonl"].lines([one, other], decisions).splitlines())
    assert first["reviewed"] == {
        "classes": ["=Comedy", "Action"],
        "reviewer": "Ada",
        "comment": "No drama.",
        "at": NOW.isoformat(),
    }
    assert second["reviewed"] == {"classes": [], "at": NOW.isoformat()}
    rows = list(
        csv.DictReader(io.StringIO((FORMATS["csv"].head + FORMATS["csv"].lines([one, other], decisions)).decode()))
    )
    found = [[row[name] for name in ("class", "reviewed", "reviewer", "reviewedAt")] for row in rows]
    assert found == [["Drama", "'=Comedy; Action", "Ada", NOW.isoformat()], ["Drama", "", "", NOW.isoformat()]]
