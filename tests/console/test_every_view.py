"""What holds for every view: accessibility, narrow and dark screens, the keyboard, and an app that does not answer."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from local.cli.client import Client
from local.cli.training_data import DROP
from local.paths import ROOT
from local.stack.discovery import Stack
from tests.console.browser import NARROW, WIDE, ConsolePage, reading
from tests.console.page_texts import HOSTILE_NAME, HOSTILE_TEXT

# If this names a folder, a picture of each view on each screen is written there.
PICTURES = os.environ.get("TEXTDROP_PICTURES", "")
SCREENS = {
    "wide-light": {"viewport": WIDE, "color_scheme": "light"},
    "wide-dark": {"viewport": WIDE, "color_scheme": "dark"},
    "narrow-light": {"viewport": NARROW, "color_scheme": "light"},
    "narrow-dark": {"viewport": NARROW, "color_scheme": "dark"},
}
SECONDS = 60
HEALTH_EVERY = 15_000  # milliseconds between two looks at the health
VIEWS = [
    "overview",
    "documents",
    "document",
    "reviews",
    "review",
    "projects",
    "project",
    "evaluation",
    "activity",
    "operation",
    "job",
]


@pytest.fixture(scope="module")
def used(app: Client) -> Client:
    """The app after some work: files, one with a hostile name, are classified, and put among the reviews."""
    hostile = app.call("POST", "documents", {"name": HOSTILE_NAME, "text": HOSTILE_TEXT})
    app.finished(f"documents/{hostile['key']}", SECONDS, lambda _: None)
    dropped = app.drop(tuple(sorted(DROP.glob("*.txt"))), None)
    assert len(list(app.results(dropped, SECONDS))) == len(dropped)
    for document in sorted(app.documents("state=succeeded"), key=lambda one: one["key"] == hostile["key"]):
        app.call("POST", f"documents/{document['key']}/review")
    return app


@pytest.fixture(scope="module")
def addresses(used: Client) -> dict[str, str]:
    """The view of each name, after the "#/" of its address."""
    documents = [one for one in used.documents("prefix=Se") if one["state"] == "succeeded"]
    [project] = used.call("GET", "projects")["value"]
    [model] = used.call("GET", f"projects/{project['name']}/models")["value"]
    operation = used.call("GET", "operations")["value"][0]
    job = used.call("GET", "jobs")["value"][0]
    plain = {name: name for name in ("overview", "documents", "reviews", "projects", "activity")}
    return plain | {
        "document": f"documents/{documents[0]['key']}",
        "review": f"reviews/{documents[0]['key']}",
        "project": f"projects/{project['name']}",
        "evaluation": f"projects/{project['name']}/models/{model['name']}",
        "operation": f"activity/operations/{operation['key']}",
        "job": f"activity/jobs/{job['key']}",
    }


@pytest.fixture(params=SCREENS)
def screen(
    request: pytest.FixtureRequest, chromium: Browser, stack: Stack, used: Client
) -> Iterator[tuple[str, ConsolePage]]:
    assert used
    with reading(chromium, f"{stack.url}/console/", **SCREENS[request.param]) as one:
        yield request.param, one


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_is_accessible_fits_the_screen_and_has_no_error(
    screen: tuple[str, ConsolePage], addresses: dict[str, str], view: str
) -> None:
    name, reader = screen
    page = reader.open(addresses[view])
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("alert")).to_have_count(0)
    if PICTURES:
        page.screenshot(path=ROOT / PICTURES / f"{view}-{name}.png", full_page=name.startswith("narrow"))
    assert reader.violations() == []
    assert not reader.is_too_wide()
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert reader.violations() == []
    assert not reader.is_too_wide()


def test_every_control_of_every_view_is_reached_by_the_tab_key(reader: ConsolePage, addresses: dict[str, str]) -> None:
    for view in VIEWS:
        page = reader.open(addresses[view])
        page.wait_for_load_state("networkidle")
        wanted = page.locator(
            "a[href]:visible, button:enabled:visible, input:enabled:visible, select:visible, textarea:visible"
        ).count()
        reached = tabbed_through(page, wanted + 40)  # a time has several stops
        assert reached >= wanted, f"{view}: {reached} of {wanted} controls"


def tabbed_through(page: Page, most: int) -> int:
    """How many controls have the focus, one after the other, when the Tab key is pressed."""
    page.evaluate("window.reached = new Set(); addEventListener('focusin', ({ target }) => window.reached.add(target))")
    for _ in range(most):
        page.keyboard.press("Tab")
    return int(
        page.evaluate(
            "[...window.reached].filter((one) => one.matches('a[href], button, input, select, textarea')).length"
        )
    )


def test_the_focus_is_seen(reader: ConsolePage) -> None:
    page = reader.open()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_content_is_reached_by_the_first_link(reader: ConsolePage) -> None:
    page = reader.open("documents")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"
    assert page.url.endswith("#/documents")


def test_back_and_reload_keep_the_view(reader: ConsolePage) -> None:
    page = reader.open("documents?state=failed")
    page.get_by_role("link", name="Activity", exact=True).click()
    page.go_back()
    expect(page.get_by_label("State")).to_have_value("failed")
    page.reload()
    expect(page.get_by_label("State")).to_have_value("failed")


@pytest.mark.parametrize("view", ["no-such-view", "constructor"])
def test_an_unknown_view_is_the_overview(reader: ConsolePage, view: str) -> None:
    page = reader.open(view)
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


@pytest.mark.parametrize("view", ["overview", "documents", "reviews", "projects", "activity"])
def test_an_app_that_does_not_answer_is_told_and_asked_again(reader: ConsolePage, view: str) -> None:
    reader.expect("ERR_FAILED")
    reader.page.clock.install()
    reader.page.route(
        "**/api/**", lambda route: route.continue_() if "/console/" in route.request.url else route.abort()
    )
    page = reader.open(view)
    expect(page.get_by_role("alert").first).to_contain_text("The app cannot be reached.")
    page.unroute_all()
    page.get_by_role("button", name="Try again").first.click()
    page.clock.run_for(HEALTH_EVERY)
    expect(page.get_by_role("banner").get_by_text("healthy")).to_be_visible()


def test_storage_that_is_down_is_told(reader: ConsolePage) -> None:
    reader.expect("503")
    failure = '{"error": {"code": "StorageUnavailable", "message": "Storage does not answer."}}'
    reader.page.route("**/api/documents*", lambda route: route.fulfill(status=503, body=failure))
    page = reader.open("documents")
    expect(page.get_by_role("alert")).to_contain_text("Storage does not answer.")


def test_the_policy_of_the_page_allows_nothing_from_elsewhere(reader: ConsolePage) -> None:
    reader.expect("Content Security Policy")
    page = reader.open()
    page.evaluate(
        "(source) => { const script = document.createElement('script'); script.textContent = source;"
        " document.body.append(script); }",
        "window.injected = true",
    )
    assert page.evaluate("window.injected") is None
    assert page.evaluate("fetch('https://example.com/').then(() => 'sent', () => 'refused')") == "refused"
    reader.requests.clear()  # the browser refused that one before it was sent
