"""The view of activity: operations and analyze jobs, what became of them, and the ways to end one early."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from local.cli import quickstart
from local.cli.client import Client
from local.cli.training_data import DROP
from local.stack import launch
from local.stack.discovery import Stack
from tests.console.browser import ConsolePage
from tests.host.host_apps import eventually

KEY = uuid.uuid4().hex  # of the Language service
TRAINING = 3600  # seconds of the service's clock, which the tests move
SECONDS = 60.0
PROJECT, MODEL = "movies", "Gated"
TEXTS = sorted(DROP.glob("*.txt"))
KEYS_AND_STATES = """rows => rows.map((row) =>
  [row.querySelector("a").getAttribute("href").split("/").pop(), row.querySelector(".state").textContent])"""


@pytest.fixture(scope="module")
def stack(state: Path) -> Iterator[Stack]:
    """A training takes an hour of the Language service's clock; nothing else takes time."""
    with launch.running(pace=f"instant,train={TRAINING}s", language_key=KEY, state=state) as started:
        yield started


@pytest.fixture(scope="module")
def app(stack: Stack) -> Client:
    """The app with a model that was published because it is good enough, and what it has classified."""
    client = Client(stack)
    started = training(client, MODEL, publish={"ifMacroF1AtLeast": 0.1})
    an_hour_passes(stack)
    ended(client, started)
    task = {"trainingModelName": MODEL, "deploymentName": "second"}
    ended(client, client.call("POST", f"projects/{PROJECT}/publish", {"tasks": [task], "asClassifier": False}))
    dropped = client.drop(tuple(TEXTS), None)
    assert len(list(client.results(dropped, SECONDS))) == len(TEXTS)
    return client


@pytest.fixture
def under_way(app: Client, stack: Stack) -> Iterator[Any]:
    """A training that the service works on until its clock is moved."""
    started = training(app, f"M{uuid.uuid4().hex[:12]}")
    yield started
    an_hour_passes(stack)
    eventually(lambda: not app.call("GET", "operations?state=open")["value"], SECONDS)


def training(app: Client, model: str, **others: Any) -> Any:
    """The operation of a training, once the service works on it. `others`: fields of the request."""
    body = {"tasks": [{"trainingModelName": model}], **others}

    def accepted() -> Any:
        """None while the service still ends a training that was abandoned."""
        status, content = app.ask("POST", f"projects/{PROJECT}/train", body)
        return content if status == requests.codes.accepted else None

    started = eventually(accepted, SECONDS)
    eventually(lambda: operation_now(app, started["key"])["state"] == "running", SECONDS)
    return started


def an_hour_passes(stack: Stack) -> None:
    """At the Language service."""
    headers = {"Ocp-Apim-Subscription-Key": KEY}
    answer = requests.post(
        f"{stack.language}/_local/clock", json={"advance": TRAINING}, headers=headers, timeout=SECONDS
    )
    answer.raise_for_status()


def ended(app: Client, started: Any) -> Any:
    return app.finished(f"operations/{started['key']}", SECONDS, lambda _: None)


def operation_now(app: Client, key: str) -> Any:
    return app.call("GET", f"operations/{key}")


def keys_of(rows: Locator) -> list[str]:
    """The keys that the rows of a list lead to."""
    addresses: list[str] = rows.get_by_role("link").evaluate_all("all => all.map((one) => one.getAttribute('href'))")
    return [address.rpartition("/")[2] for address in addresses]


def shows_what_the_api_lists(page: Page, app: Client, list_name: str, title: str, query: str = "") -> list[Any]:
    """Waits for the same items in the same order, each with its state; returns them."""
    region = page.get_by_role("region", name=title, exact=True)

    def same() -> tuple[list[Any]] | None:
        """Both are looked at again, because both change, such as when an operation begins to run."""
        items: list[Any] = app.call("GET", f"{list_name}?{query}")["value"]
        shown = region.get_by_role("listitem").evaluate_all(KEYS_AND_STATES)
        is_shown = shown == [[one["key"], one["state"]] for one in items]
        return (items,) if is_shown and (items or region.locator(".empty").count()) else None

    found = eventually(same, SECONDS)
    assert found
    return found[0]


@pytest.mark.usefixtures("app")
def test_operations_are_those_of_the_api(reader: ConsolePage, app: Client) -> None:
    page = reader.open("activity")
    items = shows_what_the_api_lists(page, app, "operations", "Operations")
    assert {one["kind"] for one in items} >= {"create", "train", "publish"}
    rows = page.get_by_role("region", name="Operations", exact=True)
    for title in (
        f"Create project {PROJECT}",
        f"Train model {MODEL} of {PROJECT}",
        f"Publish model {MODEL} of {PROJECT} to second",
    ):
        expect(rows.get_by_role("link", name=title)).to_be_visible()


