"""The view of reviews: the queue and its keys, what others do meanwhile, and the lists of those that have ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from local.cli import quickstart
from local.cli.client import Client
from local.cli.training_data import DROP, TrainingData
from local.stack.discovery import Stack
from tests.console.browser import ConsolePage, reading
from tests.console.page_texts import HOSTILE_NAME, HOSTILE_TEXT
from tests.host.host_apps import eventually

TEXTS = sorted(DROP.glob("*.txt"))[:5]
SECOND, PREFIX = "SecondProject", "second/"
SECONDS = 60.0
NOT_OPEN = ("409", "410")  # statuses of a decision on a review that is not open any more
ARABIC = "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645"
# Presses Enter as soon as the next review can be decided with it, long before somebody can have read it.
ENTER_AT_ONCE = """() => new Promise((resolve) => {
  const press = () =>
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
  const name = () => document.getElementById("review-name")?.textContent;
  const before = name();
  const observer = new MutationObserver(() => {
    if (!name() || name() === before) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve(press())));
  });
  observer.observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
  press();
  press();
})"""


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """Every document that nobody asked to review has a low confidence; none is chosen at random."""
    return {"REVIEW_AUDIT_PERCENT": "0", "REVIEW_BELOW": "1"}


@pytest.fixture(scope="module")
def app(stack: Stack) -> Client:
    """The app with two projects: the quickstart's, and that of files in a folder."""
    client, data = Client(stack), TrainingData.of(None, None)
    quickstart.learn(client, replace(data, project=SECOND))
    client.call("PUT", f"classifiers/{PREFIX}", {"project": SECOND, "deployment": "production"})
    client.call("PUT", "classifier", {"project": data.project, "deployment": "production"})
    return client


def classified(app: Client, name: str, text: str) -> str:
    """The key of a document, once it has its classes."""
    key: str = app.call("POST", "documents", {"name": name, "text": text})["key"]
    app.finished(f"documents/{key}", SECONDS, lambda _: None)
    return key


@pytest.fixture(scope="module")
def pool(app: Client) -> frozenset[str]:
    """The keys of six reviews: two that somebody asked for, and four of a low confidence, one of the second project."""
    texts = {file.name: file.read_text("utf-8") for file in TEXTS} | {f"{PREFIX}ferry.txt": TEXTS[0].read_text("utf-8")}
    keys = [classified(app, name, text) for name, text in texts.items()]
    eventually(lambda: {one["key"] for one in listed(app)} >= set(keys), SECONDS)
    for key in keys[:2]:
        app.call("POST", f"documents/{key}/review")
    return frozenset(keys)


@pytest.fixture
def queue(app: Client, pool: frozenset[str]) -> list[Any]:
    """The open reviews: those of the pool, whatever earlier tests have done."""
    for review in listed(app, "state=decided"):
        if review["key"] in pool:
            app.call("DELETE", f"reviews/{review['key']}/decision")
    for review in listed(app):
        if review["key"] not in pool:
            decide_as_predicted(app, review)
    found = listed(app)
    assert {one["key"] for one in found} == pool
    return found


def listed(app: Client, query: str = "") -> list[Any]:
    found: list[Any] = app.call("GET", f"reviews?top=100&{query}")["value"]
    return found


def decide_as_predicted(app: Client, review: Any) -> None:
    app.call("PUT", f"reviews/{review['key']}", {"classes": predicted(review)})


def predicted(review: Any) -> list[str]:
    return sorted(one["category"] for one in review["prediction"])


def stored(app: Client, review: Any) -> Any:
    """The review as the app has it now."""
    return app.call("GET", f"reviews/{review['key']}")


def shows(page: Page, review: Any) -> None:
    """Waits until this review is shown, and can be decided."""
    expect(page.locator("#review-name")).to_have_text(review["name"])
    expect(decide_button(page)).to_have_attribute("aria-disabled", "false")


def decide_button(page: Page) -> Locator:
    return page.get_by_role("button", name="Decide", exact=True)


def chosen(page: Page) -> list[str]:
    """The classes that are chosen, in their order."""
    return page.locator(".choice[aria-checked=true] .name").all_inner_texts()


