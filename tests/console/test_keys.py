"""Function keys: asked for once, kept in the tab alone, sent in a header, and never in an address."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from local.stack import launch
from local.stack.discovery import Stack
from tests.console.browser import ConsolePage, reading

REFUSED = "401"
NO_CLASSIFIER = "503"  # of the health of an app that has no model yet


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All that `make run AUTH=1` starts."""
    with launch.running(pace="instant", auth=True, state=Path(tmp_path_factory.mktemp("state"))) as started:
        yield started


@pytest.fixture
def stranger(chromium: Browser, locked: Stack) -> Iterator[ConsolePage]:
    """Opens the page without a key."""
    with reading(chromium, f"{locked.url}/console/") as one:
        one.expect(REFUSED)
        one.expect(NO_CLASSIFIER)
        yield one


def key_of(stack: Stack) -> str:
    keys = stack.read_keys()
    assert keys
    return next(iter(keys.host.values()))


def test_a_key_is_asked_for_once_and_opens_every_view(stranger: ConsolePage, locked: Stack) -> None:
    page = stranger.page
    page.goto(stranger.console)
    dialog = page.get_by_role("dialog", name="Function key")
    dialog.get_by_label("Key").fill(key_of(locked))
    dialog.get_by_role("button", name="Use this key").click()
    expect(page.get_by_role("region", name="Health")).to_contain_text("checks found no problem")
    for view in ("Documents", "Reviews", "Projects", "Activity"):
        page.get_by_role("link", name=view, exact=True).click()
        stranger.loaded()
        expect(page.get_by_role("alert")).to_have_count(0)
    assert page.get_by_role("dialog").count() == 0


def test_a_wrong_key_is_told_and_asked_for_again(stranger: ConsolePage) -> None:
    page = stranger.page
    page.goto(stranger.console)
    dialog = page.get_by_role("dialog", name="Function key")
    dialog.get_by_label("Key").fill("wrong")
    dialog.get_by_role("button", name="Use this key").click()
    expect(page.get_by_role("dialog", name="Function key")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert").first).to_contain_text("The app needs a function key.")
    expect(page.get_by_role("banner").get_by_text("needs a key")).to_be_visible()


def test_a_key_of_a_link_is_taken_out_of_the_address_at_once(stranger: ConsolePage, locked: Stack) -> None:
    page = stranger.page
    page.goto(f"{stranger.console}#key={key_of(locked)}")
    expect(page.get_by_role("region", name="Health")).to_contain_text("checks found no problem")
    assert page.url == f"{stranger.console}#/overview"
    page.go_back()
    assert key_of(locked) not in page.url
    assert stranger.messages == []


def test_the_key_is_in_no_address_no_lasting_storage_and_no_other_tab(stranger: ConsolePage, locked: Stack) -> None:
    key, page = key_of(locked), stranger.page
    page.goto(f"{stranger.console}#key={key}")
    expect(page.get_by_role("region", name="Health")).to_contain_text("checks found no problem")
    assert page.evaluate("JSON.stringify([{...localStorage}, document.cookie])") == '[{},""]'
    assert not [address for address in stranger.requests if key in address]
    other = page.context.new_page()
    other.goto(stranger.console)
    expect(other.get_by_role("dialog", name="Function key")).to_be_visible()


def test_the_key_is_forgotten_on_demand(stranger: ConsolePage, locked: Stack) -> None:
    page = stranger.page
    page.goto(f"{stranger.console}#key={key_of(locked)}")
    expect(page.get_by_role("region", name="Health")).to_contain_text("checks found no problem")
    page.get_by_role("button", name="Change key").click()
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_role("dialog", name="Function key")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
