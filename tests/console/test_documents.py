"""The view of documents: files dropped and followed, found again, classified again, exported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from local.cli.client import Client
from local.cli.training_data import DROP
from tests.console.browser import ConsolePage
from tests.console.page_texts import HOSTILE_NAME, HOSTILE_TEXT

TEXTS = sorted(DROP.glob("*.txt"))
CHASE = "A hostage, a chase over roofs, a helicopter and an explosion: the heist goes wrong."


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_role("link", name=name, exact=True))


def paste(page: Page, name: str, text: str) -> None:
    page.get_by_text("Paste a text").click()
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_label("Name of the file").fill(name)
    page.get_by_role("button", name="Classify", exact=True).click()


def test_chosen_files_are_sent_and_followed_until_they_have_their_classes(reader: ConsolePage, app: Client) -> None:
    page = reader.open("documents")
    page.get_by_label("Choose text files").set_input_files([str(file) for file in TEXTS])
    zone = page.get_by_label("Classify texts")
    expect(zone.get_by_role("status")).to_have_text(f"{len(TEXTS)} of {len(TEXTS)} texts ended", timeout=60_000)
    documents = {one["name"]: one for one in app.documents("state=succeeded")}
    for file in TEXTS:
        best = documents[file.name]["classes"][0]
        shown = zone.get_by_role("listitem").filter(has_text=file.name)
        expect(shown).to_contain_text(f"{best['category']} {best['confidence']:.2f}")


def test_a_pasted_text_is_classified_and_its_page_shows_all_of_it(reader: ConsolePage, app: Client) -> None:
    page = reader.open("documents")
    paste(page, "pasted/chase.txt", CHASE)
    page.get_by_label("Classify texts").get_by_role("link", name="pasted/chase.txt").click()
    expect(page.get_by_role("heading", name="pasted/chase.txt")).to_contain_text("succeeded")
    expect(page.get_by_role("region", name="Content")).to_have_text(CHASE)
    [document] = app.documents("prefix=pasted/")
    for one in document["classes"]:
        expect(page.get_by_role("listitem").filter(has_text=one["category"]).first).to_contain_text(
            f"{one['confidence']:.2f}"
        )
    timeline = page.get_by_role("region", name="Timeline").get_by_role("listitem")
    expect(timeline).to_have_count(len(document["timeline"]))
    expect(page.get_by_role("link", name=document["job"])).to_be_visible()


def test_a_name_that_exists_is_replaced_only_on_demand(reader: ConsolePage) -> None:
    reader.expect("409")
    page = reader.open("documents")
    paste(page, "twice.txt", CHASE)
    expect(page.get_by_label("Classify texts").get_by_role("status")).to_have_text("1 of 1 text ended")
    page.get_by_label("Text", exact=True).fill(f"{CHASE} Again.")
    page.get_by_label("Name of the file").fill("twice.txt")
    page.get_by_role("button", name="Classify", exact=True).click()
    page.get_by_role("button", name="Replace it").click()
    expect(page.get_by_label("Classify texts").get_by_role("status")).to_have_text("2 of 2 texts ended")


def test_hostile_names_and_texts_are_shown_as_text(reader: ConsolePage) -> None:
    page = reader.open("documents")
    page.get_by_label("Choose text files").set_input_files(
        {"name": HOSTILE_NAME, "mimeType": "text/plain", "buffer": HOSTILE_TEXT.encode()}
    )
    expect(page.get_by_label("Classify texts").get_by_role("status")).to_have_text("1 of 1 text ended")
    page.get_by_label("Classify texts").get_by_role("link").click()
    expect(page.get_by_role("region", name="Content")).to_have_text(HOSTILE_TEXT, use_inner_text=False)
    heading = page.get_by_role("heading", level=2).first.inner_text()
    assert "\u202e" not in heading
    assert "[U+202E]" in heading
    assert page.locator("main img, main script, main b").count() == 0
    assert not reader.is_too_wide()


@pytest.fixture(scope="module")
def filtered(app: Client) -> list[str]:
    """Files in a folder, one of them without a text."""
    for number in range(3):
        app.call("POST", "documents", {"text": f"{CHASE} {number}", "name": f"filter/{number}.txt"})
    names = {f"filter/{number}.txt" for number in range(3)}
    for name in sorted(names):
        [document] = [one for one in app.documents("prefix=filter/") if one["name"] == name]
        app.finished(f"documents/{document['key']}", 60, lambda _: None)
    return sorted(names)


def test_filters_are_in_the_address_and_select_what_the_api_selects(reader: ConsolePage, filtered: list[str]) -> None:
    page = reader.open("documents")
    page.get_by_label("Name begins with").fill("filter/")
    page.get_by_label("Name begins with").press("Enter")
    listed = page.get_by_label("List of documents").get_by_role("listitem")
    expect(listed).to_have_count(len(filtered))
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_text("No document matches this filter.")).to_be_visible()
    assert "prefix=filter%2F&state=failed" in page.url or "state=failed&prefix=filter%2F" in page.url
    page.reload()
    expect(page.get_by_label("Name begins with")).to_have_value("filter/")
    page.get_by_role("button", name="Clear the filter").click()
    expect(page.get_by_label("State")).to_have_value("all")


def test_all_that_match_are_classified_again_once_confirmed(
    reader: ConsolePage, app: Client, filtered: list[str]
) -> None:
    before = {one["key"]: len(one["timeline"]) for one in app.documents("prefix=filter/")}
    page = reader.open("documents?prefix=filter/")
    page.get_by_role("button", name="Classify all again").click()
    dialog = page.get_by_role("dialog", name=f"Classify {len(filtered)} documents again?")
    dialog.get_by_role("button", name="Cancel").click()
    assert {one["key"]: len(one["timeline"]) for one in app.documents("prefix=filter/")} == before
    page.get_by_role("button", name="Classify all again").click()
    dialog.get_by_role("button", name="Classify again").click()
    expect(page.get_by_text("3 documents will be classified again.")).to_be_visible()
    for key, events in before.items():
        document = app.finished(f"documents/{key}", 60, lambda _: None)
        assert len(document["timeline"]) > events


def test_an_export_of_all_that_match_is_downloaded(reader: ConsolePage, app: Client, filtered: list[str]) -> None:
    page = reader.open("documents?prefix=filter/")
    with page.expect_download() as waited:
        page.get_by_role("button", name="Export as JSON lines").click()
    lines = Path(waited.value.path()).read_text("utf-8").splitlines()
    assert sorted(json.loads(line)["name"] for line in lines) == filtered
    exported = app.call("GET", "operations")["value"][0]
    assert waited.value.suggested_filename == f"documents-{exported['created'][:10]}.jsonl"


@pytest.mark.usefixtures("filtered")
def test_one_document_is_classified_again_and_put_among_the_reviews(reader: ConsolePage, app: Client) -> None:
    [document] = [one for one in app.documents("prefix=filter/1") if one["state"] == "succeeded"]
    page = reader.open(f"documents/{document['key']}")
    page.get_by_role("button", name="Ask for a review").click()
    expect(page.get_by_text("It is among the first of the reviews.")).to_be_visible()
    assert document["key"] in [one["key"] for one in app.call("GET", "reviews")["value"]]
    page.get_by_role("button", name="Classify again").click()
    expect(page.get_by_text("It will be classified again.")).to_be_visible()
    app.finished(f"documents/{document['key']}", 60, lambda _: None)


def test_a_document_that_is_not_there_is_told(reader: ConsolePage) -> None:
    reader.expect("404")
    page = reader.open(f"documents/{'0' * 32}")
    expect(page.get_by_role("alert")).to_contain_text("There is no document")


def test_the_list_gets_longer_by_itself(reader: ConsolePage, app: Client) -> None:
    for number in range(60):
        app.call("POST", "documents", {"text": f"{CHASE} {number}", "name": f"many/{number:03}.txt"})
    page = reader.open("documents?prefix=many/")
    listed = page.get_by_label("List of documents").get_by_role("listitem")
    page.mouse.wheel(0, 20_000)
    expect(listed).to_have_count(60)
