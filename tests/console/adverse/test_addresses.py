"""Addresses with nonsense in them, links with a key, and a browser that keeps nothing for a page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Request, expect

from tests.console.browser import ConsolePage

KEY = "a key of a test"
# So does a browser whose reader forbids sites to keep data.
REFUSE_STORAGE = """for (const name of ["sessionStorage", "localStorage"])
  Object.defineProperty(window, name, { get() { throw new DOMException("refused", "SecurityError"); } });"""


@pytest.mark.parametrize(
    "address",
    [
        "documents/%E0%A4%A",
        "documents/..",
        "documents/a/b/c",
        "documents?state=nonsense",
        "documents?since=nonsense&until=%00",
        "documents?constructor=1&prefix=%E2%80%AE",
        "reviews/..",
        "reviews?state=constructor&at=%00",
        "reviews?days=nonsense",
        "projects/constructor",
        "projects/%E2%80%AEa/models/%00",
        "projects?create=yes&operation=nonsense",
        "activity/constructor/a",
        "activity?list=constructor&state=constructor",
        "overview/a/b?c",
        "?key",
        "%",
    ],
)
def test_nonsense_in_an_address_breaks_no_view(reader: ConsolePage, address: str) -> None:
    page = reader.open(address)
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text("This view could not be shown")).to_have_count(0)
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def test_what_the_filter_does_not_know_is_not_sent(reader: ConsolePage) -> None:
    page = reader.open("documents?nonsense=1&prefix=a")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_label("Name begins with")).to_have_value("a")


def test_a_link_with_a_key_is_taken_while_the_page_is_open(reader: ConsolePage) -> None:
    page = reader.open("documents")

    def has_key(request: Request) -> bool:
        return request.headers.get("x-functions-key") == KEY

    with page.expect_request(has_key):
        page.evaluate("(key) => { location.hash = `key=${key}`; }", KEY)
    assert page.url == f"{reader.console}#/overview"
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Documents")
    assert not [one for one in reader.requests if "key=" in one]


def test_a_browser_that_keeps_nothing_keeps_the_key_until_the_page_is_left(reader: ConsolePage) -> None:
    reader.page.add_init_script(REFUSE_STORAGE)
    page = reader.page
    with page.expect_request(lambda request: request.headers.get("x-functions-key") == KEY):
        page.goto(f"{reader.console}#key={KEY}")
    page.get_by_role("link", name="Reviews", exact=True).click()
    expect(page.get_by_role("button", name="Change key")).to_be_visible()
    page.get_by_role("button", name="Change key").click()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_role("button", name="Key", exact=True)).to_be_visible()