def told(page: Page) -> Locator:
    return page.locator(".notices")


def left(page: Page, number: int) -> None:
    expect(page.get_by_role("region").get_by_text(f"{number} left")).to_be_visible()


def test_the_queue_has_the_order_of_the_api(reader: ConsolePage, queue: list[Any]) -> None:
    page = reader.open("reviews")
    for review in queue:
        shows(page, review)
        assert chosen(page) == predicted(review)
        left(page, len(queue))
        page.keyboard.press("j")
    shows(page, queue[0])
    for review in reversed(queue):
        page.keyboard.press("k")
        shows(page, review)


def test_text_and_reason_are_those_of_the_api(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    page = reader.open("reviews")
    for review in queue:
        shows(page, review)
        whole = stored(app, review)
        expect(page.get_by_role("region", name="Text")).to_have_text(whole["text"], use_inner_text=False)
        expect(page.locator(".choice .name")).to_have_text(whole["choices"])
        reason = {"contested": "somebody asked for it", "low_confidence": "low confidence"}[review["reason"]]
        expect(page.get_by_text(f"Reviewed because: {reason}")).to_contain_text(review["classifier"]["project"])
        page.keyboard.press("j")


def test_digits_toggle_and_enter_decides(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    page = reader.open("reviews")
    shows(page, queue[0])
    choices = stored(app, queue[0])["choices"]
    page.keyboard.press("1")
    page.keyboard.press("4")
    page.keyboard.press("2")
    page.keyboard.press("2")
    page.keyboard.press("9")  # there is no ninth class
    expected = sorted({*predicted(queue[0])} ^ {choices[0], choices[3]})
    expect(page.locator(".choice[aria-checked=true] .name")).to_have_text(expected)
    page.keyboard.press("Enter")
    shows(page, queue[1])
    left(page, len(queue) - 1)
    decided = stored(app, queue[0])
    assert (decided["state"], sorted(decided["decision"]["classes"])) == ("decided", expected)
    assert [one["key"] for one in listed(app)] == [one["key"] for one in queue[1:]]


def test_no_class_is_a_decision(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    page = reader.open("reviews")
    shows(page, queue[0])
    for name in chosen(page):
        page.get_by_role("checkbox", name=name).click()
    expect(page.get_by_text("Your decision: no class")).to_be_visible()
    decide_button(page).click()
    shows(page, queue[1])
    assert stored(app, queue[0])["decision"]["classes"] == []


def test_a_double_enter_decides_one_review_only(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    page = reader.open("reviews")
    shows(page, queue[0])
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    page.evaluate(ENTER_AT_ONCE)
    shows(page, queue[1])
    left(page, len(queue) - 1)
    assert len(sent) == 1
    assert [one["key"] for one in listed(app)] == [one["key"] for one in queue[1:]]


def test_a_skipped_review_stays_open_and_comes_last(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    page = reader.open("reviews")
    shows(page, queue[0])
    page.keyboard.press("s")
    shows(page, queue[1])
    assert [one["key"] for one in listed(app)] == [one["key"] for one in queue]
    for review in queue[1:]:
        shows(page, review)
        page.keyboard.press("Enter")
    shows(page, queue[0])
    expect(page.get_by_text("1 left, you skipped this one before")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("All are decided. New ones appear here by themselves.")).to_be_visible()
    assert listed(app) == []


def test_a_decision_is_undone_and_its_review_shown_again(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    page = reader.open("reviews")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    for review in queue[:2]:
        shows(page, review)
        page.keyboard.press("Enter")
    shows(page, queue[2])
    for review in (queue[1], queue[0]):
        page.keyboard.press("u")
        shows(page, review)
        expect(told(page)).to_contain_text(f"The decision on {review['name']} is undone.")
        assert stored(app, review)["state"] == "open"
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    left(page, len(queue))
    page.keyboard.press("Enter")
    shows(page, queue[1])
    assert [one["key"] for one in listed(app)] == [one["key"] for one in queue[1:]]


def test_the_last_decision_is_undone_when_nothing_is_left(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    for review in queue[1:]:
        decide_as_predicted(app, review)
    page = reader.open("reviews")
    shows(page, queue[0])
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Undo the last decision").click()
    shows(page, queue[0])
    assert [one["key"] for one in listed(app)] == [queue[0]["key"]]


def test_keys_do_nothing_while_somebody_types(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    page = reader.open("reviews")
    shows(page, queue[0])
    for label in ("Comment (optional)", "Your name"):
        page.get_by_label(label).press_sequentially("1 just jokes, skull 2")
        expect(page.get_by_label(label)).to_have_value("1 just jokes, skull 2")
        page.get_by_label(label).press("Enter")
    shows(page, queue[0])
    assert chosen(page) == predicted(queue[0])
    assert [one["key"] for one in listed(app)] == [one["key"] for one in queue]


def test_keys_of_the_browser_stay_the_browsers(reader: ConsolePage, queue: list[Any]) -> None:
    page = reader.open("reviews")
    shows(page, queue[0])
    page.keyboard.press("Alt+1")
    page.keyboard.press("Control+j")
    shows(page, queue[0])
    assert chosen(page) == predicted(queue[0])


def test_the_reviewers_name_is_kept_and_stored_and_a_comment_is_stored_once(
    reader: ConsolePage, queue: list[Any], app: Client
) -> None:
    page = reader.open("reviews")
    shows(page, queue[0])
    page.get_by_label("Your name").fill("Ada Löf")
    page.get_by_label("Comment (optional)").fill("Both, by the <b>ending</b>.")
    decide_button(page).click()
    shows(page, queue[1])
    expect(page.get_by_label("Comment (optional)")).to_have_value("")
    page.reload()
    shows(page, queue[1])
    expect(page.get_by_label("Your name")).to_have_value("Ada Löf")
    decide_button(page).click()
    shows(page, queue[2])
    first, second = (stored(app, one)["decision"] for one in queue[:2])
    assert (first["reviewer"], first["comment"]) == ("Ada Löf", "Both, by the <b>ending</b>.")
    assert (second["reviewer"], "comment" in second) == ("Ada Löf", False)


def test_a_decision_of_another_reviewer_stays_and_is_told(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    reader.expect("409")
    page = reader.open("reviews")
    shows(page, queue[0])
    app.call("PUT", f"reviews/{queue[0]['key']}", {"classes": [], "reviewer": "Bob"})
    page.keyboard.press("Enter")
    expect(told(page)).to_contain_text(f"Bob decided {queue[0]['name']} meanwhile: no class. That decision stays.")
    shows(page, queue[1])
    left(page, len(queue) - 1)
    assert stored(app, queue[0])["decision"]["reviewer"] == "Bob"
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()


def test_the_same_decision_of_another_reviewer_is_not_undone(
    reader: ConsolePage, queue: list[Any], app: Client
) -> None:
    page = reader.open("reviews")
    shows(page, queue[0])
    classes = predicted(queue[0])
    app.call("PUT", f"reviews/{queue[0]['key']}", {"classes": classes, "reviewer": "Bob"})
    page.keyboard.press("Enter")
    expect(told(page)).to_contain_text(f"Bob decided {queue[0]['name']} in the same way before.")
    shows(page, queue[1])
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    page.keyboard.press("u")
    assert stored(app, queue[0])["decision"]["reviewer"] == "Bob"


def test_a_review_that_was_decided_before_it_is_shown_is_passed(
    reader: ConsolePage, queue: list[Any], app: Client
) -> None:
    page = reader.open("reviews")
    shows(page, queue[0])
    app.call("PUT", f"reviews/{queue[2]['key']}", {"classes": [], "reviewer": "Bob"})
    page.keyboard.press("j")
    shows(page, queue[1])
    page.keyboard.press("j")
    expect(told(page)).to_contain_text(f"Bob decided {queue[2]['name']} meanwhile")
    shows(page, queue[3])


@pytest.mark.usefixtures("queue")
def test_a_text_that_is_gone_meanwhile_is_told_and_its_review_withdrawn(
    reader: ConsolePage, app: Client, stack: Stack
) -> None:
    for status in NOT_OPEN:
        reader.expect(status)
    key = contested(app, "changed/later.txt", ARABIC)
    order = listed(app)
    [place] = [place for place, one in enumerate(order) if one["key"] == key]
    page = reader.open(f"reviews?at={key}")
    shows(page, order[place])
    app.put(stack.container, "changed/later.txt", b"")
    page.keyboard.press("Enter")
    expect(told(page)).to_contain_text("changed/later.txt was changed or deleted meanwhile: nobody can decide on it.")
    shows(page, order[place + 1])
    assert app.call("GET", f"reviews/{key}")["state"] == "withdrawn"


def contested(app: Client, name: str, text: str) -> str:
    """The key of a document that somebody has asked to review."""
    key = classified(app, name, text)
    eventually(lambda: app.found(f"reviews/{key}"), SECONDS)  # the tick has put it into the queue
    app.call("POST", f"documents/{key}/review")
    return key


def test_filters_select_what_the_api_selects(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    page = reader.open("reviews")
    for query, label, option in (
        ("reason=contested", "Reason", "somebody asked for it"),
        ("reason=low_confidence", "Reason", "low confidence"),
        (f"project={SECOND}", "Project", SECOND),
    ):
        page.goto(f"{reader.console}#/reviews")
        shows(page, queue[0])
        page.get_by_role("search").get_by_label(label).select_option(option)
        found = listed(app, query)
        assert 0 < len(found) < len(queue)
        for review in found:
            shows(page, review)
            left(page, len(found))
            page.keyboard.press("j")
        shows(page, found[0])
        assert query in page.url
        page.reload()
        shows(page, found[0])
        left(page, len(found))


def test_a_filter_that_nothing_matches_is_told_and_cleared(reader: ConsolePage, queue: list[Any]) -> None:
    page = reader.open(f"reviews?reason=no_class&project={SECOND}")
    expect(page.get_by_text("No open review matches this filter.")).to_be_visible()
    page.get_by_role("button", name="Show all open reviews").click()
    shows(page, queue[0])
    left(page, len(queue))


def test_decided_reviews_are_listed_and_one_is_undone(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    corrected, confirmed = queue[:2]
    app.call("PUT", f"reviews/{corrected['key']}", {"classes": [], "reviewer": "Bob", "comment": "None fits."})
    app.call("PUT", f"reviews/{confirmed['key']}", {"classes": predicted(confirmed), "reviewer": "Ada"})
    page = reader.open("reviews")
    page.get_by_role("navigation", name="States of reviews").get_by_role("link", name="Decided").click()
    rows = page.get_by_label("Reviews, decided").get_by_role("listitem")
    decided = listed(app, "state=decided")
    expect(rows.get_by_role("link")).to_have_text([one["name"] for one in decided[:25]])
    expect(rows.filter(has_text=corrected["name"])).to_contain_text(re.compile("no class.*corrected.*Bob"))
    expect(rows.filter(has_text=confirmed["name"])).to_contain_text(re.compile("as predicted.*Ada"))
    rows.get_by_role("link", name=corrected["name"], exact=True).click()
    expect(page.get_by_role("definition").filter(has_text="None fits.")).to_be_visible()
    page.get_by_role("button", name="Undo the decision").click()
    shows(page, corrected)
    assert stored(app, corrected)["state"] == "open"


@pytest.mark.usefixtures("queue")
def test_withdrawn_reviews_are_listed(reader: ConsolePage, app: Client, stack: Stack) -> None:
    key = contested(app, "withdrawn.txt", TEXTS[0].read_text("utf-8"))
    app.put(stack.container, "withdrawn.txt", b"")
    assert app.call("GET", f"reviews/{key}")["state"] == "withdrawn"
    page = reader.open("reviews?state=withdrawn")
    rows = page.get_by_label("Reviews, withdrawn").get_by_role("listitem")
    expect(rows.get_by_role("link")).to_have_text([one["name"] for one in listed(app, "state=withdrawn")])
    rows.get_by_role("link", name="withdrawn.txt").click()
    expect(page.get_by_text("The file was changed or deleted, or its text cannot be read.")).to_be_visible()
    assert page.get_by_role("button", name="Ask for a review again").count() == 0


def test_one_review_is_decided_on_its_own_page(reader: ConsolePage, queue: list[Any], app: Client) -> None:
    page = reader.open(f"reviews/{queue[3]['key']}")
    shows(page, queue[3])
    page.get_by_label("Your name").fill("Ada")
    decide_button(page).click()
    expect(told(page)).to_contain_text("It is decided.")
    expect(page.get_by_role("definition").filter(has_text="Ada")).to_be_visible()
    assert stored(app, queue[3])["decision"]["reviewer"] == "Ada"


def test_the_keyboard_alone_leads_from_the_first_page_to_a_decision(
    reader: ConsolePage, queue: list[Any], app: Client
) -> None:
    page = reader.open()
    tab_to(page, "Reviews")
    page.keyboard.press("Enter")
    shows(page, queue[0])
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    shows(page, queue[1])
    choices = stored(app, queue[0])["choices"]
    expected = sorted({*predicted(queue[0])} ^ {choices[0]})
    assert sorted(stored(app, queue[0])["decision"]["classes"]) == expected
    tab_to(page, "Your name")
    page.keyboard.type("Ada")
    tab_to(page, "Decide")
    page.keyboard.press("Enter")
    shows(page, queue[2])
    assert stored(app, queue[1])["decision"]["reviewer"] == "Ada"
    page.keyboard.press("Enter")
    shows(page, queue[3])


def tab_to(page: Page, name: str) -> None:
    """Presses the Tab key until a control of this name has the focus."""
    script = "document.activeElement.closest('label, a, button')?.textContent.trim() ?? ''"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(script) == name:
            return
    pytest.fail(f"{name} is not reached by the Tab key")


@pytest.mark.usefixtures("queue")
def test_hostile_names_and_texts_of_reviews_are_shown_as_text(reader: ConsolePage, app: Client) -> None:
    key = contested(app, f"reviewed/{HOSTILE_NAME}", HOSTILE_TEXT)
    page = reader.open(f"reviews?at={key}")
    heading = page.locator("#review-name")
    expect(heading).to_contain_text("[U+202E]")
    assert "\u202e" not in heading.inner_text()
    expect(page.get_by_role("region", name="Text")).to_have_text(HOSTILE_TEXT, use_inner_text=False)
    expect(decide_button(page)).to_have_attribute("aria-disabled", "false")
    assert page.locator("main img, main script, main b").count() == 0
    assert not reader.is_too_wide()
    page.get_by_label("Comment (optional)").fill("<img src=x onerror=alert(3)>")
    decide_button(page).click()
    eventually(lambda: app.call("GET", f"reviews/{key}")["state"] == "decided", SECONDS)
    page.get_by_role("link", name="Decided").click()
    page.get_by_label("Reviews, decided").get_by_role("link", name="reviewed/").first.click()
    expect(page.get_by_role("definition").filter(has_text="<img src=x onerror=alert(3)>")).to_be_visible()
    assert page.locator("main img, main script, main b").count() == 0
    assert not reader.is_too_wide()


@pytest.mark.usefixtures("queue")
def test_a_text_from_right_to_left_is_shown_so(reader: ConsolePage, app: Client) -> None:
    page = reader.open(f"reviews?at={contested(app, f'{ARABIC}.txt', ARABIC)}")
    text = page.get_by_role("region", name="Text")
    expect(text).to_have_text(ARABIC)
    expect(text).to_have_css("direction", "rtl")
    expect(page.locator("#review-name")).to_have_css("direction", "rtl")


def test_a_reviewers_name_is_kept_in_this_browser_alone(
    chromium: Browser, stack: Stack, queue: list[Any], app: Client
) -> None:
    with reading(chromium, f"{stack.url}/console/") as ada:
        ada.open("reviews").get_by_label("Your name").fill("Ada")
    with reading(chromium, f"{stack.url}/console/") as other:
        page = other.open("reviews")
        shows(page, queue[0])
        expect(page.get_by_label("Your name")).to_have_value("")
        page.keyboard.press("Enter")
        shows(page, queue[1])
    assert "reviewer" not in stored(app, queue[0])["decision"]
