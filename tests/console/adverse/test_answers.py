"""Answers of the API that are errors, late, or not the app's; and lists that change while they are read."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, expect

from tests.console.adverse.conftest import Held, Served
from tests.console.browser import ConsolePage

LIST = "**/api/documents?*"
LISTS = re.compile(r"/api/(documents|operations|jobs)\?")
PAGE = 50  # documents of one request
LIVE = 5_000  # milliseconds between two looks at the list
NOT_THE_APPS = "The answer is not one of the app"


def answering(status: int, body: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, body=body)


@pytest.mark.parametrize("body", ["<html>Sign in</html>", "", "null", '"a text"'])
@pytest.mark.parametrize("view", ["documents", "projects", "reviews", "activity"])
def test_an_answer_that_is_not_the_apps_is_told(reader: ConsolePage, view: str, body: str) -> None:
    reader.page.route(
        "**/api/**",
        lambda route: route.continue_() if "/console/" in route.request.url else route.fulfill(status=200, body=body),
    )
    page = reader.open(view)
    expect(page.get_by_role("alert").first).to_contain_text(NOT_THE_APPS)
    expect(page.get_by_role("banner").get_by_text("no answer")).to_be_visible()


@pytest.mark.parametrize("body", ["<html>", "null", '{"error": null}', '{"error": "a text"}', "[]"])
def test_an_error_without_a_message_is_told_by_its_status(reader: ConsolePage, body: str) -> None:
    reader.page.route(LIST, answering(500, body))
    page = reader.open("documents")
    expect(page.get_by_role("alert")).to_contain_text("The app answered with status 500.")


def test_too_many_requests_are_told_with_what_to_do(reader: ConsolePage) -> None:
    reader.page.route(LIST, answering(429, '{"error": {"code": "TooManyRequests", "message": "Too many requests."}}'))
    page = reader.open("documents")
    expect(page.get_by_role("alert")).to_contain_text("Too many requests. The service allows no more requests now.")


def test_a_page_of_a_list_that_fails_is_not_asked_for_again_by_itself(reader: ConsolePage, served: Served) -> None:
    served.classify(*(f"a{number:03}.txt" for number in range(PAGE + 1)))
    asked: list[str] = []

    def failing(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=500, body="{}")

    reader.page.clock.install()
    reader.page.route("**/api/documents?*continue=*", failing)
    page = reader.open("documents")
    page.mouse.wheel(0, 20_000)
    expect(page.get_by_role("alert")).to_be_visible()
    with page.expect_response(lambda answer: "/api/documents?" in answer.url and "continue" not in answer.url):
        page.clock.run_for(LIVE)  # the list is looked at again, so what a failure leads to has happened
    assert len(asked) == 1
    reader.page.unroute_all()


@pytest.mark.parametrize("view", ["documents", "activity", "activity?list=jobs"])
def test_a_slow_list_is_not_asked_for_again_before_it_has_answered(
    reader: ConsolePage, served: Served, view: str
) -> None:
    held = Held()
    served.classify("slow.txt")
    page = reader.open(view)
    listing = page.locator("main ul.list > li").first
    listing.wait_for()
    page.clock.install()
    reader.page.route(LISTS, held)
    with page.expect_request(LISTS):
        page.reload()
    page.clock.run_for(10 * LIVE)
    assert len(held.routes) == 1
    held.let_go()
    listing.wait_for()


@pytest.mark.parametrize(
    ("view", "route"),
    [
        ("documents/none", "documents/none"),
        ("activity/jobs/none", "jobs/none"),
        ("activity/operations/none", "operations/none"),
    ],
)
def test_what_does_not_exist_is_told_and_not_asked_for_again(reader: ConsolePage, view: str, route: str) -> None:
    reader.page.clock.install()
    page = reader.open(view)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("none. Its address is wrong, or it has been deleted.")
    with page.expect_response("**/api/health"):
        page.clock.run_for(10 * LIVE)
    assert [one for one in reader.requests if one.endswith(f"/api/{route}")] == [page.url.split("console")[0] + route]


def test_a_document_is_asked_for_again_after_an_answer_that_is_not_the_apps(
    reader: ConsolePage, served: Served
) -> None:
    served.classify("moving.txt")
    page = reader.open("documents?prefix=moving")
    name = page.get_by_role("link", name="moving.txt")
    key = (name.get_attribute("href") or "").rpartition("/")[2]
    address = f"**/api/documents/{key}"
    page.clock.install()
    page.route(address, answering(404, ""))
    name.click()
    expect(page.get_by_role("alert")).to_contain_text("status 404")
    page.unroute_all()
    page.clock.run_for(LIVE)
    expect(page.get_by_role("heading", name="moving.txt")).to_be_visible()


def test_a_list_that_grows_by_more_than_a_page_has_no_gap(reader: ConsolePage, served: Served) -> None:
    served.classify(*(f"b{number:03}.txt" for number in range(PAGE + 10)))
    reader.page.clock.install()
    page = reader.open("documents?prefix=b")
    listed = page.get_by_label("List of documents").get_by_role("listitem")
    page.mouse.wheel(0, 20_000)
    expect(listed).to_have_count(PAGE + 10)
    served.classify(*(f"b-new{number:03}.txt" for number in range(PAGE + 20)))
    page.clock.run_for(LIVE)
    expect(listed).to_have_count(2 * PAGE + 30)


def test_what_left_a_list_is_not_shown_any_more(reader: ConsolePage, served: Served) -> None:
    served.classify(*(f"c{number:03}.txt" for number in range(PAGE + 10)))
    shown = {f"c{number:03}.txt" for number in range(PAGE + 10)}
    reader.page.clock.install()
    page = reader.open("documents?prefix=c")
    names = page.get_by_label("List of documents").locator("li a.name")
    page.mouse.wheel(0, 20_000)
    expect(names).to_have_count(len(shown))
    first = names.first.inner_text()

    def without_the_first(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        body["value"] = [one for one in body["value"] if one["name"] != first]
        route.fulfill(response=answer, json=body)

    reader.page.route(LIST, without_the_first)
    page.clock.run_for(LIVE)
    expect(names).to_have_count(len(shown) - 1)
    assert set(names.all_inner_texts()) == shown - {first}
    reader.page.unroute_all(behavior="wait")


def test_the_last_item_that_leaves_a_list_is_not_shown_any_more(reader: ConsolePage, served: Served) -> None:
    served.land("last.txt")
    reader.page.clock.install()
    page = reader.open("documents?state=open")
    listed = page.get_by_label("List of documents")
    expect(listed.get_by_role("listitem")).to_have_count(1)
    served.app.ticks(4)
    page.clock.run_for(LIVE)
    expect(listed.get_by_role("listitem")).to_have_count(0)
    expect(listed).to_contain_text("No document matches this filter.")


def test_a_view_that_is_left_before_its_answers_come_leaves_nothing(reader: ConsolePage) -> None:
    held = Held()
    reader.page.route("**/api/{documents,statistics,submission}*", held)
    page = reader.page
    page.goto(reader.console)
    page.locator(".loading").first.wait_for()
    page.get_by_role("link", name="Activity", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Activity")
    held.let_go()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", level=1)).to_have_text("Activity")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_view_whose_files_do_not_come_is_told_and_loaded_again(reader: ConsolePage) -> None:
    reader.page.route("**/views/reviews/*", lambda route: route.abort())
    page = reader.page
    page.goto(f"{reader.console}#/reviews")
    expect(page.get_by_role("alert")).to_contain_text("The app cannot be reached.")
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("navigation", name="States of reviews")).to_be_visible()
