"""A tick that takes minutes: it begins no job when its time is over, and no other tick takes its jobs for lost ones."""

from __future__ import annotations

import threading
from dataclasses import replace

from shared import tick as tick_module
from shared.domain.jobs import Job, JobState
from shared.domain.operations import Operation, OperationKind
from shared.pipeline.claim import claim
from shared.pipeline.collection import collect
from shared.pipeline.submission import GRACE
from tests.support.full_day_script import put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier
from tests.support.values import add, operation


def app_with_waiting_files(stage: Stage, files: int) -> Instance:
    """An instance with a classifier, and files that wait, a job of its own for each."""
    app = app_with_classifier(stage)
    for number in range(files):
        put(f"{number}.txt", f"mast {number} " * 12_000)(stage)
        claim(app.services, f"{number}.txt", stage.now)
    stage.wait(10)
    return app


def check_all_was_sent_once(stage: Stage) -> None:
    stage.drain()
    assert {one.state for one in stage.known()} == {"succeeded"}
    assert set(stage.language.times_sent.values()) == {1}


def test_no_job_begins_when_the_time_of_a_tick_is_over() -> None:
    stage = Stage()
    app = app_with_waiting_files(stage, 10)
    tick_module.tick(app.services, lambda: stage.now, lambda: len(stage.language.started) < 3)
    assert len(stage.language.started) == 3
    check_all_was_sent_once(stage)


def test_what_a_slow_tick_begins_late_no_other_tick_takes_for_lost() -> None:
    stage = Stage()
    other, calls = app_with_waiting_files(stage, 20), 0

    def slowly() -> None:
        """Four seconds go by before each call and after it; now and then the other instance collects."""
        nonlocal calls
        if threading.current_thread() is threading.main_thread():
            calls += 1
            stage.wait(4)
            if calls % 7 == 0:
                collect(other.services, stage.now, 100)

    started = stage.now
    stage.instance(slowly).tick()
    assert stage.now - started > 2 * GRACE
    check_all_was_sent_once(stage)


def test_no_job_is_polled_when_the_time_of_a_tick_is_over() -> None:
    stage = Stage()
    app = app_with_waiting_files(stage, 10)
    app.tick()
    stage.wait(60)
    tick_module.tick(app.services, lambda: stage.now, lambda: not polled(stage))
    assert 0 < len(polled(stage)) < 10 == len(stage.language.started)
    check_all_was_sent_once(stage)


def test_no_further_part_of_a_text_is_polled_when_the_time_of_a_tick_is_over() -> None:
    stage = Stage()
    app = app_with_classifier(stage)
    put("long.txt", "mast " * 240_000)(stage)
    app.land("long.txt")
    assert len(stage.language.started) == 10
    stage.language.looks = 0
    for _ in range(3):
        stage.language.polls.clear()
        stage.wait(120)
        tick_module.tick(app.services, lambda: stage.now, lambda: len(polled(stage)) < 3)
        assert len(polled(stage)) == 3
    [job] = [one for one in stage.check().values() if isinstance(one, Job)]
    assert (job.state, job.setbacks, job.due > stage.now) == (JobState.RUNNING, 0, True)
    check_all_was_sent_once(stage)


def polled(stage: Stage) -> set[str]:
    return {job for job in stage.language.polls if job in stage.language.started}


def test_no_operation_takes_a_step_when_the_time_of_a_tick_is_over() -> None:
    stage = Stage()
    app = stage.instance()
    for number in range(3):
        waiting = operation(f"operation{number}", f"P{number}")
        add(app.services.ledger, replace(waiting, kind=OperationKind.DELETE))
    tick_module.tick(app.services, lambda: stage.now, lambda: tried(stage) < 1)
    assert tried(stage) == 1
    tick_module.tick(app.services, lambda: stage.now)
    assert tried(stage) == 3


def tried(stage: Stage) -> int:
    """How many operations took a step: the twin cannot delete."""
    return sum(one.setbacks for one in stage.check().values() if isinstance(one, Operation))


def test_what_lands_during_a_tick_gathers_for_the_next() -> None:
    stage = Stage()
    app = app_with_waiting_files(stage, 0)
    for name in ("first.txt", "second.txt"):
        put(name, "mast")(stage)
        claim(app.services, name, stage.now)
    calls = 0

    def landing() -> None:
        nonlocal calls
        calls += 1
        stage.wait(1)
        if threading.current_thread() is threading.main_thread() and calls % 5 == 0:
            put(f"{calls}.txt", "mast")(stage)
            claim(app.services, f"{calls}.txt", stage.now)

    stage.wait(10)
    stage.instance(landing).tick()
    [job] = stage.language.started.values()
    assert 2 <= len(job.texts) < len(stage.known())
    check_all_was_sent_once(stage)
