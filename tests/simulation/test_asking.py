"""Who asks for a document has its job polled at once: by one of many callers, and as carefully as a tick does it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.documents import Document, DocumentState
from shared.domain.jobs import Job
from shared.domain.rate_limiter import TokenBucket
from shared.domain.singletons import Gate
from shared.errors import LanguageError, Rejected, Throttled, Unavailable
from shared.pipeline.collection import ASKED
from tests.fakes.language import MemoryLanguage
from tests.support.in_memory_app import Instance, Killed, Lifetime, Stage, one_thread
from tests.support.prepared_apps import app_with_submitted_file
from tests.support.values import seconds

DUE = 1  # seconds after the submission of one document


def prepared(looks: int = 0) -> tuple[Stage, Instance, str]:
    """An app with a submitted file whose job is due, and the key of its document."""
    stage = Stage(language=MemoryLanguage(looks=1))
    app = app_with_submitted_file(stage)
    stage.language.looks = looks
    stage.language.polls.clear()
    stage.wait(DUE)
    return stage, app, stage.only().key


def polls(stage: Stage) -> int:
    return stage.language.polls.total()


def job_of(stage: Stage) -> Job:
    [job] = [value for value in stage.check().values() if isinstance(value, Job)]
    return job


@pytest.mark.parametrize("path", ["documents/{}", "documents/{}/result", "jobs/{}"])
def test_who_asks_need_not_wait_for_a_tick(path: str) -> None:
    stage, app, key = prepared()
    answer = app.ask("GET", path.format(stage.only().job if "jobs" in path else key))
    assert (answer.status, stage.only().state, polls(stage)) == (200, DocumentState.SUCCEEDED, 1)
    assert "Retry-After" not in answer.headers
    assert {"documents/{}": "succeeded", "jobs/{}": "done"}.get(path) == answer.body.get("state")


def test_a_thousand_callers_are_one_poll() -> None:
    stage, app, key = prepared(looks=5)
    others = [app, *(stage.instance() for _ in range(9))]
    with ThreadPoolExecutor(20) as callers:
        answers = list(callers.map(lambda n: others[n % 10].ask("GET", f"documents/{key}/result"), range(1000)))
    assert {(one.status, one.headers["Retry-After"]) for one in answers} == {(202, "1")}
    assert polls(stage) == 1
    app.tick()
    assert polls(stage) == 1


def test_a_caller_polls_no_earlier_than_a_tick() -> None:
    stage, app, key = prepared()
    stage.now = job_of(stage).due - seconds(0.001)
    assert app.ask("GET", f"documents/{key}/result").status == 202
    assert polls(stage) == 0
    stage.wait(0.001)
    assert app.ask("GET", f"documents/{key}/result").status == 200


def closed(stage: Stage, app: Instance) -> None:
    app.services.ledger.change(Gate, lambda gate: gate.closed("429", timedelta(minutes=1), stage.now))


def spent(stage: Stage, app: Instance) -> None:
    app.services.ledger.change(TokenBucket, lambda bucket: replace(bucket, calls=0.0, at=stage.now))


@pytest.mark.parametrize("close", [closed, spent])
def test_neither_gate_nor_quota_is_passed_by_asking(close: Callable[[Stage, Instance], None]) -> None:
    stage, app, key = prepared()
    close(stage, app)
    before = job_of(stage)
    answer = app.ask("GET", f"documents/{key}/result")
    assert (answer.status, answer.body["state"], polls(stage)) == (202, "submitted", 0)
    assert job_of(stage) == before


@pytest.mark.parametrize("trouble", [Throttled("429"), Unavailable("503"), Rejected("400"), KeyError("classes")])
def test_what_goes_wrong_in_a_poll_is_not_the_callers(trouble: Exception) -> None:
    stage, app, key = prepared()
    stage.language.troubles = [trouble]
    answer = app.ask("GET", f"documents/{key}/result")
    assert (answer.status, answer.body["state"], answer.body["detail"]) == (
        202,
        "submitted",
        "The Language service is classifying it.",
    )
    closes = isinstance(trouble, LanguageError) and not isinstance(trouble, Rejected)
    assert app.services.ledger.read(Gate).is_closed(stage.now) is closes
    stage.drain()
    assert (stage.only().state, len(stage.language.names)) == (DocumentState.SUCCEEDED, 1)


def test_a_caller_that_dies_at_any_call_leaves_the_job_to_a_tick() -> None:
    with one_thread():
        stage, _, key = prepared()
        life = Lifetime()
        stage.instance(life).ask("GET", f"documents/{key}/result")
        for last in range(1, life.moments + 1):
            stage, app, key = prepared()
            with pytest.raises(Killed):
                stage.instance(Lifetime(last)).ask("GET", f"documents/{key}/result")
            stage.check()
            stage.wait(ASKED.total_seconds())
            app.tick()
            assert (stage.only().state, len(stage.language.names)) == (DocumentState.SUCCEEDED, 1)


def test_somebody_asks_another_instance_between_any_two_calls_of_a_tick() -> None:
    with one_thread():
        for call in range(1, 40):
            stage, _, key = prepared()
            asked = Interrupted(stage, key, call)
            stage.wait(10)
            stage.instance(asked).tick()
            assert polls(stage) <= 2
            stage.check()
            stage.drain()
            ended = [value for value in stage.check().values() if isinstance(value, Document)]
            assert [one.state for one in ended] == [DocumentState.SUCCEEDED]
            assert len(stage.language.names) == 1


class Interrupted:
    """Before one call of an instance, somebody asks another one for a document."""

    def __init__(self, stage: Stage, key: str, call: int) -> None:
        self._other, self._key, self._left = stage.instance(), key, 2 * call - 1

    def __call__(self) -> None:
        self._left -= 1
        if not self._left:
            self._other.ask("GET", f"documents/{self._key}/result")
