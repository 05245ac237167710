"""What decisions are good for: how good each model is by its audits, and labels to train the next one with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from local.cli.client import Client
from local.cli.training_data import DROP, TEXTS
from tests.console.browser import ConsolePage
from tests.host.host_apps import eventually

NUMBER = 34  # documents
MEASURED, WRONG = 30, 2  # decided audits, the fewest that say something; those of them that correct the model
SECONDS = 90.0
FOLLOWED = 120_000  # milliseconds, for labels, a training, and a publishing
PROJECT = "movies"


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """Every document is an audit."""
    return {"REVIEW_AUDIT_PERCENT": "100"}


@pytest.fixture(scope="module")
def audits(app: Client) -> list[Any]:
    """The open reviews, in the order of the queue."""
    app.drop(tuple((sorted(DROP.glob("*.txt")) + sorted(TEXTS.glob("*.txt")))[:NUMBER]), None)
    return eventually(lambda: _all_of(app.call("GET", "reviews?top=100")["value"]), SECONDS)


@pytest.fixture(scope="module")
def measured(audits: list[Any], app: Client) -> list[Any]:
    """The reviews, once so many of them are decided that the API tells an interval; two decisions correct the model."""
    for place, review in enumerate(audits[:MEASURED]):
        decided(app, review, right=place >= WRONG)
    return audits


def _all_of(reviews: list[Any]) -> list[Any]:
    return reviews if len(reviews) == NUMBER else []


def decided(app: Client, review: Any, *, right: bool = True) -> None:
    classes = [one["category"] for one in review["prediction"]]
    app.call("PUT", f"reviews/{review['key']}", {"classes": classes if right else classes[1:], "reviewer": "Ada"})


def quality(page: Page) -> Locator:
    return page.get_by_role("region", name="How good is it?")


def labels(page: Page) -> Locator:
    return page.get_by_role("region", name="Make labels of decisions")


def count(app: Client) -> Any:
    """What would become labels."""
    return app.call("POST", f"projects/{PROJECT}/labels/reviews", {"dryRun": True})


def percent(ratio: float) -> str:
    return f"{int(100 * ratio + 0.5)} %"


def words(share: Any) -> str:
    """A share with its interval, as the page has it."""
    if share.get("tooFew"):
        return f"too few: {share['of']}"
    low, high = percent(share["low"]).removesuffix(" %"), percent(share["high"])
    return f"{percent(share['value'])} ({low}\u2013{high}) of {share['of']}"


def test_without_decisions_nothing_is_said(reader: ConsolePage, audits: list[Any]) -> None:
    page = reader.open("reviews")
    expect(page.get_by_role("region").get_by_text(f"{len(audits)} left")).to_be_visible()
    expect(quality(page)).to_contain_text("No audit was decided since")
    expect(labels(page)).to_contain_text(f"No decision on documents of {PROJECT} waits to become a label.")


def test_few_audits_say_nothing(reader: ConsolePage, audits: list[Any], app: Client) -> None:
    for review in audits[:WRONG]:
        decided(app, review, right=False)
    page = reader.open("reviews")
    expect(quality(page)).to_contain_text("Too few audits to say: 2 of the 30 that it takes.")


@pytest.mark.usefixtures("measured")
def test_the_interval_is_that_of_the_api(reader: ConsolePage, app: Client) -> None:
    page = reader.open("reviews")
    [model] = app.call("GET", "quality")["value"]
    exact = model["exactMatch"]
    assert (exact["of"], exact["hits"], exact["low"] < exact["value"] < exact["high"]) == (30, 28, True)
    expect(quality(page)).to_contain_text(
        f"{percent(exact['value'])} of 30 audited texts were exactly right (28 of them); with 95 % certainty between "
        f"{percent(exact['low'])} and {percent(exact['high'])} of all texts are."
    )
    quality(page).get_by_text("Each class").click()
    for name, of_class in model["classes"].items():
        shown = (
            quality(page).get_by_role("row").filter(has=page.get_by_role("rowheader", name=name)).get_by_role("cell")
        )
        expect(shown).to_contain_text([words(of_class["precision"]), words(of_class["recall"])])


@pytest.mark.usefixtures("measured")
def test_the_reliability_of_confidences_is_that_of_the_api(reader: ConsolePage, app: Client) -> None:
    [model] = app.call("GET", "quality")["value"]
    used = [one for one in model["reliability"] if one["assigned"]]
    page = reader.open("reviews")
    quality(page).get_by_text("Can its confidence be trusted?").click()
    rows = quality(page).get_by_role("region", name="Confidences of").get_by_role("row")
    expect(rows).to_have_count(len(used) + 1)
    for row, one in zip(rows.all()[1:], used, strict=True):
        expect(row).to_contain_text(f"({one['right']} of {one['assigned']})")


def test_a_decision_in_the_page_counts_at_once(reader: ConsolePage, measured: list[Any], app: Client) -> None:
    page = reader.open("reviews")
    expect(page.locator("#review-name")).to_have_text(measured[MEASURED]["name"])
    before = count(app)["count"]
    button = page.get_by_role("button", name="Decide", exact=True)
    expect(button).to_have_attribute("aria-disabled", "false")
    button.click()
    expect(quality(page)).to_contain_text("of 31 audited texts")
    expect(labels(page).get_by_role("status").first).to_contain_text(
        f"{before + 1} decisions on documents of {PROJECT}"
    )
    assert count(app)["count"] == before + 1


@pytest.mark.usefixtures("measured")
def test_decisions_become_labels_and_a_model_that_the_gate_refuses(reader: ConsolePage, app: Client) -> None:
    expected = count(app)
    page = reader.open("reviews")
    section = labels(page)
    expect(section.get_by_role("status").first).to_have_text(
        f"{expected['count']} decisions on documents of {PROJECT} can become labels: "
        f"{expected['count']} chosen at random."
    )
    section.get_by_text("Their classes").click()
    for name, number in expected["classes"].items():
        expect(section.get_by_role("listitem").filter(has_text=name)).to_contain_text(f"{number} ·")
    expect(section.get_by_label("Name of the model")).to_have_value("MyModel2")
    section.get_by_label("If macro F1 is at least").fill("1")
    section.get_by_role("button", name=f"Make {expected['count']} labels, and train").click()
    expect(section.get_by_role("heading", name=f"Make labels of decisions for {PROJECT}")).to_be_visible()
    page.reload()  # its key is in the address
    outcome = section.get_by_role("article")
    expect(outcome).to_contain_text(f"{expected['count']} decisions became labels", timeout=FOLLOWED)
    expect(outcome).to_contain_text("Model MyModel2 is trained")
    expect(outcome).to_contain_text("It was not published.")
    expect(section).to_contain_text(f"No decision on documents of {PROJECT} waits to become a label.")
    operation = app.call("GET", "operations?state=succeeded")["value"][0]
    result = operation["result"]
    assert (operation["kind"], result["labels"], result["published"]) == ("label_reviews", expected["count"], False)
    assert count(app)["count"] == 0
    assert app.call("GET", "classifier")["model"] == "MyModel"
    assert app.call("GET", f"projects/{PROJECT}/models/MyModel2")["name"] == "MyModel2"


def test_a_decision_that_has_become_labels_is_not_undone(reader: ConsolePage, measured: list[Any], app: Client) -> None:
    reader.expect("409")
    review, following = measured[31:33]
    page = reader.open(f"reviews?at={review['key']}")
    expect(page.locator("#review-name")).to_have_text(review["name"])
    button = page.get_by_role("button", name="Decide", exact=True)
    expect(button).to_have_attribute("aria-disabled", "false")
    page.keyboard.press("Enter")
    expect(page.locator("#review-name")).to_have_text(following["name"])
    started = app.call("POST", f"projects/{PROJECT}/labels/reviews")
    app.finished(f"operations/{started['key']}", SECONDS, lambda _: None)
    page.keyboard.press("u")
    expect(page.locator(".notices")).to_contain_text("Its decision has become labels")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    expect(page.locator("#review-name")).to_have_text(following["name"])
    assert app.call("GET", f"reviews/{review['key']}")["usedBy"] == started["key"]
    page.goto(f"{reader.console}#/reviews/{review['key']}")
    expect(page.get_by_text("The decision has become a label, so it can no longer be undone.")).to_be_visible()
    page.get_by_role("link", name="made by this operation").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text(f"Make labels of decisions for {PROJECT}")


def test_a_model_of_decisions_is_published_if_it_is_good_enough(
    reader: ConsolePage, audits: list[Any], app: Client
) -> None:
    decided(app, audits[32])
    number = count(app)["count"]
    page = reader.open("reviews")
    section = labels(page)
    section.get_by_label("Name of the model").fill("Reviewed")
    section.get_by_label("Deployment").fill("reviewed")  # which has no model that could be better
    section.get_by_label("If macro F1 is at least").fill("")
    section.get_by_label("Send new files to it, by default").uncheck()
    section.get_by_role("button", name=re.compile(f"Make {number} labels?, and train")).click()
    outcome = section.get_by_role("article")
    expect(outcome.get_by_role("progressbar")).to_be_visible()
    expect(outcome).to_contain_text("Model Reviewed is trained", timeout=FOLLOWED)
    expect(outcome).to_contain_text("Model Reviewed is published to reviewed.")
    assert app.call("GET", f"projects/{PROJECT}/deployments/reviewed")["model"] == "Reviewed"
    assert app.call("GET", f"reviews/{audits[32]['key']}")["usedBy"]
    assert app.call("GET", "classifier")["deployment"] != "reviewed"


def test_what_the_app_refuses_is_told_below_the_form(reader: ConsolePage, audits: list[Any], app: Client) -> None:
    reader.expect("404")
    decided(app, audits[33])
    before = count(app)["count"]
    page = reader.open("reviews")
    button = labels(page).get_by_role("button", name="and train")
    expect(button).to_be_visible()
    reader.page.route(
        "**/labels/reviews",
        lambda route: route.fulfill(status=404, body='{"error": {"code": "NotFound", "message": "No such project."}}'),
    )
    button.click()
    expect(labels(page).get_by_role("alert")).to_contain_text("No such project.")
    assert count(app)["count"] == before
