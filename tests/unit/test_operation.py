"""Operations: their transitions, and what a caller may read of them on the way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.operations import Operation, OperationKind, OperationState
from shared.domain.timeline import REASON_LENGTH, TIMELINE_LENGTH
from shared.language.types import Progress, State
from tests.support.values import NOW, TEXTS, operation, seconds

LATER = NOW + seconds(9)
TRAINING = Progress(State.RUNNING, percent=40, steps={"training": "succeeded", "evaluation": "running"})

Step = Callable[[Operation], Operation]
LONG = TEXTS | st.integers(0, 3000).map(lambda length: "w" * length)
PROGRESS = st.builds(Progress, st.just(State.RUNNING), st.integers(0, 100), st.dictionaries(LONG, LONG, max_size=3))
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.just(lambda one: one.taken(LATER, NOW)),
    st.just(lambda one: one.running("s", LATER, NOW)),
    LONG.map(lambda why: lambda one: one.postponed(why, LATER, NOW)),
    st.just(lambda one: one.advanced(OperationKind.PUBLISH, {"model": "m"}, {}, LATER)),
    PROGRESS.map(lambda progress: lambda one: one.progressed(progress, LATER, NOW)),
)


@pytest.mark.parametrize(("status", "said"), [("notStarted", "not started"), ("running", "running"), (3, "3")])
def test_a_timeline_has_statuses_in_plain_words(status: str | int, said: str) -> None:
    progress = Progress(State.RUNNING, steps={"evaluation": status})
    found = operation().running("j", LATER, LATER).progressed(progress, LATER, LATER)
    assert (found.timeline[-1].what, found.steps) == (f"evaluation {said}", {"evaluation": status})


def lines(one: Operation) -> list[str]:
    return [event.what for event in one.timeline]


def test_a_life_from_start_to_end() -> None:
    taken = operation().taken(LATER, NOW)
    assert (taken.state, taken.due) == (OperationState.STARTING, LATER)
    running = taken.postponed("busy", LATER, NOW).running("s", LATER, NOW)
    assert (running.state, running.service_id, running.polls, running.detail) == (OperationState.RUNNING, "s", 0, "")
    halfway = running.progressed(TRAINING, LATER, NOW)
    assert (halfway.percent, halfway.steps, halfway.polls) == (40, TRAINING.steps, 1)
    done = halfway.succeeded({"model": "first"}, {"training": "succeeded", "evaluation": "succeeded"}, NOW)
    assert (done.state, done.percent, done.result, done.ended) == (
        OperationState.SUCCEEDED, 100, {"model": "first"}, NOW,
    )  # fmt: skip
    assert done.steps == {"training": "succeeded", "evaluation": "succeeded"}
    assert lines(done) == ["busy", "accepted by the service", "training succeeded, evaluation running", "succeeded"]


def test_one_part_leads_to_another() -> None:
    training = operation().running("s", LATER, NOW).progressed(TRAINING, LATER, NOW)
    between = training.advanced(OperationKind.PUBLISH, {"model": "first"}, {"training": "succeeded"}, NOW)
    assert (between.state, between.phase, between.kind) == (
        OperationState.STARTING, OperationKind.PUBLISH, OperationKind.TRAIN,
    )  # fmt: skip
    assert (between.service_id, between.polls, between.due, between.ended) == ("", 0, NOW, None)
    done = between.running("t", LATER, NOW).succeeded({"deployment": "production"}, {}, NOW)
    assert done.result == {"model": "first", "deployment": "production"}
    assert "train succeeded, publish follows" in lines(done)


def test_a_failure_says_why() -> None:
    failed = operation().running("s", LATER, NOW).failed("There are too few documents.", NOW)
    assert (failed.state, failed.ended, failed.detail) == (OperationState.FAILED, NOW, "There are too few documents.")
    assert lines(failed)[-1] == "failed: There are too few documents."


def test_the_same_news_twice_is_one_line() -> None:
    waiting = operation().postponed("busy", LATER, NOW).postponed("busy", LATER, NOW)
    assert lines(waiting) == ["busy"]
    running = operation().progressed(TRAINING, LATER, NOW).progressed(TRAINING, LATER, NOW)
    assert lines(running) == ["training succeeded, evaluation running"]
    assert operation().progressed(Progress(State.RUNNING), LATER, NOW).timeline == ()


def test_long_news_twice_is_one_line() -> None:
    trouble = "t" * (REASON_LENGTH + 1)
    assert len(operation().postponed(trouble, LATER, NOW).postponed(trouble, LATER, NOW).timeline) == 1


@given(st.lists(STEPS, max_size=40), LONG)
def test_an_operation_stays_bounded_whatever_happens(steps: list[Step], why: str) -> None:
    one = operation()
    for step in steps:
        one = step(one)
        assert not one.state.final
        assert one.ended is None
        assert len(one.timeline) <= TIMELINE_LENGTH
        assert len(one.detail) <= REASON_LENGTH
    for ended in (one.succeeded({}, {}, NOW), one.failed(why, NOW)):
        assert ended.state.final
        assert ended.ended == NOW
        assert len(ended.timeline) <= TIMELINE_LENGTH
        assert len(ended.detail) <= REASON_LENGTH
