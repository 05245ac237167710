"""`python -m local review`: what a reviewer sees and types, alone, beside another one, and from a script."""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from local.__main__ import main
from local.cli import show
from local.cli.client import Client
from local.cli.reviewing import demonstration
from local.cli.reviewing.answers import Key, parse
from local.stack import discovery
from local.stack.discovery import Stack
from tests.fakes.services import ENVIRON
from tests.support.full_day_script import put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier
from tests.support.wire import Reply, Seen, Wire, recording

UNSURE = {"a.txt": "the mast alone", "b.txt": "an onion alone", "c.txt": "no class at all"}
Review = Callable[..., str]


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
def app(stage: Stage) -> Instance:
    return app_with_classifier(stage)


@pytest.fixture
def wire(app: Instance, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Wire]:
    """The app behind an address."""

    def answer(seen: Seen) -> Reply:
        path, _, query = seen.target.removeprefix("/api/").partition("?")
        body = json.loads(seen.content) if seen.content else None
        response = app.ask(seen.method, path, body, dict(parse_qsl(query)))
        return Reply(
            response.status, json.dumps(response.body, default=str).encode(), {"Content-Type": "application/json"}
        )

    monkeypatch.setattr(discovery, "STATE", tmp_path / "state")
    with recording() as served:
        served.otherwise = answer
        discovery.announce(Stack(f"{served.url}/api", ENVIRON["DOCUMENTS_STORAGE"], ""))
        yield served


@pytest.fixture
def review(wire: Wire, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Review:
    """Runs the command with these lines typed; returns what it prints."""
    assert wire

    def run(*lines: str, code: int = 0, options: tuple[str, ...] = ("--reviewer", "Ada")) -> str:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        monkeypatch.setattr(show.console, "width", 80)
        assert main(["review", *options]) == code
        said = capsys.readouterr()
        return said.out + said.err

    return run


def classify(stage: Stage, app: Instance, files: dict[str, str]) -> None:
    """Each file, and a review of it, which was contested."""
    for name, text in files.items():
        put(name, text)(stage)
        app.land(name)
    stage.drain()
    for known in stage.known():
        stage.wait(1)
        app.ask("POST", f"documents/{known.key}/review")


def decisions(app: Instance) -> dict[str, tuple[list[str], str]]:
    found = app.ask("GET", "reviews", query={"state": "decided"}).body["value"]
    return {one["name"]: (one["decision"]["classes"], one["decision"].get("reviewer", "")) for one in found}


def order(app: Instance) -> list[str]:
    return [one["name"] for one in app.ask("GET", "reviews").body["value"]]


def test_each_key_decides_what_it_says(stage: Stage, app: Instance, review: Review) -> None:
    classify(stage, app, UNSURE)
    first, second, third = order(app)
    shown = app.ask("GET", f"reviews/{app.ask('GET', 'reviews').body['value'][0]['key']}").body
    predicted = [one["category"] for one in shown["prediction"]]
    said = review("", "2 1", "0")
    choices = shown["choices"]
    assert decisions(app) == {
        first: (predicted, "Ada"),
        second: ([choices[1], choices[0]], "Ada"),
        third: ([], "Ada"),
    }
    assert "3 to review." in said
    assert "2 left after it" in said
    assert "3 decided." in said
    assert UNSURE[first] in said


def test_what_is_skipped_stays_open_and_q_ends(stage: Stage, app: Instance, review: Review) -> None:
    classify(stage, app, UNSURE)
    first, second, third = order(app)
    assert "1 decided, 1 skipped." in review("s", "0", "q")
    assert decisions(app) == {second: ([], "Ada")}
    assert order(app) == [first, third]


def test_u_undoes_the_last_decision_and_shows_it_again(stage: Stage, app: Instance, review: Review) -> None:
    classify(stage, app, UNSURE)
    first, second, third = order(app)
    said = review("0", "0", "u", "u", "1", "0", "0")
    assert {name: len(found) for name, (found, _) in decisions(app).items()} == {first: 1, second: 0, third: 0}
    assert said.count(UNSURE[first]) == 2
    assert "3 decided." in said


def test_a_review_that_somebody_else_decides_meanwhile_is_told_in_a_line(
    stage: Stage, app: Instance, wire: Wire, review: Review
) -> None:
    classify(stage, app, UNSURE)
    first, second, _ = order(app)
    plain = wire.otherwise
    others: list[str] = []

    def meanwhile(seen: Seen) -> Reply:
        if seen.method == "PUT" and not others:
            others.append(seen.target)
            app.ask("PUT", seen.target.removeprefix("/api/"), {"classes": [], "reviewer": "Bob\x1b[2J"})
        return plain(seen)

    wire.otherwise = meanwhile
    said = review("1", "1", "q")
    assert (decisions(app)[first], len(decisions(app)[second][0])) == (([], "Bob\x1b[2J"), 1)
    [line] = [line for line in said.splitlines() if "decided otherwise by Bob" in line]
    assert line.startswith("!")
    assert "\x1b" not in said
    assert "1 decided." in said


HOSTILE = "\x9b31m [bold]mast[/] :smile:\r\u202eabc\u2028\tend " + "word " * 2000


def test_nothing_of_a_text_or_a_name_controls_the_terminal(stage: Stage, app: Instance, review: Review) -> None:
    classify(stage, app, {"[red]a:smile:.txt": "the mast alone"})
    name = "x\x1b]0;title\x07.txt"
    put(name, HOSTILE)(stage)
    app.land(name)
    stage.drain()
    for known in stage.known():
        app.ask("POST", f"documents/{known.key}/review")
    said = review("s", "m", "s")
    assert not {one for one in said if unicodedata.category(one) in ("Cc", "Cf", "Zl", "Zp")} - {"\n"}
    assert "[red]a:smile:.txt" in said
    assert "[bold]mast[/] :smile:" in said
    assert "m shows more of it" in said
    assert max(len(line) for line in said.splitlines() if "│" in line) <= 80


def test_a_script_stops_at_a_line_that_makes_no_sense(stage: Stage, app: Instance, review: Review) -> None:
    classify(stage, app, UNSURE)
    assert "'Drama' is neither a number from 0 to 2 nor a key" in review("0", "Drama", "1", code=1)
    assert len(decisions(app)) == 1


def test_only_reviews_with_the_reason_are_shown(stage: Stage, app: Instance, review: Review) -> None:
    classify(stage, app, UNSURE)
    assert "0 to review." in review(options=("--reason", "no_class"))
    assert "3 to review." in review(options=("--reason", "contested"))


def test_a_text_that_is_gone_is_left_out_and_one_that_changes_is_told(
    stage: Stage, app: Instance, review: Review, wire: Wire
) -> None:
    classify(stage, app, UNSURE)
    first, second, third = order(app)
    stage.documents.delete(first)
    plain = wire.otherwise

    def overwritten(seen: Seen) -> Reply:
        if seen.method == "PUT":
            put(second, "another text")(stage)
            wire.otherwise = plain
        return plain(seen)

    wire.otherwise = overwritten
    said = review("0", "0")
    assert f"! {first} is left out. The file was changed or deleted" in said
    assert f"! {second} was changed or deleted" in said
    assert decisions(app) == {third: ([], "Ada")}


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("", ("Drama",)),
        ("  ", ("Drama",)),
        ("0", ()),
        ("2", ("Comedy",)),
        ("1, 2 2", ("Action", "Comedy")),
        ("S", Key.SKIP),
        ("u", Key.UNDO),
        ("q", Key.QUIT),
    ],
)
def test_a_line_is_a_key_or_classes(line: str, answer: Any) -> None:
    assert parse(line, ["Drama"], ["Action", "Comedy"]) == answer


