"""Reading answers, where both dialects are alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.errors import InvalidResponse
from shared.language import parsing
from shared.language.responses import Response
from shared.language.types import Analysis, ClassScore, State, Text

SCORE = {"category": "Drama", "confidenceScore": 0.9}
READ = (ClassScore("Drama", 0.9),)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("notStarted", State.RUNNING),
        ("running", State.RUNNING),
        ("inProgress", State.RUNNING),
        ("cancelling", State.RUNNING),
        ("succeeded", State.SUCCEEDED),
        ("completed", State.SUCCEEDED),
        ("partiallyCompleted", State.SUCCEEDED),
        ("partiallySucceeded", State.SUCCEEDED),
        ("failed", State.FAILED),
        ("rejected", State.FAILED),
        ("cancelled", State.CANCELLED),
        ("canceled", State.CANCELLED),
        ("SUCCEEDED", State.SUCCEEDED),
        ("Failed", State.FAILED),
        ("hibernating", State.RUNNING),
        ("", State.RUNNING),
    ],
)
def test_every_known_word_has_a_state_in_any_case(word: str, state: State) -> None:
    assert parsing.state(word) is state


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2022-06-09T17:12:12Z", datetime(2022, 6, 9, 17, 12, 12, tzinfo=UTC)),
        ("2022-06-09T17:12:12.6925222Z", datetime(2022, 6, 9, 17, 12, 12, 692522, tzinfo=UTC)),
        ("2021-05-18T20:31:04.592Z", datetime(2021, 5, 18, 20, 31, 4, 592000, tzinfo=UTC)),
        ("2022-06-09T17:12:12", datetime(2022, 6, 9, 17, 12, 12, tzinfo=UTC)),
        ("2022-06-09T17:12:12+02:00", datetime(2022, 6, 9, 17, 12, 12, tzinfo=timezone(timedelta(hours=2)))),
        ("2023-10-22", datetime(2023, 10, 22, tzinfo=UTC)),
    ],
)
def test_times_are_read_with_as_many_digits_as_the_service_writes(written: str, time: datetime) -> None:
    read = parsing.moment({"at": written}, "at")
    assert read == time
    assert read.tzinfo is UTC


@pytest.mark.parametrize("written", ["", "yesterday", "2022-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00", 5, [], True])
def test_what_is_no_time_is_garbled(written: object) -> None:
    with pytest.raises(InvalidResponse):
        parsing.moment({"at": written}, "at")


@pytest.mark.parametrize("nothing", [{}, {"at": None}])
def test_a_time_may_be_missing(nothing: dict[str, object]) -> None:
    assert parsing.moment(nothing, "at") is None


@pytest.mark.parametrize("value", [None, "1", True, [], {}, float("nan"), float("inf"), 10**400, -(10**16)])
def test_what_is_no_number_of_sense_is_garbled(value: object) -> None:
    with pytest.raises(InvalidResponse, match="'n'"):
        parsing.number({"n": value}, "n")


@pytest.mark.parametrize(
    ("document", "classes"),
    [
        ({"class": [SCORE]}, READ),
        ({"class": SCORE}, READ),
        ({"classes": [SCORE]}, READ),
        ({"classifications": [SCORE]}, READ),
        ({"classification": SCORE}, READ),
        ({"class": []}, ()),
        ({"classification": None}, ()),
        ({"classes": [SCORE, {"category": "Action", "confidenceScore": 1}]}, (*READ, ClassScore("Action", 1.0))),
    ],
)
def test_classes_are_read_under_every_name_and_shape(document: dict[str, object], classes: object) -> None:
    assert analyzed({"id": "1", **document}).classes == {"1": classes}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"class": "Drama"},
        {"class": ["Drama"]},
        {"class": [{"category": "Drama"}]},
        {"class": [{"confidenceScore": 1}]},
        {"class": [{"category": "Drama", "confidenceScore": "high"}]},
        {"class": [{"category": 5, "confidenceScore": 1}]},
        {"class": [{"category": "Drama", "confidenceScore": -0.5}]},
        {"class": [{"category": "Drama", "confidenceScore": 99}]},
        {"id": 5, "class": []},
    ],
)
def test_a_document_whose_classes_cannot_be_read_is_garbled_and_costs_no_other_its_own(
    document: dict[str, object],
) -> None:
    with pytest.raises(InvalidResponse):
        analyzed({"id": "1", **document})
    assert analyzed({"id": "1", **document}, {"id": "2", "class": [SCORE]}).classes == {"2": READ}


def test_an_error_that_cannot_be_read_costs_no_document_its_own() -> None:
    answer = analyzed({"id": "2", "class": [SCORE]}, errors=[{"error": {"message": "No."}}, 5, {"id": "3"}])
    assert (answer.classes, answer.errors) == ({"2": READ}, {"3": parsing.NO_REASON})


def test_a_confidence_is_at_most_one_whatever_rounding_adds() -> None:
    score = {"category": "Drama", "confidenceScore": 1.0000001}
    assert analyzed({"id": "1", "class": [score]}).classes == {"1": (ClassScore("Drama", 1.0),)}


def analyzed(*documents: object, errors: Sequence[object] = ()) -> Analysis:
    page = b'{"status":"succeeded"}'
    results = {"documents": list(documents), "errors": list(errors)}
    return parsing.analysis(iter([Response(page)]), lambda _: [{"results": results}])


def test_half_a_character_in_an_answer_is_made_writable() -> None:
    assert parsing.required({"a": "x\ud800"}, str, "a") == "x?"


def test_the_first_name_that_is_there_and_not_null_counts() -> None:
    assert parsing.required({"a": None, "b": "2", "c": "3"}, str, "a", "b", "c") == "2"


@pytest.mark.parametrize("source", [None, 5, "text", [], {}, {"a": None}, {"a": 5}])
def test_a_required_field_that_is_not_there_is_garbled(source: object) -> None:
    with pytest.raises(InvalidResponse, match="no usable 'a'"):
        parsing.required(source, str, "a")


@pytest.mark.parametrize("errors", [None, "no", {}, [], [None, 5, {}], [{"message": ""}]])
def test_errors_that_say_nothing_are_nothing(errors: object) -> None:
    assert parsing.reasons(errors) == ""


def test_a_failure_that_gives_no_reason_says_so() -> None:
    assert parsing.failure(State.FAILED, {}) == "The Language service gave no reason."
    assert parsing.failure(State.CANCELLED, {"errors": [{"message": "Why"}, {"message": "Why"}]}) == "Why"


@pytest.mark.parametrize("state", [State.RUNNING, State.SUCCEEDED])
def test_errors_count_for_nothing_unless_the_status_says_so(state: State) -> None:
    assert parsing.failure(state, {"errors": [{"message": "Error Message"}]}) == ""


def test_a_language_is_sent_only_where_there_is_one() -> None:
    texts = [Text("1", "Some."), Text("2", "Etwas.", "de")]
    assert parsing.documents(texts) == [
        {"id": "1", "text": "Some."},
        {"id": "2", "text": "Etwas.", "language": "de"},
    ]