def test_jobs_are_those_of_the_api(reader: ConsolePage, app: Client) -> None:
    page = reader.open("activity")
    page.get_by_role("navigation", name="Lists").get_by_role("link", name="Analyze jobs").click()
    jobs = shows_what_the_api_lists(page, app, "jobs", "Analyze jobs")
    rows = page.get_by_role("region", name="Analyze jobs").get_by_role("listitem")
    for row, job in zip(rows.all(), jobs, strict=True):
        expect(row).to_contain_text(f"{len(job['documents'])} document")
        expect(row).to_contain_text(f"to {PROJECT}, deployment production")


def test_operations_are_filtered_by_state(reader: ConsolePage, app: Client, under_way: Any) -> None:
    page = reader.open("activity")
    counts = {}
    for state in ("open", "running", "succeeded", "failed", "starting"):
        page.get_by_label("State").select_option(state)
        counts[state] = len(shows_what_the_api_lists(page, app, "operations", "Operations", f"state={state}"))
        if counts[state] == 0:
            expect(page.get_by_text(f"None is {state}.")).to_be_visible()
        assert f"state={state}" in page.url
    assert (counts["open"], counts["running"], counts["succeeded"] >= 3) == (1, 1, True)
    page.goto(f"{reader.console}#/activity?state=running")
    page.reload()
    expect(page.get_by_label("State")).to_have_value("running")
    rows = page.get_by_role("region", name="Operations").get_by_role("listitem")
    expect(rows).to_have_count(1)
    assert keys_of(rows) == [under_way["key"]]


def test_jobs_are_filtered_by_state(reader: ConsolePage, app: Client) -> None:
    page = reader.open("activity?list=jobs")
    page.get_by_label("State").select_option("done")
    assert shows_what_the_api_lists(page, app, "jobs", "Analyze jobs", "state=done")
    page.get_by_label("State").select_option("lost")
    expect(page.get_by_text("None is lost.")).to_be_visible()


def test_an_operation_has_its_timeline_its_parameters_and_its_result(reader: ConsolePage, app: Client) -> None:
    listed = app.call("GET", "operations")["value"]
    [trained] = [one for one in listed if one["kind"] == "train" and one["parameters"]["model"] == MODEL]
    page = reader.open("activity")
    page.get_by_role("link", name=f"Train model {MODEL} of {PROJECT}").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text(f"Train model {MODEL} of {PROJECT}")
    events = operation_now(app, trained["key"])["timeline"]
    expect(page.locator(".timeline li span")).to_have_text([event["what"] for event in events])
    expect(page.get_by_role("region", name="What was asked for")).to_contain_text(trained["key"])
    expect(page.get_by_role("region", name="What was asked for").get_by_role("link")).to_have_text(PROJECT)
    score = f"{trained['result']['macroF1']:.2f}"
    outcome = page.get_by_role("status").filter(has_text=f"Model {MODEL} is trained: macro F1 is {score}.")
    expect(outcome).to_contain_text(f"Model {MODEL} is published to production, in place of {quickstart.MODEL}.")
    expect(page.get_by_role("region", name="What came of it")).to_contain_text(score)
    assert page.get_by_role("button", name="Abandon").count() == 0


def test_an_operation_is_followed_to_its_end(reader: ConsolePage, app: Client, stack: Stack, under_way: Any) -> None:
    page = reader.open(f"activity/operations/{under_way['key']}")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.locator(".state").filter(has_text="running")).to_be_visible()
    an_hour_passes(stack)
    expect(page.locator("main .state")).to_have_text("succeeded", timeout=SECONDS * 1000)
    expect(page.get_by_role("progressbar")).to_have_count(0)
    assert operation_now(app, under_way["key"])["state"] == "succeeded"


def test_an_operation_is_abandoned_after_a_question(reader: ConsolePage, app: Client, under_way: Any) -> None:
    page = reader.open(f"activity/operations/{under_way['key']}")
    page.get_by_role("button", name="Abandon").click()
    dialog = page.get_by_role("dialog", name="Abandon: Train model")
    expect(dialog).to_contain_text("The service still finishes what it has started")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert operation_now(app, under_way["key"])["state"] == "running"
    page.get_by_role("button", name="Abandon").click()
    dialog.get_by_role("button", name="Abandon it").click()
    expect(page.locator("main .state")).to_have_text("failed")
    expect(page.get_by_role("status").filter(has_text="It was abandoned on request.")).to_be_visible()
    assert page.get_by_role("button", name="Abandon").count() == 0
    after = operation_now(app, under_way["key"])
    assert (after["state"], after["detail"]) == ("failed", "It was abandoned on request.")


