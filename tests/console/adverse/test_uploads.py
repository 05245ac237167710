"""Many texts at once, of which some are refused, and what is left of them when their view is."""

from __future__ import annotations

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.console.adverse.conftest import Held
from tests.console.browser import ConsolePage

MANY, SHOWN = 200, 100  # texts, and their rows
REFUSED = ("nul.txt", "long.txt", "bytes.txt", "empty.txt")
CONTENTS = (b"a\0b", b"a ship at sea. " * 350_000, b"\xff\xfe\x00", b"")


def text(name: str, content: bytes = b"a ship at sea") -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": content}


def dropped(page: Page) -> Locator:
    return page.get_by_role("region", name="Classify texts")


def choose(page: Page, *texts: FilePayload) -> None:
    page.get_by_label("Choose text files").set_input_files(list(texts))


def test_the_refused_of_many_texts_are_seen_first(reader: ConsolePage) -> None:
    page = reader.open("documents")
    good = [text(f"many/{number}.txt".replace("/", "-")) for number in range(MANY - len(REFUSED))]
    choose(page, *map(text, REFUSED, CONTENTS), *good)
    zone = dropped(page)
    expect(zone.get_by_role("status").first).to_have_text(f"{len(REFUSED)} of {MANY} texts ended, 4 not sent")
    first = zone.get_by_role("listitem")
    expect(first).to_have_count(SHOWN)
    for place, name in enumerate(reversed(REFUSED)):
        expect(first.nth(place)).to_contain_text(name)
        expect(first.nth(place)).to_contain_text("not sent")
    zone.get_by_role("button", name="Hide those that ended").click()
    expect(zone.get_by_role("status").first).to_have_text(f"0 of {MANY - len(REFUSED)} texts ended")


def test_texts_are_sent_while_another_view_is_shown_and_the_page_is_not_left_meanwhile(reader: ConsolePage) -> None:
    held = Held()
    page = reader.open("documents")
    page.route("**/api/documents?name=*", held)
    choose(page, *(text(f"left-{number}.txt") for number in range(6)))
    expect(dropped(page).get_by_text("to be sent")).to_have_count(2)
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Reviews").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reviews")
    assert leaving_is_asked(page)
    with page.expect_response(lambda answer: "name=left-5.txt" in answer.url):
        held.let_go()
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Documents").click()
    expect(dropped(page).get_by_role("listitem")).to_have_count(6)
    expect(dropped(page).get_by_role("link", name="left-5.txt")).to_be_visible()
    assert not leaving_is_asked(page)


def leaving_is_asked(page: Page) -> bool:
    """Whether the browser asks the reader before the page is closed or loaded again."""
    return bool(page.evaluate("!dispatchEvent(new Event('beforeunload', { cancelable: true }))"))


def test_what_was_not_sent_is_sent_again(reader: ConsolePage) -> None:
    page = reader.open("documents")
    page.route("**/api/documents?name=*", lambda route: route.abort())
    choose(page, text("again.txt"))
    row = dropped(page).get_by_role("listitem").filter(has_text="again.txt")
    expect(row).to_contain_text("The app cannot be reached.")
    page.unroute_all()
    row.get_by_role("button", name="Send again").click()
    expect(row.get_by_role("link", name="again.txt")).to_be_visible()
    expect(row.get_by_role("button")).to_have_count(0)
