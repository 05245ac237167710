"""Misspelt names and wrong values are refused, wherever they stand, all in one answer, and nothing is done."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api import routes
from shared.api.bodies import Body
from shared.api.parsing import MAX_FAULTS, parse_body
from shared.api.requests import Request
from shared.errors import BadRequest
from tests.support.in_memory_app import Stage
from tests.support.values import NOW

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("documents/replay", {"dryrun": True}, 'There is no field "dryrun": did you mean "dryRun"?'),
        (
            "documents/purge",
            {"olderThanDays": 0, "dry_run": True},
            'There is no field "dry_run": did you mean "dryRun"?',
        ),
        ("documents", {"text": "x", "nmae": "y"}, 'There is no field "nmae": did you mean "name"?'),
        ("projects/P/publish", {"tasks": [{"trainingModel": "M"}]}, 'There is no field "trainingModel"'),
        ("projects/P/train", {"tasks": [], "publish": {"deploymnt": "D"}}, 'did you mean "deployment"?'),
    ],
)
def test_a_field_that_is_none_is_refused(path: str, body: dict[str, Any], said: str) -> None:
    answer = Stage().instance().ask("POST", path, body)
    assert answer.status == 400
    assert said in answer.body["error"]["message"]


def test_a_parameter_that_is_none_is_refused_where_any_is_taken() -> None:
    assert status_of("documents", stat="failed") == 400
    assert status_of("documents", state="failed", code="key") == 200
    assert status_of("submission", t="1") == 200


def status_of(path: str, **query: str) -> int:
    services = Stage().instance().services
    return routes.answer(Request("GET", path, query), lambda: services, NOW).status


@given(st.sampled_from([route.request_schema for route in routes.ROUTES if route.request_schema]), ANYTHING)
def test_nothing_but_a_refusal_comes_of_any_body(kind: type[Body], value: Any) -> None:
    fields = {field.encode_name for field in msgspec.structs.fields(kind)}
    try:
        found = parse_body(kind, json.dumps(value).encode())
    except BadRequest as error:
        assert str(error)  # noqa: PT017 - either is fine
    else:
        assert value.keys() <= fields
        assert isinstance(found, kind)


# --- all faults in one answer -------------------------------------------------------------------------------------


def bad_request(path: str, body: Any, method: str = "POST") -> dict[str, Any]:
    answer = Stage().instance().ask(method, path, body)
    assert (answer.status, answer.body["error"]["code"]) == (400, "BadRequest")
    error: dict[str, Any] = answer.body["error"]
    return error


def test_all_faults_of_a_body_are_told_at_once_with_their_places_and_what_is_allowed() -> None:
    error = bad_request(
        "documents/purge", {"state": "fine", "keys": ["a|b"], "dryrun": True, "olderThanDays": 4000, "reason": 7}
    )
    assert error["details"] == [
        {"field": "dryrun", "message": 'There is no field "dryrun": did you mean "dryRun"?'},
        {"field": "state", "message": '"state" must be one of ended, failed, gone, succeeded, superseded.'},
        {"field": "reason", "message": '"reason" must be one of bad_input, rejected, error, exhausted.'},
        {"field": "keys", "message": '"keys" must be a list of at most 500 document keys.'},
        {"field": "olderThanDays", "message": '"olderThanDays" must be a whole number from 0 to 3650.'},
    ]
    assert error["message"] == " ".join(fault["message"] for fault in error["details"])


def test_a_fault_deep_in_a_body_has_its_place() -> None:
    error = bad_request(
        "projects/P/train",
        {"tasks": [{"trainingModel": "M"}], "publish": {"deployment": "a b", "ifMacroF1AtLeast": 2, "asClassifier": 0}},
    )
    assert [fault["field"] for fault in error["details"]] == [
        *("tasks[0].trainingModel", "tasks[0].trainingModelName", "publish.deployment", "publish.ifMacroF1AtLeast"),
        "publish.asClassifier",
    ]
    assert '"ifMacroF1AtLeast" must be a number from 0 to 1.' in error["message"]


def test_what_is_needed_and_missing_is_told_with_the_rest() -> None:
    error = bad_request("projects", {"name": "a b", "modelType": "Many", "culture": 7})
    assert [fault["field"] for fault in error["details"]] == [
        *("name", "modelType", "storageInputContainerName", "labelsLocation", "culture"),
    ]
    assert "SingleClassification, MultiClassification" in error["message"]


def test_wrong_names_of_files_and_moments_are_told_with_the_rest() -> None:
    error = bad_request("documents/export", {"since": "soon", "until": "2026-13-01", "format": "xml"})
    assert [fault["field"] for fault in error["details"]] == ["format", "since", "until"]
    error = bad_request("projects/P/export", {"labelsLocation": "a.txt", "format": "xml"})
    assert [fault["field"] for fault in error["details"]] == ["labelsLocation", "format"]
    error = bad_request("documents", {"text": "", "name": "a/", "language": "spanish"})
    assert [fault["field"] for fault in error["details"]] == ["text", "name", "language"]


def test_a_change_of_nothing_is_refused() -> None:
    assert "description, multiLingual" in bad_request("projects/P", {}, "PATCH")["message"]


def test_all_unknown_parameters_are_told_at_once() -> None:
    services = Stage().instance().services
    answer = routes.answer(Request("GET", "documents", {"stat": "a", "tops": "b"}), lambda: services, NOW)
    assert [fault["field"] for fault in answer.body["error"]["details"]] == ["stat", "tops"]


def test_an_answer_names_so_many_faults_and_no_more() -> None:
    error = bad_request("documents/replay", {f"field {number}": 1 for number in range(3_000)})
    assert len(error["details"]) == MAX_FAULTS
    error = bad_request("projects/P/train", {"tasks": [{"model": "M"}] * 1_000})
    assert [fault["field"] for fault in error["details"]] == ["tasks"]


def test_an_error_about_no_field_has_no_details() -> None:
    assert "details" not in bad_request("documents/replay", [])
