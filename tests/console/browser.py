"""Chromium, which shows the console to a test as it does to a reader, and holds it to what every page must keep."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from local.paths import LOCAL

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Without a sandbox, which a container does not allow, and without the browser's own connections.
OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
AXE = LOCAL / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
PATIENCE = 60_000  # milliseconds


def program() -> str | None:
    """None if there is no Chromium."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


@contextmanager
def chromium(executable: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class ConsolePage:
    """A page with the console open, and what went wrong on it."""

    page: Page
    console: str  # its address
    allowed: list[str] = field(default_factory=list)  # parts of messages that a test expects
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)  # their addresses

    def open(self, view: str = "") -> Page:
        """Opens a view, such as "documents?state=failed", and waits until it has loaded."""
        self.page.goto(f"{self.console}#/{view}")
        self.loaded()
        return self.page

    def loaded(self) -> None:
        self.page.locator("h1").wait_for()
        self.page.locator(".loading").first.wait_for(state="detached")

    def expect(self, part: str) -> None:
        """A message of the browser that has this part is no error in this test, such as that of a status of 409."""
        self.allowed.append(part)

    def violations(self) -> list[str]:
        """What axe-core finds on the page as it is shown now, a line each."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run()")["violations"]
        return [f"{one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in found for node in one["nodes"]]

    def is_too_wide(self) -> bool:
        """Whether readers must scroll sideways."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > innerWidth"))

    def check(self) -> None:
        """No error in the browser's console, and no request to another host."""
        unexpected = [one for one in self.messages if not any(part in one for part in self.allowed)]
        assert unexpected == [], "\n".join(unexpected)
        origin = self.console.split("/api/")[0]
        assert [one for one in self.requests if not one.startswith((origin, "blob:", "data:"))] == []


@contextmanager
def reading(browser: Browser, console: str, **options: Any) -> Iterator[ConsolePage]:
    """A reader of the console, whose page is checked at the end. `options` are those of a new browser context."""
    context = browser.new_context(**{"viewport": WIDE, "locale": "en-GB", "timezone_id": "UTC", **options})
    context.set_default_timeout(PATIENCE)
    reader = ConsolePage(context.new_page(), console)

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            reader.messages.append(f"{message.type}: {message.text} {json.dumps(message.location)}")

    def asked(request: Request) -> None:
        reader.requests.append(request.url)

    reader.page.on("console", said)
    reader.page.on("pageerror", lambda error: reader.messages.append(f"error: {error}"))
    reader.page.on("request", asked)
    try:
        yield reader
    finally:
        context.close()
    reader.check()