@pytest.mark.parametrize("line", ["3", "-1", "0 1", "s 1", "\u0661", "9" * 5000, "x"])
def test_other_lines_are_no_answer(line: str) -> None:
    with pytest.raises(ValueError, match=r"^(0 means|'.{1,60}' is neither)"):
        parse(line, ["Drama"], ["Action", "Comedy"])


def test_classes_that_are_not_known_are_given_by_name() -> None:
    assert parse("Space Opera; Drama", [], []) == ("Space Opera", "Drama")


# --- in the demo --------------------------------------------------------------------------------------------------


def test_the_demo_reviews_its_least_confident_document_and_shows_the_decision(
    stage: Stage, app: Instance, wire: Wire, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.cli.reviewing.demonstration.LOOK_EVERY", 0)
    for name, text in {"sure.txt": "the harbour, the mast, the anchor, the rigging", **UNSURE}.items():
        put(name, text)(stage)
        app.land(name)
    stage.drain()
    plain = wire.otherwise

    def with_tick(seen: Seen) -> Reply:
        stage.wait(10)
        app.tick()
        return plain(seen)

    wire.otherwise = with_tick
    demonstration.review_one(Client(discovery.find()))
    [(name, (classes, reviewer))] = decisions(app).items()
    assert name in ("a.txt", "b.txt")
    assert reviewer == "demo"
    said = capsys.readouterr().out
    assert f'reviewed: {{"classes": {json.dumps(classes)}, "reviewer": "demo"' in said
    assert stage.documents.result(name)["reviewed"]["classes"] == classes


def test_the_demo_leaves_out_doubtful_classes_but_never_the_best() -> None:
    def classified(*confidences: float) -> Any:
        return {"classes": [{"category": f"c{number}", "confidence": one} for number, one in enumerate(confidences)]}

    documents = [classified(0.9, 0.6), classified(0.99, 0.4, 0.5), classified()]
    found = demonstration.least_confident(documents)
    assert demonstration.sure_classes(found) == ["c0", "c2"]
    assert demonstration.sure_classes(classified(0.2, 0.1)) == ["c0"]
    assert demonstration.least_confident([classified()]) is None
