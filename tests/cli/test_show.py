"""What a person sees of an evaluation and of results."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from local.cli import show

GOOD = {"precision": 0.9, "recall": 0.9, "f1": 0.9, "truePositives": 9, "falsePositives": 1, "falseNegatives": 1}
ZEROS: dict[str, float] = dict.fromkeys(GOOD, 0)
AVERAGES = {f"{kind}{part}": 0.9 for kind in ("micro", "macro") for part in ("Precision", "Recall", "F1")}


@pytest.mark.parametrize(
    ("none", "shown"), [(ZEROS, False), ({**ZEROS, "falsePositives": 1}, True), ({**ZEROS, "falseNegatives": 2}, True)]
)
def test_the_services_none_has_a_row_only_if_it_says_something(
    none: Any, shown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = {"Drama": GOOD, "Western": ZEROS, "None": none}
    show.evaluation({"classes": scores, **AVERAGES, "reading": ["Good: [all] is well."]})
    printed = capsys.readouterr().out
    assert printed.startswith("Evaluation on texts that were not used in training\n")
    assert ("│ None" in printed) is shown
    assert "│ Drama" in printed
    assert "│ Western" in printed
    assert printed.endswith("\nGood: [all] is well.\n")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(show, "console", Console(force_terminal=True, width=60, no_color=True, highlight=False))


RESULT = {"classes": [{"category": "Drama", "confidence": 0.9}]}


@pytest.mark.usefixtures("terminal")
def test_a_long_name_is_shortened_to_half_of_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["short.txt", f"begin-{'x' * 300}-end.txt", "長" * 100 + ".txt"]
    width = show.column(names)
    for name in names:
        assert show.result(name, RESULT, width)
    lines = capsys.readouterr().out.splitlines()
    assert width == 30
    assert [cell_len(line.partition("Drama")[0]) for line in lines] == [34 + len("[1m")] * 3
    assert "begin-xxx" in lines[1]
    assert "…" in lines[1]
    assert "xx-end.txt " in lines[1]


def test_away_from_a_terminal_a_name_is_whole_and_says_nothing_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    name = "x" * 300 + ".txt"
    show.result(name, RESULT, show.column([name]))
    show.result("a\n\x1b[2Jb", RESULT, 10)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"  {name}  Drama 0.90", "  a\ufffd\ufffd[2Jb     Drama 0.90"]
