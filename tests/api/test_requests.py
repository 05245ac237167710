"""What callers send: taken as it should be, or refused with words that say what to send."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api import openapi
from shared.api.bodies import DocumentsExport, NewProject, Replay, TrainTask
from shared.api.parsing import parse_body
from shared.api.requests import MAX_PAGE, PAGE, choice, key_of, name_of, page_of, selection, text, time_of
from shared.api.routes import ROUTES
from shared.domain.documents import DocumentState
from shared.domain.filters import Selection
from shared.errors import BadRequest
from shared.language import bounded_json
from shared.operations.export_formats import FORMATS
from tests.support.in_memory_app import Stage

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


# --- bodies -----------------------------------------------------------------------------------------------------


@given(st.binary(max_size=100))
def test_any_bytes_are_a_body_or_a_bad_request(body: bytes) -> None:
    with suppress(BadRequest):
        assert isinstance(parse_body(Replay, body), Replay)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'"text"', b"null", b"7", b"{", b'{"a": 1} more', b"[" * 9_000, b'{"a": ' * 4_500, b"\xff{}"],
    ids=lambda body: repr(body[:12]),
)
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest, match="JSON object"):
        parse_body(Replay, body)


def test_a_body_of_any_encoding_json_has_is_taken() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        assert parse_body(Replay, '{"prefix": "é"}'.encode(encoding)).prefix == "é"


def test_a_body_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded = []
    decode = bounded_json.decode

    def counting(raw: bytes, max_tokens: int) -> Any:
        decoded.append(raw)
        return decode(raw, max_tokens)

    monkeypatch.setattr(bounded_json, "decode", counting)
    assert Stage().instance().ask("POST", "documents/replay", {"dryRun": True}).status == 200
    assert len(decoded) == 1


# --- fields -----------------------------------------------------------------------------------------------------


PROJECT = {
    "name": "Movies",
    "modelType": "SingleClassification",
    "storageInputContainerName": "c",
    "labelsLocation": "l",
}


def project(**fields: Any) -> NewProject:
    given = {name: value for name, value in {**PROJECT, **fields}.items() if value is not ...}
    return parse_body(NewProject, json.dumps(given).encode())


def test_a_string_is_given_or_its_default() -> None:
    assert project().name == "Movies"
    assert project().culture == "en-us"
    assert project(culture="").culture == ""


@pytest.mark.parametrize("value", [None, 7, True, [], {}, "", " \n"])
def test_a_string_that_is_needed_is_not_empty(value: Any) -> None:
    with pytest.raises(BadRequest, match='"labelsLocation" must be a string that is not empty'):
        project(labelsLocation=value)
    with pytest.raises(BadRequest, match='"labelsLocation" must be a string'):
        project(labelsLocation=...)
    if isinstance(value, str):
        with pytest.raises(BadRequest, match='"name" must be a string that is not empty'):
            text({"name": value}, "name")


@pytest.mark.parametrize("value", [None, 7, True, [], {}])
def test_a_default_is_for_what_is_not_given_alone(value: Any) -> None:
    with pytest.raises(BadRequest, match=r'"culture" must be a string\.'):
        project(culture=value)


def test_half_a_character_is_no_text() -> None:
    """JSON can spell a lone surrogate; no row, file or request can hold it."""
    with pytest.raises(BadRequest, match='"prefix" contains half a character'):
        parse_body(Replay, rb'{"prefix": "a \ud800"}')
    with pytest.raises(BadRequest, match='"name"'):
        text({"name": "a \ud800"}, "name")


def test_a_string_that_no_row_can_hold_is_refused() -> None:
    """An operation keeps what it was asked for in a row, which Table storage lets have half a million characters."""
    with pytest.raises(BadRequest, match=r'"description" has 900,000 characters; the maximum is 10,000'):
        project(description="d" * 900_000)
    with pytest.raises(BadRequest, match='"prefix"'):
        text({"prefix": "d" * 900_000}, "prefix", "")


def test_a_flag_is_true_or_false_and_false_by_default() -> None:
    assert project(multiLingual=True).multi_lingual is True
    assert project().multi_lingual is False
    for value in (None, 0, 1, "true"):
        with pytest.raises(BadRequest, match='"multiLingual" must be true or false'):
            project(multiLingual=value)


def test_the_states_that_can_be_replayed_are_those_that_have_ended() -> None:
    taken = openapi.schemas(ROUTES)["Replay"]["properties"]["state"]["enum"]
    assert sorted(taken) == sorted([*(state for state in DocumentState if state.final), "ended"])


def test_the_formats_of_exports_are_those_that_can_be_written() -> None:
    assert sorted(openapi.schemas(ROUTES)["DocumentsExport"]["properties"]["format"]["enum"]) == sorted(FORMATS)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def test_a_choice_is_one_of_its_words() -> None:
    assert choice("red", "colour", Colour, list(Colour)) is Colour.RED
    with pytest.raises(BadRequest, match='"colour" must be one of red, blue'):
        choice("green", "colour", Colour, list(Colour))


@pytest.mark.parametrize("name", ["a", "Movies", "9", "a.b-c_d", "n" * 50])
def test_a_name_both_protocols_take(name: str) -> None:
    assert name_of(name, "project") == name


@pytest.mark.parametrize("name", ["", "n" * 51, "a b", "a/b", "..", ".a", "-a", "é", "a\n", "a%2Fb", "٣"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="The model name must have 1 to 50 letters"):
        name_of(name, "model")


@pytest.mark.parametrize("name", ["", "n" * 51, "a b", "a/b", "..", ".a", "-a", "é", "a\n", "a%2Fb", "٣"])
def test_nor_is_any_other_name_taken_in_a_body(name: str) -> None:
    with pytest.raises(BadRequest, match='"name" must have 1 to 50 letters'):
        project(name=name)


def test_the_one_task_of_a_request_as_the_quickstart_writes_it() -> None:
    assert parse_body(TrainTask, b'{"tasks": [{"trainingModelName": "first"}]}').tasks[0].training_model_name == "first"


@given(JSON)
def test_anything_else_for_tasks_is_refused(tasks: Any) -> None:
    if isinstance(tasks, list) and len(tasks) == 1 and isinstance(tasks[0], dict):
        return
    with pytest.raises(BadRequest, match="one task"):
        parse_body(TrainTask, json.dumps({"tasks": tasks}).encode())


# --- pages ------------------------------------------------------------------------------------------------------


def test_a_page_has_its_default_and_its_largest() -> None:
    assert page_of({}) == (PAGE, "")
    assert page_of({"top": "1"}) == (1, "")
    assert page_of({"top": str(MAX_PAGE), "continue": "20260301T120000.000|abc"}) == (
        MAX_PAGE,
        "20260301T120000.000|abc",
    )


@pytest.mark.parametrize("top", ["0", "-1", "501", "", "ten", "1.0", "²", " 5", "9" * 5000])
def test_any_other_top_is_refused(top: str) -> None:
    with pytest.raises(BadRequest, match='"top" must be a whole number from 1 to 500'):
        page_of({"top": top})


@pytest.mark.parametrize("after", ["\0", "a\nb", "x" * 10_000, "\ud800"], ids=["nul", "newline", "long", "half"])
def test_a_continuation_that_no_listing_gave_is_refused(after: str) -> None:
    """Storage would refuse it, and the caller would read that storage is unavailable."""
    with pytest.raises(BadRequest, match='"continue"'):
        page_of({"continue": after})


# --- which documents --------------------------------------------------------------------------------------------


def test_a_selection_of_nothing_is_of_everything() -> None:
    assert selection({}) == Selection(None)


def test_a_class_is_of_documents_that_succeeded() -> None:
    assert selection({"class": "Drama"}) == Selection(DocumentState.SUCCEEDED, category="Drama")


@pytest.mark.parametrize(
    "given",
    ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00", "2026-03-01T13:00:00+01:00", "2026-03-01T13:00:00 01:00"],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise(given: str) -> None:
    assert time_of(given, "since") == datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("given", ["soon", "2026-13-01", "12:00", 7, ["2026-03-01"]])
def test_any_other_moment_is_refused(given: Any) -> None:
    with pytest.raises(BadRequest, match='"since" must be a time such as'):
        parse_body(DocumentsExport, json.dumps({"since": given}).encode())
    if isinstance(given, str):
        with pytest.raises(BadRequest, match='"since" must be a time such as'):
            selection({"since": given})


def test_a_key_has_letters_and_digits() -> None:
    assert key_of("0da02355e7d5") == "0da02355e7d5"
    for value in ("", "a|b", "a/b", "é", "a\n", "\ud800", "k" * 65):
        with pytest.raises(BadRequest, match="letters and digits"):
            key_of(value)
