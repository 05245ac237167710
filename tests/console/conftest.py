"""What tests of the console share: Chromium, all that `make run` starts with a trained model, and a reader's page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

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


@pytest.fixture(scope="session")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a stack with the quickstart's model: on a copy of it, another starts sooner than it would learn."""
    folder = tmp_path_factory.mktemp("learnt")
    with launch.running(pace="instant", state=folder) as started:
        quickstart.learn(Client(started), TrainingData.of(None, None))
    return folder


@pytest.fixture(scope="module")
def environment() -> Mapping[str, str]:
    """Settings of the app that a module needs."""
    return {}


@pytest.fixture(scope="module")
def state(learnt: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the data, for the stack of a module."""
    return Path(shutil.copytree(learnt, tmp_path_factory.mktemp("stack"), dirs_exist_ok=True))


@pytest.fixture(scope="module")
def stack(state: Path, environment: Mapping[str, str]) -> Iterator[Stack]:
    """All that `make run` starts, with the quickstart's model."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with launch.running(pace="instant", state=state) as started:
            yield started


@pytest.fixture(scope="module")
def app(stack: Stack) -> Client:
    """The app, as an app calls it. It is healthy: the last tick in the copied data may be of minutes ago."""
    client = Client(stack)
    client.wait_for_tick()
    return client


@pytest.fixture
def reader(chromium: Browser, app: Client, stack: Stack) -> Iterator[ConsolePage]:
    assert app
    with reading(chromium, f"{stack.url}/console/") as one:
        yield one
