"""Values to JSON and back: nothing changes on the way, and rows of another day are read."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any

import pytest
import values
from hypothesis import given
from hypothesis import strategies as st
from mutations import mutated

from shared.domain.documents import Document
from shared.domain.jobs import Job
from shared.domain.operations import Operation
from shared.domain.singletons import ActiveClassifier, Gate, Heartbeat, SubmitLease
from shared.language.types import ClassScore
from shared.storage.serialization import from_json, to_json

STORED = (Document, Job, Operation, ActiveClassifier, Gate, SubmitLease, Heartbeat)
ANY = st.one_of([st.from_type(kind) for kind in STORED])
FULL = (
    values.document()
    .submitted("j", values.NOW, values.NOW)
    .succeeded((ClassScore("Drama", 0.75),), values.CLASSIFIER, values.NOW)
)


@given(ANY)
def test_every_stored_value_comes_back_the_same(value: Any) -> None:
    assert from_json(type(value), json.loads(json.dumps(to_json(value), ensure_ascii=False))) == value


@given(ANY)
def test_a_field_left_out_keeps_its_default(value: Any) -> None:
    again = from_json(type(value), to_json(value, without=frozenset({"version"})))
    assert again == value
    assert again.version == ""


@given(ANY, st.data())
def test_a_row_of_an_older_version_of_the_app_is_read(value: Any, data: st.DataObject) -> None:
    optional = [one.name for one in fields(value) if (one.default, one.default_factory) != (MISSING, MISSING)]
    unknown_then = data.draw(st.sets(st.sampled_from(optional)))
    again = from_json(type(value), to_json(value, without=frozenset(unknown_then)))
    assert all(
        getattr(again, one.name) == getattr(value, one.name) for one in fields(value) if one.name not in unknown_then
    )


def test_a_row_of_a_newer_version_of_the_app_is_read() -> None:
    assert from_json(SubmitLease, {"taken": None, "unheard": {"of": 1}}) == SubmitLease()


def test_what_json_cannot_spell_is_written_readably() -> None:
    raw = to_json(FULL)
    assert raw["state"] == "succeeded"
    assert raw["ended"] == "2026-03-01T12:00:00+00:00"
    assert raw["classes"] == [{"category": "Drama", "confidence": 0.75}]


@given(mutated([to_json(FULL)]))
def test_a_damaged_row_raises_nothing_but_value_and_type_errors(raw: Any) -> None:
    try:
        from_json(Document, raw)
    except (ValueError, TypeError):
        return


@pytest.mark.parametrize("raw", ["text", [], None, 7])
@pytest.mark.parametrize("kind", [Document, Gate])
def test_what_is_no_object_is_no_value(kind: Any, raw: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        from_json(kind, raw)
