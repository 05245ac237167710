"""How often a document can be billed: at most MAX_ATTEMPTS times, whatever the service answers and however it lies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.domain.documents import MAX_ATTEMPTS, DocumentState, Reason
from shared.domain.routing import ActiveClassifier
from shared.domain.singletons import Gate
from shared.language.current import CurrentLanguage
from shared.language.transport import Transport
from shared.language.types import Classifier
from tests.fakes.language import DEPLOYMENT, PROJECT
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.wire import KEY, Reply, Seen, Wire, accepted, refused, said

FILES = 7  # sent in jobs of seven, then of five and two, then each alone
SOON, LATER = 20, 200  # ticks after ten seconds each, and then after two hours each
Answers = Callable[[Seen], Reply]


def _link(seen: Seen) -> Reply:
    del seen
    return accepted("https://backend.example/language/analyze-text/jobs/J-1")


def _page(**changes: Any) -> Answers:
    body = {"jobId": "J-1", "status": "succeeded", "tasks": {"items": []}, **changes}
    return lambda _: said(body)


def _classified(ids: Callable[[str], str]) -> Answers:
    """A job that succeeded with one document, which every job is said to have."""
    results = {"documents": [{"id": ids("1"), "class": [{"category": "A", "confidenceScore": 1.0}]}], "errors": []}
    return _page(tasks={"items": [{"status": "succeeded", "results": results}]})


UNUSABLE: dict[str, Answers] = {
    "no link": lambda _: Reply(202),
    "no link, and a cut body": lambda _: Reply(202, b'{"half":', {"Content-Length": "500"}, cut=8),
    "a link without an id": lambda _: accepted("https://backend.example/"),
    "an id that cannot be used": lambda _: accepted("/jobs/a%20b"),
    "a link that cannot be read": lambda _: accepted("https://["),
    "200 and nonsense": lambda _: Reply(200, b"<html>Welcome</html>"),
    "204": lambda _: Reply(204),
    "303": lambda _: Reply(303, headers={"Location": "https://elsewhere.example/jobs/1"}),
    "500": lambda _: refused(500),
    "502": lambda _: Reply(502, b"<html>Bad gateway</html>"),
    "504": lambda _: Reply(504),
    "599": lambda _: Reply(599),
    "a reset": lambda _: Reply(cut=0),
}
NO_ANSWERS: dict[str, Answers] = {
    "an unknown job": lambda _: refused(404),
    "gone": lambda _: Reply(410),
    "refused": lambda _: refused(400),
    "a refused key": lambda _: refused(401),
    "a failing service": lambda _: refused(500),
    "an unexpected status": lambda _: Reply(418),
    "a failed job": _page(status="failed", errors=[{"code": "InternalServerError", "message": "No."}]),
    "a cancelled job": _page(status="cancelled"),
    "a job that runs for ever": _page(status="running"),
    "an unknown status": _page(status="pondering"),
    "no status": lambda _: said({"tasks": {}}),
    "success without results": _page(),
    "results of strangers": _classified(lambda _: "stranger"),
    "a list": lambda _: said([]),
    "no JSON": lambda _: Reply(200, b"<html>"),
    "deep JSON": lambda _: Reply(200, b"[" * 100_000),
    "a cut answer": lambda _: Reply(200, b'{"half":', {"Content-Length": "500"}, cut=8),
    "pages without end": _page(nextLink="/language/analyze-text/jobs/J-1?$skip=1"),
}
WAITS = [300, 301, 302, 304, 307, 308, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 418, 426, 429, 451, 503]


@pytest.fixture
def stage(wire: Wire) -> Iterator[Stage]:
    """Files wait for a service that answers as the test says."""
    transport = Transport(wire.url, key=KEY, token=None)
    stage = Stage(quota=100_000)
    stage.language = CurrentLanguage(transport, "2023-04-01")  # type: ignore[assignment]  # instead of the twin
    stage.instance().services.ledger.write(ActiveClassifier(Classifier("current", PROJECT, DEPLOYMENT), stage.now))
    for number in range(FILES):
        put(f"{number}.txt", SHIP)(stage)
    yield stage
    transport.close()


def answering(wire: Wire, submission: Answers, poll: Answers = lambda _: refused(404)) -> None:
    wire.otherwise = lambda seen: submission(seen) if seen.method == "POST" else poll(seen)


def submissions(wire: Wire) -> list[Seen]:
    return [seen for seen in wire.requests if seen.method == "POST"]


def billed(wire: Wire) -> Counter[str]:
    """How often each document has reached the service, which is taken to bill each time."""
    sent = (seen.body["analysisInput"]["documents"] for seen in submissions(wire))
    return Counter(document["id"] for documents in sent for document in documents)


def ticks(stage: Stage) -> Iterator[Instance]:
    app = stage.instance()
    for number in range(SOON + LATER):
        stage.wait(10 if number < SOON else 7200)
        app.tick()
        yield app


def until_all_have_ended(stage: Stage) -> None:
    for _ in ticks(stage):
        if len(stage.known()) == FILES and all(one.state.final for one in stage.known()):
            return
    raise AssertionError("Not every document has ended.")


def check_bound(stage: Stage, wire: Wire) -> None:
    times = billed(wire)
    assert max(times.values()) <= MAX_ATTEMPTS
    for document in stage.known():
        assert (document.state, document.reason) == (DocumentState.FAILED, Reason.EXHAUSTED)
        assert document.attempts == MAX_ATTEMPTS >= times[document.key]


@pytest.mark.parametrize("submission", UNUSABLE.values(), ids=UNUSABLE)
def test_answers_to_submissions_that_cannot_be_used(stage: Stage, wire: Wire, submission: Answers) -> None:
    answering(wire, submission)
    until_all_have_ended(stage)
    check_bound(stage, wire)


@pytest.mark.parametrize("submission", UNUSABLE.values(), ids=UNUSABLE)
def test_they_close_the_gate_for_longer_and_longer(stage: Stage, wire: Wire, submission: Answers) -> None:
    answering(wire, submission)
    app = stage.instance()
    app.tick()
    stage.wait(10)
    app.tick()
    assert app.services.ledger.read(Gate).is_closed(stage.now)
    for _ in range(60):
        stage.wait(10)
        app.tick()
    assert len(submissions(wire)) <= 7  # in ten minutes: 5, 10, 20, 40 … seconds


@pytest.mark.parametrize("poll", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_polls_that_bring_no_answer(stage: Stage, wire: Wire, poll: Answers) -> None:
    answering(wire, _link, poll)
    until_all_have_ended(stage)
    check_bound(stage, wire)


def test_results_that_leave_documents_out(stage: Stage, wire: Wire) -> None:
    """Each job answers only the first of its documents: the others come back in smaller jobs, and all succeed."""
    jobs: dict[str, str] = {}

    def submit(seen: Seen) -> Reply:
        job = f"J-{len(jobs)}"
        jobs[job] = seen.body["analysisInput"]["documents"][0]["id"]
        return accepted(f"/language/analyze-text/jobs/{job}")

    def poll(seen: Seen) -> Reply:
        job = seen.target.partition("?")[0].rpartition("/")[2]
        return _classified(lambda _: jobs[job])(seen)

    answering(wire, submit, poll)
    until_all_have_ended(stage)
    assert {one.state for one in stage.known()} == {DocumentState.SUCCEEDED}
    assert max(billed(wire).values()) <= 3


@pytest.mark.parametrize("status", WAITS)
def test_a_refusal_that_is_no_judgement_closes_the_gate_and_counts_nothing(
    stage: Stage, wire: Wire, status: int
) -> None:
    answering(wire, lambda _: Reply(status))
    app = stage.instance()
    for _ in range(61):
        app.tick()
        stage.wait(10)
    assert 1 < len(submissions(wire)) <= 7
    gate = app.services.ledger.read(Gate)
    assert any([gate.reason, *(one.reason for one in gate.blocked)])  # a 404 or 410 concerns one classifier
    assert {(one.state, one.attempts) for one in stage.known()} == {(DocumentState.WAITING, 0)}


def test_a_text_in_parts_counts_once_a_part_of_it_was_taken(stage: Stage, wire: Wire) -> None:
    """The second part is refused for now each time, and the first was billed each time."""
    wire.otherwise = lambda seen: (
        refused(429) if len(submissions(wire)) % 2 == 0 else _link(seen) if seen.method == "POST" else refused(404)
    )
    for number in range(FILES):
        stage.documents.delete(f"{number}.txt")
    put("long.txt", (SHIP + ".\n\n") * 6000)(stage)
    for _ in ticks(stage):
        if stage.known() and all(one.state.final for one in stage.known()):
            break
    [document] = stage.known()
    assert document.reason is Reason.EXHAUSTED
    assert len(submissions(wire)) == 2 * MAX_ATTEMPTS


def test_a_replay_counts_from_the_start(stage: Stage, wire: Wire) -> None:
    answering(wire, UNUSABLE["no link"])
    until_all_have_ended(stage)
    assert stage.instance().ask("POST", "documents/replay", {"reason": "exhausted"}).body["count"] == FILES
    assert {one.attempts for one in stage.known()} == {0}
    until_all_have_ended(stage)
    assert max(billed(wire).values()) == 2 * MAX_ATTEMPTS
