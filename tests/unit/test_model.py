"""Documents and jobs: whatever happens to them in whatever order, what must hold does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.clocks import backoff
from shared.domain.documents import BATCH_SIZES, MAX_ATTEMPTS, SERVICE_PACK, Document, DocumentState, Reason
from shared.domain.jobs import JobState
from shared.domain.keys import digest, document_key
from shared.domain.timeline import EVENT_LENGTH, REASON_LENGTH, TIMELINE_LENGTH
from shared.errors import VersionConflict
from shared.language.types import Analysis, ClassScore, State
from shared.pipeline.collection import outcome
from shared.storage.ledger import Ledger
from tests.fakes.rows import MemoryRows
from tests.support.values import CLASSIFIER, NOW, TEXTS, document, job, seconds

LATER = NOW + seconds(60)
SCORES = (ClassScore("Drama", 0.9), ClassScore("Comedy", 0.2))
WHYS = TEXTS | st.integers(0, 3000).map(lambda length: "w" * length)

DocumentStep = Callable[[Document], Document]
STEPS: st.SearchStrategy[DocumentStep] = st.one_of(
    st.just(lambda one: one.submitted("j", LATER, NOW)),
    WHYS.map(lambda why: lambda one: one.requeued(why, LATER, NOW)),
    WHYS.map(lambda why: lambda one: one.no_result(why, LATER, NOW)),
)
ENDS: st.SearchStrategy[DocumentStep] = st.one_of(
    st.just(lambda one: one.succeeded(SCORES, CLASSIFIER, NOW)),
    st.builds(lambda reason, why: lambda one: one.failed(reason, why, NOW), st.sampled_from(Reason), WHYS),
    st.just(lambda one: one.superseded(NOW)),
    st.just(lambda one: one.gone(NOW)),
)


def sound(value: Any) -> bool:
    """What holds for every document and job."""
    return (
        len(value.timeline) <= TIMELINE_LENGTH
        and all(len(event.what) <= EVENT_LENGTH for event in value.timeline)
        and len(value.detail) <= REASON_LENGTH
        and (value.ended is not None) == value.state.final
    )


# --- documents --------------------------------------------------------------------------------------------------


def test_a_document_that_landed_waits_and_is_due_at_once() -> None:
    landed = document("a.txt", NOW, etag="0x1", language="fr", size=7)
    assert (landed.state, landed.due, landed.claimed, landed.max_batch_size) == (
        DocumentState.WAITING,
        NOW,
        NOW,
        SERVICE_PACK,
    )
    assert (landed.name, landed.etag, landed.size, landed.language) == ("a.txt", "0x1", 7, "fr")
    assert [event.what for event in landed.timeline] == ["landed"]
    assert sound(landed)


@given(st.lists(STEPS | ENDS, max_size=60))
def test_timelines_and_reasons_stay_bounded_whatever_happens(steps: list[DocumentStep]) -> None:
    one = document()
    for step in steps:
        if one.state.final:
            break
        one = step(one)
        assert sound(one)
        assert 1 <= one.max_batch_size <= SERVICE_PACK
        assert one.timeline[-1].at == NOW


def test_a_timeline_keeps_its_last_events() -> None:
    one = document()
    for number in range(TIMELINE_LENGTH + 5):
        one = one.requeued(f"{number}", LATER, NOW)
    assert [event.what for event in one.timeline] == [f"{number}" for number in range(5, TIMELINE_LENGTH + 5)]


@given(ENDS)
def test_every_end_is_final_and_says_when(end: DocumentStep) -> None:
    ended = end(document().submitted("j", LATER, NOW))
    assert ended.state.final
    assert ended.ended == NOW
    assert sound(ended)


def test_a_success_has_its_classes_and_the_classifier_they_are_from() -> None:
    ended = document().submitted("j", LATER, NOW).succeeded(SCORES, CLASSIFIER, NOW)
    assert (ended.state, ended.classes, ended.classifier) == (DocumentState.SUCCEEDED, SCORES, CLASSIFIER)
    assert (ended.reason, ended.detail, ended.job) == (None, "", "j")


def test_a_failure_has_its_reason_in_words() -> None:
    ended = document().failed(Reason.BAD_INPUT, "The file is empty.", NOW)
    assert (ended.state, ended.reason, ended.detail) == (DocumentState.FAILED, Reason.BAD_INPUT, "The file is empty.")
    assert ended.timeline[-1].what == "failed: The file is empty."


def test_a_document_handed_to_a_job_is_looked_at_again_should_the_job_be_forgotten() -> None:
    handed = document().submitted("j", LATER, NOW)
    assert (handed.state, handed.job, handed.due) == (DocumentState.SUBMITTED, "j", LATER)


def test_a_document_returned_waits_for_any_job_and_nothing_counts_against_it() -> None:
    back = document().submitted("j", LATER, NOW).requeued("the gate closed", LATER, NOW)
    assert (back.state, back.job, back.due, back.attempts, back.max_batch_size) == (
        DocumentState.WAITING, "", LATER, 0, SERVICE_PACK,
    )  # fmt: skip


@given(st.lists(STEPS, max_size=10), ENDS)
def test_a_document_replayed_is_as_if_it_had_just_landed_but_for_its_timeline(
    steps: list[DocumentStep], end: DocumentStep
) -> None:
    one = document()
    for step in steps:
        one = one if one.state.final else step(one)
    again = end(one).replayed(LATER)
    assert replace(again, timeline=(), replays=0) == replace(document(), due=LATER, written=LATER, timeline=())
    assert again.replays == 1
    assert again.timeline[-1].what == "replayed"
    assert again.timeline[-2].at == NOW
    assert sound(again)


def test_each_submission_without_an_answer_counts_and_the_last_one_ends_the_document() -> None:
    """Twice in company, then alone: one bad text ends alone, and takes no good one with it."""
    one, shares = document(), []
    for attempt in range(MAX_ATTEMPTS):
        assert (one.state, one.attempts) == (DocumentState.WAITING, attempt)
        shares.append(one.max_batch_size)
        one = one.submitted("j", LATER, NOW).no_result("nothing", LATER, NOW)
    assert shares == list(BATCH_SIZES) == [25, 5, 1, 1, 1, 1, 1]
    assert (one.reason, one.attempts) == (Reason.EXHAUSTED, MAX_ATTEMPTS)
    assert f"{MAX_ATTEMPTS} times" in one.detail
    assert "nothing" in one.detail


@given(st.lists(st.tuples(st.sampled_from("ab"), st.just(None) | STEPS | ENDS), max_size=30))
def test_the_first_final_state_wins_whoever_writes(turns: list[tuple[str, DocumentStep | None]]) -> None:
    """Two instances read (None) and change the same document, each by what it read last."""
    ledger = Ledger(MemoryRows())
    [landed] = ledger.commit((None, document()))
    read, end = {"a": landed, "b": landed}, None
    for who, step in turns:
        if step is None:
            read[who] = ledger.find(Document, landed.key) or pytest.fail("The document is lost.")
        elif not read[who].state.final:
            with suppress(VersionConflict):
                [read[who]] = ledger.commit((read[who], step(read[who])))
        found = ledger.find(Document, landed.key)
        assert found is not None
        assert end is None or found == end
        end = found if found.state.final else None
        assert (ledger.open(Document, 10)[0] == []) == found.state.final


# --- what an ended job says of a document -----------------------------------------------------------------------

KEY = document().key
ANALYSES = st.builds(
    Analysis,
    st.sampled_from([State.SUCCEEDED, State.FAILED, State.CANCELLED]),
    classes=st.dictionaries(st.sampled_from([KEY, "other"]), st.just(SCORES)),
    errors=st.dictionaries(st.sampled_from([KEY, "other"]), TEXTS),
    error=TEXTS,
)


@given(ANALYSES, st.integers(0, MAX_ATTEMPTS - 1))
def test_what_the_service_says_of_a_document_decides_it(analysis: Analysis, attempts: int) -> None:
    one = document().submitted("job1", LATER, NOW)
    for _ in range(attempts):
        one = one.no_result("nothing", LATER, NOW).submitted("job1", LATER, NOW)
    after = outcome(one, job(one), analysis, NOW)
    assert sound(after)
    if KEY in analysis.classes:
        assert (after.state, after.classes) == (DocumentState.SUCCEEDED, SCORES)
    elif KEY in analysis.errors:
        assert (after.state, after.reason) == (DocumentState.FAILED, Reason.REJECTED)
    elif attempts == MAX_ATTEMPTS - 1:
        assert (after.state, after.reason) == (DocumentState.FAILED, Reason.EXHAUSTED)
    else:
        assert (after.state, after.job) == (DocumentState.WAITING, "")
        assert after.due > NOW


# --- jobs -------------------------------------------------------------------------------------------------------


def test_a_job_that_runs_expires_when_the_service_forgets_it() -> None:
    running = job(document()).running(("s",), LATER, NOW)
    assert (running.state, running.service_ids, running.due) == (JobState.RUNNING, ("s",), LATER)
    assert running.expires == NOW + timedelta(hours=24)


def test_only_a_change_of_status_is_worth_a_line() -> None:
    polled = job(document()).running(("s",), LATER, NOW)
    for status in ("notStarted", "running", "running", "running"):
        polled = polled.polled(status, LATER, NOW)
    assert polled.polls == 4
    assert [event.what for event in polled.timeline] == ["accepted by the service", "not started", "running"]


def test_a_long_status_said_twice_is_one_line() -> None:
    trouble = "t" * (REASON_LENGTH + 1)
    polled = job(document()).polled(trouble, LATER, NOW).polled(trouble, LATER, NOW)
    assert len(polled.timeline) == 1


@given(st.lists(WHYS, max_size=40), WHYS)
def test_jobs_stay_bounded_whatever_the_service_says(statuses: list[str], why: str) -> None:
    polled = job(document()).running(("s",), LATER, NOW)
    for status in statuses:
        polled = polled.polled(status, LATER, NOW)
        assert sound(polled)
    for ended in (polled.done(NOW), polled.lost(why, NOW)):
        assert ended.state.final
        assert sound(ended)


# --- keys and waits ---------------------------------------------------------------------------------------------


@given(TEXTS, TEXTS)
def test_a_key_is_fit_for_a_row_key_and_knows_no_quotes(name: str, etag: str) -> None:
    key = document_key("documents", name, etag.strip('"'))
    assert len(key) == 32
    assert set(key) <= set("0123456789abcdef")
    assert key == document_key("documents", name, f'"{etag}"')


def test_another_container_name_or_version_is_another_key() -> None:
    same = document_key("documents", "a.txt", "0x1")
    assert same == document().key
    others = [("other", "a.txt", "0x1"), ("documents", "b.txt", "0x1"), ("documents", "a.txt", "0x2")]
    assert len({same, *(document_key(*other) for other in others)}) == 4


def test_parts_do_not_run_into_each_other() -> None:
    assert digest("ab", "c") != digest("a", "bc")


@given(TEXTS, st.integers(0, 10**6), st.floats(0.1, 60), st.floats(60, 10**5))
def test_a_wait_is_within_a_fifth_of_its_bounds(key: str, tries: int, first: float, longest: float) -> None:
    wait = backoff(key, tries, seconds(first), seconds(longest)).total_seconds()
    assert 0.79 * first <= wait <= 1.21 * longest
    assert wait == backoff(key, tries, seconds(first), seconds(longest)).total_seconds()


@given(TEXTS, st.integers(0, 10))
def test_waits_double_until_the_longest(key: str, tries: int) -> None:
    wait = backoff(key, tries, seconds(1), seconds(10**6)).total_seconds()
    assert 0.79 * 2**tries <= wait <= 1.21 * 2**tries


def test_things_that_began_together_do_not_stay_together() -> None:
    waits = {backoff(f"{number}", 3, seconds(1), seconds(60)) for number in range(100)}
    assert len(waits) > 90