def test_an_operation_that_has_ended_meanwhile_is_not_abandoned(
    reader: ConsolePage, app: Client, under_way: Any
) -> None:
    reader.expect("409")
    page = reader.open(f"activity/operations/{under_way['key']}")
    page.get_by_role("button", name="Abandon").click()
    app.call("POST", f"operations/{under_way['key']}/abandon")
    page.get_by_role("dialog").get_by_role("button", name="Abandon it").click()
    expect(page.locator(".notices")).to_contain_text("has ended already: it failed.")
    expect(page.locator("main .state")).to_have_text("failed")


def test_a_training_is_cancelled_at_the_service(reader: ConsolePage, app: Client, under_way: Any) -> None:
    page = reader.open(f"activity/operations/{under_way['key']}")
    page.get_by_role("button", name="Cancel the training").click()
    expect(page.locator("main .state")).to_have_text("failed", timeout=SECONDS * 1000)
    expect(page.get_by_role("status").filter(has_text="It was cancelled.")).to_be_visible()
    assert operation_now(app, under_way["key"])["detail"] == "It was cancelled."
    trainings = app.call("GET", f"projects/{PROJECT}/train/jobs")["value"]
    [cancelled] = [one for one in trainings if one["model"] == under_way["parameters"]["model"]]
    assert cancelled["state"] == "cancelled"


@pytest.mark.parametrize("where", ["operation", "list of the service"])
def test_a_training_is_cancelled_on_the_page_of_its_project(
    reader: ConsolePage, app: Client, under_way: Any, where: str
) -> None:
    model = under_way["parameters"]["model"]
    page = reader.open(f"projects/{PROJECT}")
    shown = page.get_by_role("article").filter(has_text=f"Train model {model} of {PROJECT}").first
    expect(shown.get_by_role("progressbar")).to_be_visible()
    if where == "operation":
        shown.get_by_role("button", name="Cancel the training").click()
    else:
        page.get_by_text("All trainings at the service").click()
        training = page.get_by_role("listitem").filter(has_text=model)
        training.get_by_role("button", name="Cancel", exact=True).click()
    expect(shown.locator(".state")).to_have_text("failed", timeout=SECONDS * 1000)
    assert operation_now(app, under_way["key"])["detail"] == "It was cancelled."


@pytest.mark.parametrize("file_format", ["jsonl", "csv"])
def test_the_file_of_an_export_is_downloaded(reader: ConsolePage, app: Client, file_format: str) -> None:
    exported = ended(app, app.call("POST", "documents/export", {"format": file_format}))
    page = reader.open(f"activity/operations/{exported['key']}")
    expect(page.get_by_role("status").filter(has_text=exported["result"]["blob"])).to_be_visible()
    with page.expect_download() as waited:
        page.get_by_role("button", name="Download the file").click()
    assert Path(waited.value.path()).read_bytes() == app.download(exported["result"]["blob"])
    assert waited.value.suggested_filename == f"documents-{exported['created'][:10]}.{file_format}"


def test_the_page_of_a_job_leads_to_its_documents(reader: ConsolePage, app: Client) -> None:
    job = next(one for one in app.call("GET", "jobs")["value"] if len(one["documents"]) > 1)
    names = [app.call("GET", f"documents/{key}")["name"] for key in job["documents"]]
    page = reader.open("activity?list=jobs")
    page.get_by_role("listitem").filter(has=page.locator(f"a[href$='{job['key']}']")).get_by_role("link").click()
    expect(page.get_by_role("heading", name=f"Analyze job of {len(names)} documents")).to_contain_text(job["state"])
    rows = page.get_by_role("region", name="Documents").get_by_role("listitem")
    expect(rows.get_by_role("link")).to_have_text(names)
    assert keys_of(rows) == job["documents"]
    events = app.call("GET", f"jobs/{job['key']}")["timeline"]
    expect(page.locator(".timeline li span")).to_have_text([event["what"] for event in events])
    rows.get_by_role("link", name=names[0], exact=True).click()
    expect(page.get_by_role("heading", name=names[0])).to_contain_text("succeeded")


@pytest.mark.parametrize("what", ["operation", "job"])
def test_what_is_not_there_is_told(reader: ConsolePage, what: str) -> None:
    reader.expect("404")
    page = reader.open(f"activity/{what}s/{'0' * 32}")
    expect(page.get_by_role("alert")).to_contain_text(f"There is no {what}")
