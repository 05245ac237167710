"""An evaluation in sentences: each says what the figures say, and nothing is said of what is well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.actions.evaluation_summary import MAX_CONFUSIONS, sentences, wrong
from shared.language.types import Evaluation, Kind, Prediction, Score

GOOD = Score(1.0, 0.9, 0.95, true_positives=9, true_negatives=30, false_positives=0, false_negatives=1)
MISSED = Score(1.0, 0.25, 0.4, true_positives=2, true_negatives=30, false_positives=0, false_negatives=6)
GREEDY = Score(0.25, 1.0, 0.4, true_positives=6, true_negatives=12, false_positives=18, false_negatives=0)
NEVER = Score(0.0, 0.0, 0.0, true_positives=0, true_negatives=30, false_positives=0, false_negatives=6)
BOTH = Score(0.2, 0.4, 0.27, true_positives=2, true_negatives=30, false_positives=8, false_negatives=3)
FEW = Score(1.0, 1.0, 1.0, true_positives=2, true_negatives=30, false_positives=0, false_negatives=0)
NONE = Score(0.0, 0.0, 0.0, true_positives=0, true_negatives=30, false_positives=0, false_negatives=0)


def evaluation(macro_f1: float = 0.9, kind: Kind = Kind.MULTI, **classes: Score) -> Evaluation:
    return Evaluation(kind, classes, 0.9, 0.9, 0.9, 0.9, 0.9, macro_f1)


def remarks(predictions: list[Prediction] | None = None, **given: Any) -> list[str]:
    return sentences(evaluation(**given), predictions or [])[1:]


def test_the_first_sentence_is_the_verdict() -> None:
    firsts = [sentences(evaluation(f1), [])[0].split(":")[0] for f1 in (1.0, 0.8, 0.79, 0.6, 0.59, 0.0)]
    assert firsts == ["Good", "Good", "Fair", "Fair", "Weak", "Weak"]


RIGHT = Prediction("a", ("Drama",), ("Drama",))
MISTAKEN = Prediction("b", ("Drama", "Action"), ("Drama",))


@pytest.mark.parametrize(
    ("exact", "verdict"),
    [(18, "Good: macro F1 is 0.87"), (10, "Fair: macro F1 is 0.87"), (7, "Weak: macro F1 is 0.87")],
)
def test_the_verdict_does_not_praise_a_model_that_seldom_gets_all_classes_of_a_text(exact: int, verdict: str) -> None:
    first, second = sentences(evaluation(0.87, Drama=GOOD), exact * [RIGHT] + (18 - exact) * [MISTAKEN])[:2]
    assert first.startswith(verdict)
    assert ("too few texts have exactly the labelled classes" in first) is (exact < 18)
    assert second == f"{exact} of 18 texts held out have exactly the labelled classes."


@pytest.mark.parametrize(
    ("classes", "verdict"),
    [
        (
            {"Drama": GOOD, "Comedy": MISSED},
            "Fair: macro F1 is 0.87, the mean over the classes, but 1 of 2 classes is weak.",
        ),
        (
            {"Drama": GREEDY, "Comedy": MISSED},
            "Weak: macro F1 is 0.87, the mean over the classes, but 2 of 2 classes are weak; ",
        ),
        (
            {"Drama": GOOD, "Comedy": FEW},
            "Fair: macro F1 is 0.87, the mean over the classes, but 1 of 2 classes has fewer than",
        ),
        (
            {"Drama": MISSED, "Action": GOOD, "Comedy": NONE},
            "but 1 of 3 classes is weak and 1 of 3 classes has fewer than",
        ),
        ({"Drama": GOOD, "None": NONE}, "Good: macro F1 is 0.87, the mean over the classes."),
    ],
    ids=["one weak", "most weak", "few texts", "both", "None"],
)
def test_the_verdict_knows_weak_classes_and_those_tried_on_few_texts(classes: dict[str, Score], verdict: str) -> None:
    assert verdict in sentences(evaluation(0.87, Kind.MULTI, **classes), [])[0]


def test_of_what_is_well_nothing_is_said() -> None:
    assert remarks(Drama=GOOD) == []


def test_a_weak_class_says_which_side_is_weak_in_counts() -> None:
    assert remarks(Drama=MISSED) == ["Drama is weak (F1 0.40): it finds 2 of 8 texts with this class."]
    assert remarks(Drama=GREEDY) == [
        "Drama is weak (F1 0.40): 18 of 24 texts that it predicts this class for do not have it."
    ]
    assert "finds 2 of 5 texts with this class, and 8 of 10 texts" in remarks(Drama=BOTH)[0]
    assert remarks(Drama=NEVER) == [
        "Drama is weak (F1 0.00): it finds 0 of 6 texts with this class, and predicts this class for no text."
    ]


def test_a_class_whose_f1_hides_a_weak_side_is_told() -> None:
    lopsided = Score(0.45, 1.0, 0.62, true_positives=5, true_negatives=7, false_positives=6, false_negatives=0)
    assert remarks(Thriller=lopsided) == [
        "Thriller is weak (F1 0.62): 6 of 11 texts that it predicts this class for do not have it."
    ]


def test_the_weakest_is_first() -> None:
    assert [line.split()[0] for line in remarks(Drama=MISSED, Comedy=NEVER, Action=GOOD)] == ["Comedy", "Drama"]


def test_too_few_texts_are_told() -> None:
    assert remarks(Drama=FEW) == [
        "Drama has only 2 texts held out: its figures are uncertain. Label more texts with it."
    ]
    assert remarks(Drama=NONE)[0].startswith("Drama has no held-out text")


def test_the_services_own_none_is_no_class() -> None:
    found = replace(evaluation(), classes={"Drama": GOOD, "None": NONE})
    assert sentences(found, [])[1:] == []


def test_single_labels_confusions_are_the_matrixs_largest_first() -> None:
    matrix = {"Drama": {"Drama": 9, "Comedy": 1}, "Comedy": {"Drama": 3, "Comedy": 5}}
    found = replace(evaluation(kind=Kind.SINGLE, Drama=GOOD, Comedy=GOOD), confusion=matrix)
    assert sentences(found, [])[1:] == [
        "Comedy is mistaken for Drama (3 texts).",
        "Drama is mistaken for Comedy (1 text).",
    ]


def test_several_labels_confusions_are_what_was_given_in_place_of_what_was_missed() -> None:
    predictions = [
        Prediction("a", ("Drama", "Action"), ("Action", "Comedy")),
        Prediction("b", ("Drama",), ("Comedy",)),
        Prediction("c", ("Drama",), ()),
        Prediction("d", ("Drama",), ("Drama", "Action")),
    ]
    assert remarks(predictions, Drama=GOOD) == [
        "0 of 4 texts held out have exactly the labelled classes.",
        "Drama is mistaken for Comedy (2 texts).",
    ]
    assert [one.location for one in wrong(predictions)] == ["a", "b", "c", "d"]


def test_the_order_of_classes_does_not_make_a_document_wrong() -> None:
    assert wrong([Prediction("a", ("Drama", "Action"), ("Action", "Drama"))]) == []


COUNTS = st.integers(0, 50)
RATIOS = st.floats(0, 1)
SCORES = st.builds(Score, RATIOS, RATIOS, RATIOS, COUNTS, COUNTS, COUNTS, COUNTS)
NAMES = st.sampled_from(["Drama", "Comedy", "None"])


@given(st.dictionaries(NAMES, SCORES), RATIOS, st.dictionaries(NAMES, st.dictionaries(NAMES, COUNTS)))
def test_any_figures_can_be_told(scores: dict[str, Score], f1: float, confusion: dict[str, dict[str, int]]) -> None:
    found = Evaluation(Kind.SINGLE, scores, f1, f1, f1, f1, f1, f1, confusion)
    told = sentences(found, [])
    assert all(line.endswith(".") for line in told)
    assert len(told) <= 1 + 2 * len(scores) + MAX_CONFUSIONS
