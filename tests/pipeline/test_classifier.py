"""The classifier's model: learned when it is set, or later; in every result; what "older" means in a replay."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared import services as app_services
from shared.domain.documents import DocumentState
from shared.domain.filters import Selection
from shared.domain.routing import MODEL_ASKED_AGAIN, MODEL_KNOWN_FOR, ActiveClassifier, Routing
from shared.errors import Unavailable
from shared.language.types import Classifier
from shared.pipeline.classifier import with_model
from shared.settings import PREVIEW_API, TODAY_API
from tests.support.app_on_azurite import World
from tests.support.in_memory_app import Stage
from tests.support.values import CLASSIFIER, NOW, document

RECIPE = "Chop the garlic and simmer the onion in butter."
OLDER = {"olderModel": True, "dryRun": True}
TODAY = pytest.mark.parametrize("world", [TODAY_API], indirect=True)
QUICKSTART = pytest.mark.parametrize("world", [PREVIEW_API], indirect=True)


def classified(world: World, name: str) -> Any:
    world.drop(name, RECIPE)
    return world.until(lambda: world.result(name))


@TODAY
def test_a_classifier_that_is_set_knows_its_model(world: World) -> None:
    world.publish()
    classified(world, "before.txt")
    name = {"project": world.project, "deployment": "production"}
    status, answer, _ = world.ask("PUT", "classifier", name)
    assert (status, answer["model"]) == (200, "MyModel")
    assert world.get("classifier")["model"] == "MyModel"
    assert classified(world, "after.txt")["model"] == "MyModel"
    assert world.ask("POST", "documents/replay", OLDER)[1]["count"] == 0


@QUICKSTART
def test_a_model_id_says_which_model_it_is(world: World) -> None:
    world.publish()
    first = classified(world, "before.txt")
    assert world.ask("PUT", "classifier", {"modelId": first["modelId"]})[0] == 200
    assert classified(world, "after.txt")["modelId"] == first["modelId"]
    assert world.ask("POST", "documents/replay", OLDER)[1]["count"] == 0


@TODAY
def test_a_classifier_from_the_settings_knows_its_model_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.publish()
    classified(world, "before.txt")
    ledger = services_of().ledger
    ledger.write(replace(ledger.read(ActiveClassifier), classifier=None))
    monkeypatch.setenv("CLASSIFIER", f"{world.project}/production")
    services_of(again=True)
    assert world.get("classifier")["model"] == "MyModel"
    assert classified(world, "after.txt")["model"] == "MyModel"
    asked = len(world.wire("GET", f"/projects/{world.project}"))
    assert classified(world, "more.txt")["model"] == "MyModel"
    assert len(world.wire("GET", f"/projects/{world.project}")) == asked


@TODAY
def test_a_model_published_to_the_classifiers_deployment_is_its_model(world: World) -> None:
    world.publish()
    path = f"projects/{world.project}"
    for what, more in (("train", {}), ("publish", {"asClassifier": False})):
        _, started, _ = world.ask("POST", f"{path}/{what}", {"tasks": [{"trainingModelName": "Better"}], **more})
        assert world.ended(started)["state"] == "succeeded"
    assert world.get("classifier")["model"] == "Better"


def services_of(*, again: bool = False) -> Any:
    if again:
        app_services.forget()
    return app_services.services()


# --- the model is learned later -------------------------------------------------------------------------------------


class Silent:
    """A service that cannot say which model a deployment has."""

    dialect = "current"
    asked = 0

    def deployment(self, *_: str) -> Any:
        self.asked += 1
        raise Unavailable("It does not answer.")


def staged(classifier: Classifier | None) -> tuple[Stage, Any]:
    stage = Stage()
    services = stage.instance().services
    services.ledger.write(ActiveClassifier(classifier, NOW))
    return stage, services


def test_a_model_that_cannot_be_read_keeps_nothing_waiting_and_is_read_later() -> None:
    unknown = replace(CLASSIFIER, model="")
    stage, services = staged(unknown)
    silent = Silent()
    deaf = replace(services, language=silent)
    assert with_model(deaf, stage.now) == with_model(deaf, stage.now) == unknown
    assert silent.asked == 1
    assert with_model(services, stage.now) == unknown
    assert with_model(services, stage.now + MODEL_ASKED_AGAIN) == CLASSIFIER
    assert services.ledger.read(ActiveClassifier).classifier == CLASSIFIER


def test_a_model_that_was_published_elsewhere_is_seen_after_a_while() -> None:
    stage, services = staged(CLASSIFIER)
    assert with_model(services, stage.now) == CLASSIFIER
    stage.language.model = "second"
    assert with_model(services, stage.now + MODEL_KNOWN_FOR / 2) == CLASSIFIER
    found = with_model(services, stage.now + MODEL_KNOWN_FOR)
    assert found == replace(CLASSIFIER, model="second")
    since = services.ledger.read(ActiveClassifier).since
    assert since == NOW


def test_a_known_model_stays_while_the_service_is_silent() -> None:
    stage, services = staged(CLASSIFIER)
    deaf = replace(services, language=Silent())
    assert with_model(deaf, stage.now + timedelta(days=1)) == CLASSIFIER


def test_a_look_at_a_moment_to_come_does_not_hold_for_ever() -> None:
    _, services = staged(None)
    services.ledger.change(
        ActiveClassifier, lambda one: replace(one, classifier=CLASSIFIER, looked=NOW + timedelta(days=9))
    )
    assert services.ledger.read(ActiveClassifier).models_due("current", NOW)


@pytest.mark.parametrize(
    "found",
    [None, replace(CLASSIFIER, dialect="preview"), Classifier("current", model_id="id"), Classifier("current")],
)
def test_where_there_is_no_deployment_to_ask_nobody_is_asked(found: Classifier | None) -> None:
    assert not ActiveClassifier(found).models_due("current", NOW)


# --- older ----------------------------------------------------------------------------------------------------------

BY_ID = Classifier("preview", "P", "production", "id_1", model="M")


@pytest.mark.parametrize(
    ("by", "present", "older"),
    [
        (CLASSIFIER, CLASSIFIER, False),
        (replace(CLASSIFIER, model="other"), CLASSIFIER, True),
        (replace(CLASSIFIER, model=""), CLASSIFIER, False),
        (CLASSIFIER, replace(CLASSIFIER, model=""), False),
        (replace(CLASSIFIER, model="", deployment="staging"), CLASSIFIER, True),
        (replace(CLASSIFIER, project="Other"), CLASSIFIER, True),
        (BY_ID, Classifier("preview", model_id="id_1"), False),
        (BY_ID, Classifier("preview", model_id="id_2"), True),
        (BY_ID, CLASSIFIER, True),
        (None, CLASSIFIER, True),
    ],
)
def test_what_another_model_is(by: Classifier | None, present: Classifier, older: bool) -> None:
    one = replace(document().succeeded((), CLASSIFIER, NOW), classifier=by)
    assert Selection(DocumentState.SUCCEEDED, other_than=Routing(present)).fits(one) is older
