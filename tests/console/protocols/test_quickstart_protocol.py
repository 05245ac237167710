"""The console over the protocol of the 2021 quickstart, which lists neither projects nor models nor deployments."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from local.cli import quickstart
from local.cli.client import Client
from local.cli.training_data import samples
from local.stack import launch
from local.stack.discovery import Stack
from shared.settings import PREVIEW_API
from tests.console.browser import ConsolePage

PROJECT, MODEL = samples().project, quickstart.MODEL
NOT_IN_PROTOCOL = "501"  # the browser logs it
CHASE = "A detective follows a hidden clue to the murderer through the night."
SECONDS = 60.0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with launch.running(pace="instant", api=PREVIEW_API) as started:
        yield started


@pytest.fixture(scope="module")
def app(stack: Stack) -> Client:
    """The app with the quickstart's model."""
    client = Client(stack)
    quickstart.learn(client, samples())
    return client


@pytest.fixture(scope="module")
def classified(app: Client) -> Any:
    """A document that has its classes."""
    sent = app.call("POST", "documents", {"name": "chase.txt", "text": CHASE})
    return app.finished(f"documents/{sent['key']}", SECONDS, lambda _: None)


@pytest.fixture(autouse=True)
def _expected(reader: ConsolePage) -> None:
    reader.expect(NOT_IN_PROTOCOL)


def region(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def ended(page: Page, title: str) -> Locator:
    """An operation that is shown, once it has ended well."""
    shown = page.get_by_role("article").filter(has=page.get_by_role("heading", name=title, exact=True))
    expect(shown.locator(".state")).to_have_text("succeeded", timeout=SECONDS * 1000)
    return shown


def test_projects_are_those_that_this_app_has_created(reader: ConsolePage) -> None:
    page = reader.open("projects")
    page.get_by_role("link", name=PROJECT, exact=True).click()
    expect(page.get_by_role("heading", level=2, name=PROJECT, exact=True)).to_be_visible()
    expect(region(page, "Models").get_by_role("listitem")).to_contain_text(MODEL)
    expect(region(page, "Deployments")).to_contain_text(f"Published last with this app: {MODEL}")


@pytest.mark.parametrize(
    "view", ["overview", "documents", "reviews", "projects", f"projects/{PROJECT}", "projects?create=yes", "activity"]
)
def test_what_the_protocol_does_not_have_is_no_failure(reader: ConsolePage, classified: Any, view: str) -> None:
    assert classified["state"] == "succeeded"
    page = reader.open(view)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("alert")).to_have_count(0)
    assert reader.violations() == []
    assert not reader.is_too_wide()


def test_a_model_is_trained_published_and_rolled_back(reader: ConsolePage, app: Client) -> None:
    before = app.call("GET", "classifier")
    page = reader.open(f"projects/{PROJECT}")
    training = region(page, "Train a model")
    expect(training.get_by_label("Name of the model")).to_have_value(f"{MODEL}2")
    training.get_by_role("button", name="Train", exact=True).click()
    ended(page, f"Train model {MODEL}2 of {PROJECT}")
    page.get_by_role("button", name=f"Publish {MODEL}2").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish", exact=True).click()
    deployments = region(page, "Deployments")
    expect(deployments).to_contain_text(f"Published last with this app: {MODEL}2")
    published = app.call("GET", "classifier")
    assert published["modelId"] != before["modelId"]
    deployments.get_by_role("button", name=f"Roll back to {MODEL}").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    last = deployments.get_by_text(f"Published last with this app: {MODEL}", exact=True)
    expect(last).to_be_visible(timeout=SECONDS * 1000)


def test_the_evaluation_is_that_of_the_api(reader: ConsolePage, app: Client) -> None:
    evaluation = app.call("GET", f"projects/{PROJECT}/models/{MODEL}/evaluation")
    page = reader.open(f"projects/{PROJECT}/models/{MODEL}")
    expect(region(page, "What it means")).to_contain_text(evaluation["reading"][0])
    used = [name for name in evaluation["classes"] if name != "None"]
    expect(region(page, "Figures of each class").locator("tbody tr")).to_have_count(len(used))


def test_the_default_classifier_is_chosen_by_the_id_of_a_model(reader: ConsolePage, app: Client) -> None:
    model = app.call("GET", "classifier")["modelId"]
    page = reader.open("projects")
    page.get_by_role("button", name="Change the default").click()
    dialog = page.get_by_role("dialog", name="Default classifier")
    dialog.get_by_label("Id of a published model").fill(model)
    dialog.get_by_role("button", name="Use it").click()
    expect(page.get_by_text("The default classifier is changed.")).to_be_visible()
    assert app.call("GET", "classifier")["modelId"] == model


def test_a_review_is_decided_among_the_classes_of_the_model(reader: ConsolePage, app: Client, classified: Any) -> None:
    app.call("POST", f"documents/{classified['key']}/review")
    choices = app.call("GET", f"reviews/{classified['key']}")["choices"]
    assigned = {one["category"] for one in classified["classes"]}
    page = reader.open(f"reviews/{classified['key']}")
    expect(page.get_by_role("checkbox")).to_have_count(len(choices))
    for name in choices:
        box = page.get_by_role("checkbox", name=name)
        expect(box).to_be_checked(checked=name in assigned)
        box.click()
    page.get_by_role("button", name="Decide").click()
    expect(page.get_by_text("It is decided.")).to_be_visible()
    decision = app.call("GET", f"reviews/{classified['key']}")["decision"]
    assert set(decision["classes"]) == set(choices) - assigned
