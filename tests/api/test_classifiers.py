"""The routes of classifiers by folder: prefixes with slashes in a path, what is refused, and what is listed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from shared.domain.file_names import MAX_FILE_NAME
from shared.domain.routing import MAX_FOLDERS, ActiveClassifier, FolderClassifier
from shared.language.types import Classifier
from tests.fakes.language import DEPLOYMENT, PROJECT
from tests.support.full_day_script import SECOND
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier

BODY = {"project": PROJECT, "deployment": SECOND}


def app_with_second() -> Instance:
    stage = Stage()
    stage.language.others = {SECOND: "Other"}
    return app_with_classifier(stage)


def listed(app: Instance) -> list[str]:
    return [one["prefix"] for one in app.ask("GET", "classifiers").body["value"]]


@pytest.mark.parametrize("path", ["reviews/en/", "reviews%2Fen%2F", "reviews%2fen/"])
def test_a_prefix_has_slashes_as_they_are_or_encoded(path: str) -> None:
    app = app_with_second()
    answer = app.ask("PUT", f"classifiers/{path}", BODY)
    assert answer.status == 200
    assert answer.body == {
        "prefix": "reviews/en/",
        **BODY,
        "model": "Other",
        "modelType": "MultiClassification",
        "since": answer.body["since"],
    }
    assert app.ask("PUT", "classifiers/reviews/en/", {**BODY, "deployment": DEPLOYMENT}).status == 200
    assert listed(app) == ["reviews/en/"]
    deleted = app.ask("DELETE", f"classifiers/{path}")
    assert (deleted.status, deleted.body) == (200, {"deleted": "reviews/en/"})
    assert listed(app) == []


@pytest.mark.parametrize("prefix", ["a//b/", "a b/", "ü/", "reviews", "%2Fa"])
def test_any_beginning_of_a_name_is_a_prefix(prefix: str) -> None:
    app = app_with_second()
    assert app.ask("PUT", f"classifiers/{prefix}", BODY).status == 200
    assert listed(app) == [prefix.replace("%2F", "/")]


def test_all_are_listed_in_the_order_of_their_prefixes_with_the_default() -> None:
    app = app_with_second()
    assert app.ask("GET", "classifiers").body == {"default": app.ask("GET", "classifier").body, "value": []}
    for prefix in ("b/", "a/", "a/c/"):
        app.ask("PUT", f"classifiers/{prefix}", BODY)
    assert listed(app) == ["a/", "a/c/", "b/"]
    app.services.ledger.write(ActiveClassifier(version=app.services.ledger.read(ActiveClassifier).version))
    assert app.ask("GET", "classifiers").body == {"value": []}


def test_a_setting_that_names_no_project_is_no_default() -> None:
    stage = Stage()
    services = stage.instance().services
    app = Instance(stage, replace(services, settings=replace(services.settings, classifier="Nowhere/production")))
    app.ask("PUT", "classifiers/a/", {**BODY, "deployment": DEPLOYMENT})
    assert listed(app) == ["a/"]
    assert "default" not in app.ask("GET", "classifiers").body
    assert app.ask("GET", "classifier").status == 404


def status_and_message(answer: Any) -> tuple[int, str]:
    return answer.status, answer.body["error"]["message"]


@pytest.mark.parametrize("prefix", ["a\\b/", "a\x01", "x" * (MAX_FILE_NAME + 1)])
def test_what_no_name_begins_with_is_refused(prefix: str) -> None:
    app = app_with_second()
    for method, body in (("PUT", BODY), ("DELETE", None)):
        status, why = status_and_message(app.ask(method, f"classifiers/{prefix}", body))
        assert status == 400
        assert "prefix" in why


def test_a_deployment_that_does_not_exist_is_refused() -> None:
    status, why = status_and_message(app_with_second().ask("PUT", "classifiers/a/", {**BODY, "deployment": "none"}))
    assert (status, why) == (404, "Project Movies has no deployment none: publish a model to it first.")


def test_a_prefix_without_a_classifier_cannot_be_deleted() -> None:
    status, why = status_and_message(app_with_second().ask("DELETE", "classifiers/a/"))
    assert (status, why) == (404, "Prefix a/ has no classifier: GET /api/classifiers lists all prefixes.")


def test_there_are_at_most_a_hundred_and_each_of_them_can_still_be_changed() -> None:
    app = app_with_second()
    for number in range(MAX_FOLDERS):
        assert app.ask("PUT", f"classifiers/{number:03}/", BODY).status == 200
    status, why = status_and_message(app.ask("PUT", "classifiers/more/", BODY))
    assert (status, why.partition(":")[0]) == (409, "There are 100 prefixes, which is the maximum")
    assert app.ask("PUT", "classifiers/000/", {**BODY, "deployment": DEPLOYMENT}).status == 200
    assert len(listed(app)) == MAX_FOLDERS


def test_prefixes_of_the_other_protocol_which_are_not_listed_do_not_count() -> None:
    app = app_with_second()
    other = Classifier("preview", model_id="id_1")
    folders = tuple(FolderClassifier(f"{number:03}/", other) for number in range(MAX_FOLDERS))
    app.services.ledger.change(ActiveClassifier, lambda before: replace(before, folders=folders))
    assert app.ask("PUT", "classifiers/more/", BODY).status == 200
    assert listed(app) == ["more/"]
