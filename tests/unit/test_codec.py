"""Values to JSON and back: nothing changes on the way, and rows of another day are read."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.documents import Document, DocumentState, Reason
from shared.domain.jobs import Job, JobState
from shared.domain.operations import Cursor, Operation, OperationKind, OperationState
from shared.domain.rate_limiter import RecentCalls, TokenBucket
from shared.domain.routing import ActiveClassifier, FolderClassifier
from shared.domain.singletons import ClassifierGate, Gate, Heartbeat, OutboxError, Pause, SubmitLease, Sweep
from shared.domain.timeline import Event
from shared.language.types import Classifier, ClassScore, Kind
from shared.learning.outbox import OutboxEntry
from shared.learning.reviews import Decision, Review, ReviewReason, ReviewState
from shared.learning.statistics import Source, Statistics
from shared.storage.serialization import decode, encode
from tests.support import values
from tests.support.json_mutations import mutated

SINGLES = (ActiveClassifier, Gate, TokenBucket, Pause, Sweep, SubmitLease, Heartbeat, OutboxError)
STORED = (Document, Job, Operation, *SINGLES)
ANY = st.one_of([st.from_type(kind) for kind in STORED])
FULL = (
    values.document()
    .submitted("j", values.NOW, values.NOW)
    .succeeded((ClassScore("Drama", 0.75),), values.CLASSIFIER, values.NOW)
)


def as_json(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(value))
    return found


@given(ANY)
def test_every_stored_value_comes_back_the_same(value: Any) -> None:
    assert decode(type(value), encode(value)) == value


@given(ANY)
def test_the_version_is_not_stored(value: Any) -> None:
    assert "version" not in as_json(value)
    again = decode(type(value), encode(replace(value, version="7")))
    assert again == value
    assert again.version == ""


@given(ANY, st.data())
def test_a_row_of_an_older_version_of_the_app_is_read(value: Any, data: st.DataObject) -> None:
    optional = [one.name for one in fields(value) if (one.default, one.default_factory) != (MISSING, MISSING)]
    unknown_then = data.draw(st.sets(st.sampled_from(optional))) | {"version"}
    then = {name: raw for name, raw in as_json(value).items() if name not in unknown_then}
    again = decode(type(value), json.dumps(then))
    assert all(
        getattr(again, one.name) == getattr(value, one.name) for one in fields(value) if one.name not in unknown_then
    )


def test_a_row_of_a_newer_version_of_the_app_is_read() -> None:
    assert decode(SubmitLease, '{"taken": null, "unknown": {"of": 1}}') == SubmitLease()


def test_what_json_cannot_spell_is_written_readably() -> None:
    raw = as_json(FULL)
    assert raw["state"] == "succeeded"
    assert raw["ended"] == "2026-03-01T12:00:00+00:00"
    assert raw["classes"] == [{"category": "Drama", "confidence": 0.75}]


@given(mutated([as_json(FULL)]))
def test_a_damaged_row_raises_nothing_but_value_and_type_errors(raw: Any) -> None:
    try:
        decode(Document, json.dumps(raw))
    except (ValueError, TypeError):
        return


@pytest.mark.parametrize("raw", ["text", [], None, 7])
@pytest.mark.parametrize("kind", [Document, Gate])
def test_what_is_no_object_is_no_value(kind: Any, raw: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        decode(kind, json.dumps(raw))


# --- the text of rows as the app wrote it, and as it wrote it before a field was added -----------------------------

AT = "2026-03-01T12:00:00+00:00"
TIMELINE = f'[{{"at":"{AT}","what":"landed"}}]'
CLASSIFIER = (
    '{"dialect":"current","project":"Movies","deployment":"production","model_id":"","kind":"SingleClassification",'
    '"model":"first"}'
)
MOVIES = Classifier("current", "Movies", "production", kind=Kind.SINGLE, model="first")
ROWS: dict[str, tuple[str, Any]] = {
    "document": (
        (
            f'{{"key":"k","name":"é.txt","etag":"0x1","size":5,"modified":"{AT}","claimed":"{AT}","due":"{AT}",'
            '"state":"failed","language":"es","encoding":"gzip","attempts":2,"setbacks":1,'
            f'"set_back_since":"{AT}","apart":true,"job":"j","reason":"bad_input","detail":"empty",'
            f'"classes":[{{"category":"Drama","confidence":0.75}}],"classifier":{CLASSIFIER},"ended":"{AT}",'
            f'"timeline":{TIMELINE},"written":"{AT}"}}'
        ),
        Document(
            *("k", "é.txt", "0x1", 5, values.NOW, values.NOW, values.NOW, DocumentState.FAILED, "es", "gzip", 2, 1),
            *(values.NOW, True, 0, "j", Reason.BAD_INPUT, "empty", (ClassScore("Drama", 0.75),), MOVIES, values.NOW),
            *((Event(values.NOW, "landed"),), values.NOW),
        ),
    ),
    "document of the first version": (
        f'{{"key":"k","name":"a.txt","etag":"0x1","size":5,"modified":"{AT}","claimed":"{AT}","due":"{AT}"}}',
        Document("k", "a.txt", "0x1", 5, values.NOW, values.NOW, values.NOW),
    ),
    "job": (
        (
            f'{{"key":"j","documents":["k","l"],"classifier":{CLASSIFIER},"api":"2023-04-01","created":"{AT}",'
            f'"due":"{AT}","state":"running","service_ids":["s"],"expires":"{AT}","polls":3,"setbacks":1,"detail":"running",'
            f'"ended":null,"timeline":{TIMELINE},"written":null}}'
        ),
        Job(
            *("j", ("k", "l"), MOVIES, "2023-04-01", values.NOW, values.NOW, JobState.RUNNING, ("s",), values.NOW, 3),
            *(1, "running", None, (Event(values.NOW, "landed"),)),
        ),
    ),
    "operation": (
        (
            '{"key":"o","kind":"train","project":"Movies","parameters":{"model":"first","ifMacroF1AtLeast":null},'
            f'"created":"{AT}","due":"{AT}","state":"running","service_id":"s","polls":1,"setbacks":0,"percent":40,'
            '"steps":{"training":"succeeded","documents":7},"result":{"deployedMacroF1":0.5,"deployments":{"a":"m"}},'
            f'"detail":"","ended":null,"part":"publish","timeline":[],"written":"{AT}"}}'
        ),
        Operation(
            *("o", OperationKind.TRAIN, "Movies", {"model": "first", "ifMacroF1AtLeast": None}, values.NOW, values.NOW),
            *(OperationState.RUNNING, "s", 1, 0, 40),
            steps={"training": "succeeded", "documents": 7},
            result={"deployedMacroF1": 0.5, "deployments": {"a": "m"}},
            part=OperationKind.PUBLISH,
            written=values.NOW,
        ),
    ),
    "export of documents": (
        (
            '{"key":"o","kind":"export_documents","project":"","parameters":{"format":"csv"},'
            f'"created":"{AT}","due":"{AT}","cursor":{{"blocks":2,"documents":7,"after":"x|y","stage":""}}}}'
        ),
        Operation(
            *("o", OperationKind.EXPORT_DOCUMENTS, "", {"format": "csv"}, values.NOW, values.NOW),
            cursor=Cursor(2, 7, "x|y"),
        ),
    ),
    "labels from reviews": (
        (
            '{"key":"o","kind":"label_reviews","project":"Movies","parameters":{},'
            f'"created":"{AT}","due":"{AT}","cursor":{{"blocks":0,"documents":0,"after":"x|y","stage":"texts"}}}}'
        ),
        Operation(
            *("o", OperationKind.LABEL_REVIEWS, "Movies", {}, values.NOW, values.NOW),
            cursor=Cursor(after="x|y", stage="texts"),
        ),
    ),
    "document that was replayed": (
        (
            f'{{"key":"k","name":"a.txt","etag":"0x1","size":5,"modified":"{AT}","claimed":"{AT}","due":"{AT}",'
            '"characters":5,"replays":1}'
        ),
        Document("k", "a.txt", "0x1", 5, values.NOW, values.NOW, values.NOW, characters=5, replays=1),
    ),
    "review": (
        (
            f'{{"key":"k","name":"a.txt","etag":"0x1","language":"es","classifier":{CLASSIFIER},'
            f'"prediction":[{{"category":"Drama","confidence":0.75}}],"reason":"low_confidence","created":"{AT}",'
            f'"changed":"{AT}","state":"decided","decision":{{"classes":["Comedy"],"reviewer":"Ada","comment":"",'
            f'"at":"{AT}"}},"used":"o","ended":"{AT}"}}'
        ),
        Review(
            *("k", "a.txt", "0x1", "es", MOVIES, (ClassScore("Drama", 0.75),), ReviewReason.LOW_CONFIDENCE),
            *(
                values.NOW,
                values.NOW,
                ReviewState.DECIDED,
                Decision(("Comedy",), "Ada", "", values.NOW),
                "o",
                values.NOW,
            ),
        ),
    ),
    "statistics": (
        (
            f'{{"start":"{AT}","source":{{"project":"Movies","deployment":"production","model_id":""}},'
            '"states":{"succeeded":2},"reasons":{},"classes":{"Drama":1},"without_class":1,'
            '"confidences":[0,0,0,0,0,0,0,1,0,0],"durations":{"26":2},"requests":2,"records":2}'
        ),
        Statistics(
            *(values.NOW, Source("Movies", "production"), {"succeeded": 2}, {}, {"Drama": 1}, 1),
            *((0, 0, 0, 0, 0, 0, 0, 1, 0, 0), {"26": 2}, 2, 2),
        ),
    ),
    "outbox": (
        f'{{"key":"k","at":"{AT}","documents":[],"reviews":[],"classifier":{CLASSIFIER},"requests":2}}',
        OutboxEntry("k", values.NOW, classifier=MOVIES, requests=2),
    ),
    "chosen": (
        f'{{"classifier":{CLASSIFIER},"since":"{AT}","looked":null}}',
        ActiveClassifier(MOVIES, values.NOW),
    ),
    "gate": (
        f'{{"until":"{AT}","reason":"429","since":"{AT}","closed_at":"{AT}","failures":2,"reopenings":1}}',
        Gate(values.NOW, "429", values.NOW, values.NOW, 2, reopenings=1),
    ),
    "folders": (
        (
            f'{{"classifier":null,"folders":[{{"prefix":"en/","classifier":{CLASSIFIER},"since":"{AT}",'
            f'"looked":"{AT}"}}]}}'
        ),
        ActiveClassifier(folders=(FolderClassifier("en/", MOVIES, values.NOW, values.NOW),)),
    ),
    "blocked": (
        (
            f'{{"until":null,"blocked":[{{"until":"{AT}","reason":"404","since":null,"closed_at":null,"failures":1,'
            '"item":"","cause":"ResourceNotFound","name":"Movies/production"}]}'
        ),
        Gate(
            blocked=(ClassifierGate(values.NOW, "404", failures=1, cause="ResourceNotFound", name="Movies/production"),)
        ),
    ),
    "budget": (f'{{"calls":2,"at":"{AT}"}}', TokenBucket(2.0, values.NOW)),
    "recent": (
        f'{{"calls":2,"at":"{AT}","recent":[{{"at":"{AT}","number":3}}]}}',
        TokenBucket(2.0, values.NOW, (RecentCalls(values.NOW, 3),)),
    ),
    "pause": (f'{{"paused":true,"since":"{AT}"}}', Pause(True, values.NOW)),
    "pulse": (f'{{"at":"{AT}"}}', Heartbeat(values.NOW)),
    "kept": (f'{{"at":"{AT}","reason":"403"}}', OutboxError(values.NOW, "403")),
    "slot": (f'{{"taken":"{AT}"}}', SubmitLease(values.NOW)),
    "sweep": (
        (
            f'{{"began":"{AT}","marker":"m","whole":true,"found":1,"complete":"{AT}","moved":"{AT}","unclaimed":2,'
            f'"example":"a.txt","again":1,"ended":"{AT}","whole_ended":"{AT}","asked":true}}'
        ),
        Sweep(
            *(values.NOW, "m", True, 1, values.NOW, values.NOW, 2, "a.txt", 1, values.NOW, values.NOW, True),
        ),
    ),
}


@pytest.mark.parametrize(("text", "value"), ROWS.values(), ids=ROWS)
def test_rows_that_are_stored_already_are_read(text: str, value: Any) -> None:
    assert decode(type(value), text) == value
    assert decode(type(value), text[:-1] + ',"newer":{"field":[1]},"version":"of nobody"}') == value


@pytest.mark.parametrize(("text", "value"), ROWS.values(), ids=ROWS)
def test_rows_are_written_with_the_names_that_they_have(text: str, value: Any) -> None:
    assert as_json(value).items() >= json.loads(text).items()


def test_a_time_keeps_its_zone() -> None:
    read = decode(Heartbeat, '{"at": "2026-03-01T13:00:00+01:00"}')
    assert read.at == values.NOW
    assert encode(read) == '{"at":"2026-03-01T13:00:00+01:00"}'


@pytest.mark.parametrize("field", ["due", "ended", "at"])
def test_a_time_without_its_zone_is_no_value_not_even_deep_within(field: str) -> None:
    with pytest.raises(ValueError, match="zone"):
        decode(Document, encode(FULL).replace(f'"{field}":"{AT}"', f'"{field}":"2026-03-01T12:00:00"', 1))


def test_half_a_character_is_no_value() -> None:
    """No row, result or request can spell it again."""
    with pytest.raises(ValueError):  # noqa: PT011 - the words are those of the library
        decode(Document, encode(FULL).replace('"a.txt"', r'"\ud800"'))
