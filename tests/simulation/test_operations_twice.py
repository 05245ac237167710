"""Operations whose process ended once the service had the request: started again, they end normally."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared import services
from shared.api import routes
from shared.api.requests import Request
from shared.domain.operations import Operation
from shared.domain.routing import ActiveClassifier
from shared.errors import ResourceNotFound
from shared.operations.runner import GRACE
from shared.settings import PREVIEW_API, TODAY_API
from tests.support.app_on_azurite import World
from tests.support.in_memory_app import Killed, Stage

TODAY = pytest.mark.parametrize("world", [TODAY_API], indirect=True)
TASK = {"tasks": [{"trainingModelName": "MyModel"}]}


class Dying:
    """A Language service whose caller ends as soon as the call of this name has arrived."""

    def __init__(self, inner: Any, at: str) -> None:
        self._inner, self._at = inner, at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self._at:
            return found

        def call(*given: Any) -> Any:
            found(*given)
            raise Killed

        return call


def killed_at(world: World, call: str, method: str, path: str) -> Operation:
    """What is left of an operation whose process ended with this call."""
    app = services.services()
    dying: Any = replace(app, language=Dying(app.language, call))
    with pytest.raises(Killed):
        routes.answer(Request(method, path, {}, b""), lambda: dying, world.now)
    [left], _ = app.ledger.open(Operation, 10)
    return left


def ended(world: World, left: Operation) -> Any:
    world.tick(GRACE + timedelta(seconds=1))
    return world.ended({"key": left.key})


def test_a_project_that_was_deleted_unheard_is_deleted_and_the_classifier_cleared(world: World) -> None:
    world.publish()
    found = ended(world, killed_at(world, "begin_delete_project", "DELETE", f"projects/{world.project}"))
    assert (found["state"], found.get("detail")) == ("succeeded", None)
    assert "cleared" in found["result"]["classifier"]
    assert world.ask("GET", "classifier")[0] == 404


@TODAY
def test_a_deployment_that_was_deleted_unheard_is_deleted_and_the_classifier_cleared(world: World) -> None:
    world.publish()
    path = f"projects/{world.project}/deployments/production"
    found = ended(world, killed_at(world, "begin_delete_deployment", "DELETE", path))
    assert (found["state"], found.get("detail")) == ("succeeded", None)
    assert "cleared" in found["result"]["classifier"]


@TODAY
def test_a_deletion_that_the_service_forgot_is_judged_by_what_is_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.publish()
    _, started, _ = world.ask("DELETE", f"projects/{world.project}")

    def forgotten(*_: Any) -> Any:
        raise ResourceNotFound("There is no such job.")

    monkeypatch.setattr(type(services.services().language), "deletion", forgotten)
    found = world.ended(started)
    assert found["state"] == "succeeded"
    assert "cleared" in found["result"]["classifier"]


@TODAY
def test_a_swap_that_arrived_twice_is_not_undone_by_it(world: World) -> None:
    world.publish()
    path = f"projects/{world.project}"
    world.ended(world.ask("POST", f"{path}/train", {"tasks": [{"trainingModelName": "Second"}]})[1])
    task = {"trainingModelName": "Second", "deploymentName": "staging"}
    world.ended(world.ask("POST", f"{path}/publish", {"tasks": [task], "asClassifier": False})[1])
    pair = {"firstDeploymentName": "production", "secondDeploymentName": "staging"}
    _, started, _ = world.ask("POST", f"{path}/deployments/swap", pair)
    services.services().language.begin_swap(world.project, *pair.values())
    assert world.ended(started)["state"] == "succeeded"
    deployments = {one["name"]: one["model"] for one in world.get(f"{path}/deployments")["value"]}
    assert deployments == {"production": "Second", "staging": "MyModel"}
    assert world.get("classifier")["model"] == "Second"


@pytest.mark.parametrize("world", [PREVIEW_API], indirect=True)
def test_a_project_that_was_created_unheard_is_created(world: World) -> None:
    world.upload_training(f"{world.container}-training")
    app = services.services()
    dying: Any = replace(app, language=Dying(app.language, "begin_create_project"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(services, "services", lambda: dying)
        with pytest.raises(Killed):
            world.create()
    [left], _ = app.ledger.open(Operation, 10)
    assert ended(world, left)["state"] == "succeeded"
    assert world.create()[0] == 409  # to a caller's own first try it is a conflict


@pytest.mark.parametrize("world", [PREVIEW_API], indirect=True)
def test_a_classifier_chosen_at_the_moment_of_a_deletion_keeps_it_from_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the operation would have changed was changed by another: it happened at the service all the same."""
    world.publish()
    app, races = services.services(), [timedelta(seconds=1)]
    read = app.ledger.read

    def raced(kind: Any, *known: Any) -> Any:
        found = read(kind, *known)
        if kind is ActiveClassifier and races:
            since = world.now + races.pop()
            app.ledger.change(ActiveClassifier, lambda before: replace(before, since=since))
        return found

    monkeypatch.setattr(app.ledger, "read", raced)
    status, started, _ = world.ask("DELETE", f"projects/{world.project}")
    assert (status, started["state"]) == (202, "starting")
    found = world.ended(started)
    assert found["state"] == "succeeded"
    assert world.ask("GET", "classifier")[0] == 404


def test_an_operation_that_ends_while_it_is_looked_for_makes_room_for_the_next() -> None:
    stage = Stage()
    first, calls = stage.instance(), 0

    def passing() -> None:
        nonlocal calls
        calls += 1
        if calls == 4:  # the classifier was read, and the row refused
            for _ in range(9):
                stage.wait(10)
                first.tick()

    body = {"tasks": [{"trainingModelName": "First"}]}
    started = first.ask("POST", "projects/Movies/publish", body)
    seen = first.ask("POST", "projects/Movies/publish", body)
    assert started.body["key"] == seen.body["key"]
    again = stage.instance(passing).ask("POST", "projects/Movies/publish", {"tasks": [{"trainingModelName": "Second"}]})
    assert again.status == 202, again.body
    assert again.body["key"] != started.body["key"]
