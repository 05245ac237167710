"""What tests of the console share: Chromium, all that `make run` starts with a trained model, and a reader's page."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from local.cli import quickstart
from local.cli.client import Client
from local.cli.training_data import TrainingData
from local.stack import launch
from local.stack.discovery import Stack
from tests.console import browser
from tests.console.browser import ConsolePage, reading


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """It ends with the module: while Playwright runs, no other test of this process can start an event loop.

    Without one, tests are skipped, or fail where TEXTDROP_REQUIRE_CHROMIUM is set."""
    program = browser.program()
    if program is None:
        missing = "there is no Chromium: install Debian's package chromium, or Google Chrome"
        (pytest.fail if os.environ.get("TEXTDROP_REQUIRE_CHROMIUM") else pytest.skip)(missing)
    with browser.chromium(program) as started:
        yield started


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with launch.running(pace="instant") as started:
        yield started


@pytest.fixture(scope="module")
def app(stack: Stack) -> Client:
    """The app with the quickstart's model, as an app calls it."""
    client = Client(stack)
    quickstart.learn(client, TrainingData.of(None, None))
    return client


@pytest.fixture
def reader(chromium: Browser, app: Client, stack: Stack) -> Iterator[ConsolePage]:
    assert app
    with reading(chromium, f"{stack.url}/console/") as one:
        yield one
