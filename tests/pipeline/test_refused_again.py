"""A document, or a job, that the service answers with trouble each time: it waits apart, and the others do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from shared.domain.documents import MAX_REFUSALS, Document, DocumentState, Reason
from shared.errors import (
    AccessDenied,
    Busy,
    LanguageError,
    QuotaSpent,
    ResourceNotFound,
    Throttled,
    Unavailable,
    Unexpected,
)
from shared.language.types import Analysis, Classifier, Text
from tests.fakes.language import MemoryLanguage
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier, app_with_submitted_file

SUBMISSIONS = [Throttled, AccessDenied, Unexpected, Busy, ResourceNotFound, Unavailable, QuotaSpent]
POLLS = [Throttled, AccessDenied, Unexpected, Busy, Unavailable]
POISON = "a-poison.txt"
VENOM = "venom"


class Venomous(MemoryLanguage):
    """Raises such trouble for each submission, or each poll, of a job with the poison."""

    def __init__(self, submission: type[LanguageError] | None = None, poll: type[LanguageError] | None = None) -> None:
        super().__init__()
        self.submission, self.poll = submission, poll

    def begin_analyze(self, texts: Sequence[Text], classifier: Classifier, name: str) -> str:
        if self.submission and any(VENOM in text.text for text in texts):
            raise self.submission("No.")
        return super().begin_analyze(texts, classifier, name)

    def analysis(self, job: str) -> Analysis:
        if self.poll and any(VENOM in text.text for text in self.started[job].texts):
            raise self.poll("No.")
        return super().analysis(job)


def started(language: Venomous, companions: int) -> tuple[Stage, Instance]:
    stage = Stage(language=language)
    app = app_with_classifier(stage)
    put(POISON, f"{SHIP} {VENOM}")(stage)
    for number in range(companions):
        put(f"companion{number:02}.txt", SHIP)(stage)
    assert app.ask("POST", "sweep").status == 202
    for _ in range(2):
        stage.wait(10)
        app.tick()
    return stage, app


def ticks_until(stage: Stage, app: Instance, condition: Callable[[], bool], most: int) -> int:
    for number in range(most):
        if condition():
            return number
        stage.wait(10)
        app.tick()
    raise AssertionError([one for one in stage.known() if not one.state.final])


def classified(stage: Stage, prefix: str) -> Callable[[], bool]:
    return lambda: all(one.state is DocumentState.SUCCEEDED for one in stage.known() if one.name.startswith(prefix))


def poison(stage: Stage) -> Document:
    [found] = [one for one in stage.known() if one.name == POISON]
    return found


@pytest.mark.parametrize("trouble", SUBMISSIONS)
def test_the_companions_of_a_document_whose_jobs_are_refused_are_classified(trouble: type[LanguageError]) -> None:
    """Twice together, and then each alone."""
    stage, app = started(Venomous(submission=trouble), companions=30)
    ticks_until(stage, app, classified(stage, "companion"), most=600 if trouble is QuotaSpent else 30)
    assert (poison(stage).state, poison(stage).attempts) == (DocumentState.WAITING, 0)


@pytest.mark.parametrize("trouble", POLLS)
def test_the_companions_of_a_document_whose_jobs_are_never_told_of_are_classified(trouble: type[LanguageError]) -> None:
    """The job of all ends after an hour and some time, that of five after as long; then each is alone."""
    stage, app = started(Venomous(poll=trouble), companions=20)
    ticks_until(stage, app, classified(stage, "companion"), most=6 * 60 * 6)
    assert poison(stage).attempts == 2


def test_an_outage_of_most_of_an_hour_costs_no_job() -> None:
    stage = Stage()
    app = app_with_submitted_file(stage)
    stage.language.troubles = [Unavailable("No.")] * 10_000
    for _ in range(6 * 55):
        stage.wait(10)
        app.tick()
    stage.language.troubles.clear()
    stage.drain()
    assert len(stage.language.started) == 1


@pytest.mark.parametrize(
    ("submission", "poll"), [*((one, None) for one in SUBMISSIONS), *((None, one) for one in POLLS)]
)
def test_a_file_that_lands_much_later_does_not_wait_for_it(
    submission: type[LanguageError] | None, poll: type[LanguageError] | None
) -> None:
    stage, app = started(Venomous(submission, poll), companions=0)
    for _ in range(50):
        stage.wait(120)
        app.tick()
    assert not poison(stage).state.final
    put("later.txt", SHIP)(stage)
    app.land("later.txt")
    ticks_until(stage, app, classified(stage, "later"), most=250)  # two closings, of 18 minutes at most


@pytest.mark.parametrize(
    ("submission", "poll"), [*((one, None) for one in (Unavailable, AccessDenied)), *((None, one) for one in POLLS)]
)
def test_files_that_land_now_and_then_wait_seconds_for_it_and_once_a_job(
    submission: type[LanguageError] | None, poll: type[LanguageError] | None
) -> None:
    """A file every five minutes: between two of them there is time to close the gate for long."""
    stage, app = started(Venomous(submission, poll), companions=0)
    took = []
    for number in range(24):
        for _ in range(27):
            stage.wait(10)
            app.tick()
        name = f"later{number:02}.txt"
        put(name, SHIP)(stage)
        app.land(name)
        took.append(ticks_until(stage, app, classified(stage, name), most=100))
    assert max(took) <= 4
    assert poison(stage).attempts or poison(stage).refusals


def test_health_names_a_document_that_is_refused_each_time() -> None:
    stage, app = started(Venomous(submission=AccessDenied), companions=0)
    for number in range(30):
        put(f"other{number}.txt", SHIP)(stage)
        app.land(f"other{number}.txt")
        for _ in range(6):
            stage.wait(20)
            app.tick()
    health = app.ask("GET", "health")
    assert health.status == 503
    assert POISON in str(health.body)


def test_a_document_that_is_refused_each_time_while_others_are_taken_has_failed_in_the_end() -> None:
    stage, app = started(Venomous(submission=AccessDenied), companions=0)
    for number in range(2 * MAX_REFUSALS):
        stage.wait(600)
        put(f"other{number}.txt", SHIP)(stage)
        app.land(f"other{number}.txt")
        for _ in range(3):
            stage.wait(10)
            app.tick()
        if poison(stage).state.final:
            break
    assert (poison(stage).reason, poison(stage).attempts) == (Reason.ERROR, 0)
    assert "No." in poison(stage).detail
    assert classified(stage, "other")()


def test_a_document_that_is_refused_each_time_as_all_others_are_waits() -> None:
    stage, app = started(Venomous(submission=AccessDenied), companions=0)
    for _ in range(3 * MAX_REFUSALS):
        stage.wait(1800)
        app.tick()
    assert poison(stage).state is DocumentState.WAITING
    assert poison(stage).refusals == MAX_REFUSALS
