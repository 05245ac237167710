"""Filters: a replay selects what a listing with the same filter shows, and operations are listed by project."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.language import DEPLOYMENT, PROJECT
from tests.support.full_day_script import SHIP, publish, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier

COOK = "garlic onion simmer butter"
EMPTY = "   "


@pytest.fixture(scope="module")
def app() -> Instance:
    """Three groups of files, ten minutes apart: two classes, one that failed, one that was overwritten."""
    app = app_with_classifier(Stage())
    for name, text in {"a/ship.txt": SHIP, "a/cook.txt": COOK, "b/ship.txt": SHIP, "b/empty.txt": EMPTY}.items():
        put(name, text)(app.stage)
        app.land(name)
        app.ticks(4)
        app.stage.wait(600)
    put("a/ship.txt", COOK)(app.stage)
    app.land("a/ship.txt")
    app.ticks(4)
    return app


def keys(answer: Any) -> list[str]:
    return sorted(one["key"] for one in answer.body["value"])


def ended(app: Instance) -> list[Any]:
    return list(app.ask("GET", "documents", query={"top": "500"}).body["value"])


FILTERS: list[dict[str, str]] = [
    {},
    {"prefix": "a/"},
    {"class": "Sailing"},
    {"class": "Cooking", "prefix": "a/"},
    {"state": "failed"},
    {"state": "succeeded", "prefix": "b/"},
]


@pytest.mark.parametrize("wanted", FILTERS)
@pytest.mark.parametrize("bounds", ["", "since", "until"])
def test_a_replay_selects_what_a_listing_with_the_same_filter_shows(
    app: Instance, wanted: dict[str, str], bounds: str
) -> None:
    times = sorted(one["ended"] for one in ended(app))
    given = {**wanted, **({bounds: times[2]} if bounds else {})}
    default = {"state": "succeeded" if "class" in wanted else "ended"}
    selected = app.ask("POST", "documents/replay", {**default, **given, "dryRun": True})
    assert keys(selected) == keys(app.ask("GET", "documents", query=given))
    assert selected.body["count"] < len(times) or not given


def test_the_filters_tell_the_documents_apart(app: Instance) -> None:
    found = [frozenset(keys(app.ask("GET", "documents", query=one))) for one in FILTERS]
    assert len(set(found)) == len(FILTERS)
    assert all(found)


def test_a_time_that_cannot_be_read_is_refused(app: Instance) -> None:
    answer = app.ask("POST", "documents/replay", {"since": "yesterday", "dryRun": True})
    assert (answer.status, "since" in answer.body["error"]["message"]) == (400, True)


# --- operations ---------------------------------------------------------------------------------------------------

OTHER = "Other"  # the service does not know it: what is done to it fails
OTHERS = 14


@pytest.fixture(scope="module")
def operated() -> Instance:
    """A publishing of the project that has succeeded, one that is open, and between them failed ones of another."""
    app = Stage().instance()
    publish(app)
    app.ticks(2)
    for _ in range(OTHERS):
        app.stage.wait(10)
        body = {"tasks": [{"trainingModelName": "First", "deploymentName": DEPLOYMENT}]}
        assert app.ask("POST", f"projects/{OTHER}/publish", body).status == 404
    publish(app)
    return app


def listed(app: Instance, **query: str) -> list[Any]:
    """All pages."""
    found: list[Any] = []
    after: dict[str, str] = {}
    while True:
        page = app.ask("GET", "operations", query={**query, **after}).body
        found += page["value"]
        if "continue" not in page:
            return found
        after = {"continue": page["continue"]}


@pytest.mark.parametrize("top", ["1", "2", "500"])
def test_the_operations_of_a_project_are_those_of_the_whole_listing(operated: Instance, top: str) -> None:
    every = listed(operated)
    assert len(every) == OTHERS + 2
    for project in (PROJECT, OTHER):
        assert listed(operated, project=project, top=top) == [one for one in every if one["project"] == project]


def test_the_filters_of_project_and_state_apply_together(operated: Instance) -> None:
    states = {state: len(listed(operated, project=PROJECT, state=state)) for state in ("open", "succeeded", "failed")}
    assert states == {"open": 1, "succeeded": 1, "failed": 0}
    assert [len(listed(operated, project=OTHER, state=state)) for state in ("open", "failed")] == [0, OTHERS]


def test_a_project_without_operations_has_none_and_an_empty_filter_means_all(operated: Instance) -> None:
    assert listed(operated, project="Nobody") == []
    assert listed(operated, project="") == listed(operated)
