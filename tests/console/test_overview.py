"""The overview: health in words, the pause switch, what landed last, and figures that equal those of the API."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from local.cli.client import Client
from local.cli.training_data import DROP
from local.stack.discovery import Stack
from tests.console.browser import ConsolePage
from tests.host.host_apps import eventually

TEXTS = sorted(DROP.glob("*.txt"))
SECONDS = 60.0


@pytest.fixture
def paused(app: Client) -> Iterator[None]:
    app.call("PUT", "submission", {"paused": True})
    yield
    app.call("PUT", "submission", {"paused": False})


@pytest.fixture(scope="module")
def classified(app: Client) -> Client:
    dropped = app.drop(tuple(TEXTS), None)
    assert len(list(app.results(dropped, SECONDS, lambda: None))) == len(TEXTS)
    eventually(lambda: counted(app) >= len(TEXTS), SECONDS)  # by the tick after that which wrote the results
    return app


def counted(app: Client) -> int:
    return sum(row["documents"] for row in app.call("GET", "statistics")["value"])


def test_a_healthy_app_is_called_healthy(reader: ConsolePage) -> None:
    page = reader.open()
    expect(page.get_by_role("region", name="Health")).to_contain_text("Nothing needs attention.")
    expect(page.get_by_role("banner")).to_contain_text("healthy")


@pytest.mark.usefixtures("paused")
def test_what_keeps_files_waiting_is_said_in_words(reader: ConsolePage) -> None:
    reader.expect("503")  # the status of an app whose health is red
    page = reader.open()
    health = page.get_by_role("region", name="Health")
    expect(health).to_contain_text("Submission of jobs")
    expect(health).to_contain_text("Submission is paused: new files wait.")


def test_submission_is_paused_after_a_question_and_resumed_without_one(reader: ConsolePage, app: Client) -> None:
    reader.expect("503")
    page = reader.open()
    page.get_by_role("button", name="Pause submission").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert app.call("GET", "submission")["paused"] is False
    page.get_by_role("button", name="Pause submission").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause", exact=True).click()
    resume = page.get_by_role("button", name="Resume submission")
    expect(resume).to_be_visible()
    assert app.call("GET", "submission")["paused"] is True
    resume.click()
    expect(page.get_by_role("button", name="Pause submission")).to_be_visible()
    assert app.call("GET", "submission")["paused"] is False


def test_a_file_that_lands_elsewhere_appears_by_itself(reader: ConsolePage, app: Client, stack: Stack) -> None:
    page = reader.open()
    app.put(stack.container, "elsewhere.txt", b"A detective follows a hidden clue to the murderer.")
    landed = page.get_by_role("region", name="What landed last").get_by_role("listitem").filter(has_text="elsewhere")
    expect(landed.locator(".tag").first).to_be_visible()


def test_the_figures_are_those_of_the_api(reader: ConsolePage, classified: Client) -> None:
    rows = classified.call("GET", "statistics")["value"]
    page = reader.open()
    figures = page.get_by_role("region", name="Figures")
    succeeded = sum(row["states"].get("succeeded", 0) for row in rows)
    expect(figures.get_by_role("term").filter(has_text="classified").locator("..")).to_contain_text(str(succeeded))
    chart = figures.get_by_role("figure").filter(has_text="Files an hour")
    chart.get_by_text("As a table").click()
    last = chart.get_by_role("row").last.get_by_role("cell")
    expect(last).to_have_text([str(rows[0]["documents"]), str(rows[0]["states"].get("failed", 0))])
    figures.get_by_text("All classes in this time").click()
    for name, count in rows[0]["classes"].items():
        expect(figures.get_by_role("listitem").filter(has_text=name)).to_contain_text(f"{count} ·")


def test_the_charts_have_an_axis_for_each_time(reader: ConsolePage, classified: Client) -> None:
    assert classified
    page = reader.open()
    for span in ("24 hours", "7 days", "30 days"):
        page.get_by_role("combobox", name="Time").select_option(span)
        expect(page.locator("figure svg")).to_have_count(4)
        for chart in page.get_by_role("figure").all():
            expect(chart.locator(".time").first).to_be_visible()
            expect(chart.locator(".value").first).to_have_text(re.compile("^0"))
