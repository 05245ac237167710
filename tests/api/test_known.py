"""Misspelt names are refused, wherever they stand, and nothing is done."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api import routes
from shared.api.known import require_known_fields
from shared.api.requests import Request
from shared.api.schemas import SENT
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


@given(st.sampled_from(list(SENT)), ANYTHING)
def test_nothing_but_a_refusal_comes_of_any_body(name: str, value: Any) -> None:
    fields = {field for one in (SENT[name], *SENT[name].get("anyOf", ())) for field in one.get("properties", {})}
    try:
        require_known_fields(value, SENT[name])
    except BadRequest:
        assert isinstance(value, dict | list)
    else:
        assert not isinstance(value, dict) or value.keys() <= fields
