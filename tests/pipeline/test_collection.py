"""What jobs come to when the service's answers make no sense to the app: looked at again, and not for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain.documents import Document, DocumentState
from shared.domain.jobs import JOB_LIFETIME
from shared.domain.routing import ActiveClassifier
from shared.domain.timeline import SETBACKS
from shared.errors import InvalidResponse, LanguageError, Rejected
from tests.fakes.language import MemoryLanguage
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_submitted_file


def misunderstood(stage: Stage) -> Instance:
    app = app_with_submitted_file(stage)
    stage.language.troubles = [KeyError("classes")] * 100
    stage.wait(10)
    app.tick()
    return app


def test_a_job_whose_answer_is_not_understood_is_looked_at_again() -> None:
    stage = Stage()
    app = misunderstood(stage)
    assert [one.state for one in stage.known()] == [DocumentState.SUBMITTED]
    stage.language.troubles.clear()
    stage.wait(120)
    for _ in range(3):
        stage.wait(120)
        app.tick()
    assert [one.state for one in stage.known()] == [DocumentState.SUCCEEDED]
    assert len(stage.language.names) == 1


def test_a_job_whose_answer_is_never_understood_gives_its_document_back_when_it_has_expired() -> None:
    stage = Stage()
    app = misunderstood(stage)
    stage.now += JOB_LIFETIME
    app.tick()
    assert [one.state for one in stage.known()] == [DocumentState.WAITING]
    stage.language.troubles.clear()
    stage.drain()
    assert [one.state for one in stage.known()] == [DocumentState.SUCCEEDED]
    assert len(stage.language.names) == 2


def test_a_document_that_another_instance_changed_in_its_job_is_settled_with_it() -> None:
    """It keeps its place in the job, but not the version that this instance remembers."""
    stage = Stage(language=MemoryLanguage(looks=1))
    app = app_with_submitted_file(stage)
    stage.language.looks = 0
    other = stage.instance().services.ledger
    document = other.find(Document, stage.only().key)
    assert document is not None
    other.commit((document, replace(document, detail="looked at")))
    stage.wait(10)
    app.tick()
    assert stage.only().state is DocumentState.SUCCEEDED
    stage.check()


def test_nothing_is_older_than_a_classifier_that_is_not_there() -> None:
    """Such as after a change of LANGUAGE_API: whatever succeeded keeps its classes."""
    stage = Stage()
    app = app_with_submitted_file(stage)
    stage.drain()
    app.services.ledger.change(ActiveClassifier, lambda before: replace(before, classifier=None))
    assert app.ask("POST", "documents/replay", {"olderModel": True}).status == 404
    assert [one.state for one in stage.known()] == [DocumentState.SUCCEEDED]


@pytest.mark.parametrize("trouble", [InvalidResponse("No results."), Rejected("No.")])
def test_a_job_whose_answer_can_never_be_used_gives_its_document_back_long_before_it_expires(
    trouble: LanguageError,
) -> None:
    stage = Stage()
    app = app_with_submitted_file(stage)
    submitted = stage.now
    stage.language.troubles = [trouble] * (SETBACKS + 1)
    while stage.only().state is DocumentState.SUBMITTED:
        stage.wait(10)
        app.tick()
        if len(stage.language.troubles) == SETBACKS - 2:
            assert str(trouble) in str(app.ask("GET", "health").body)
    assert stage.now - submitted < timedelta(minutes=45)
    assert (stage.only().attempts, len(stage.language.started)) == (1, 1)
    assert str(trouble) in stage.only().timeline[-1].what
