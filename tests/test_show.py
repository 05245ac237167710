"""What a person sees of an evaluation and of results."""

from __future__ import annotations

from typing import Any

import pytest

from local import show

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
    assert ("│ None" in printed) is shown
    assert "│ Drama" in printed
    assert "│ Western" in printed
    assert printed.endswith("\nGood: [all] is well.\n")
