"""What tests share: one Azurite a pytest process, a container name a test, the Python with Microsoft's worker."""

from __future__ import annotations

import os
import sys
import threading
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.language.server import server
from local.language.server.server import LanguageService
from local.stack import azurite as emulator
from shared.settings import PREVIEW_API, TODAY_API
from tests.support.app_on_azurite import World, running_world
from tests.support.wire import Wire, recording

ROOT = Path(__file__).parents[1]
LONG_RUNS = {"simulation", "soak"}  # folders
REPORT = pytest.StashKey[list[str]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """Coverage is not measured where it would double the time of long runs through lines that other tests cover.

    pytest-cov's own marker `no_cover` stops one of the two measurements that it makes in a process of pytest-xdist.
    """
    if not LONG_RUNS & set(item.path.parts):
        return (yield)
    traced, traced_in_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(traced)
        threading.settrace(traced_in_threads)


@pytest.fixture(scope="session")
def azurite() -> Iterator[emulator.Azurite]:
    """Storage, in memory. Every test shares it, so a test touches only what carries its `container`'s name."""
    with emulator.running() as started:
        yield started


@pytest.fixture
def container() -> str:
    """A container name that no other test has; short enough to be lengthened ("-results")."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def wire() -> Iterator[Wire]:
    """An HTTP server that records requests and answers as the test says."""
    with recording() as started:
        yield started


@pytest.fixture(scope="session")
def worker_python() -> Path:
    """For `worker_process.working`. Without one, tests are skipped, or fail where TEXTDROP_REQUIRE_WORKER is set."""
    python = ROOT / ".venv-worker" / "bin" / "python"
    if python.exists():
        return python
    missing = "there is no .venv-worker: `make worker` makes it, with a Python 3.13 or later"
    return pytest.fail(missing) if os.environ.get("TEXTDROP_REQUIRE_WORKER") else pytest.skip(missing)


@pytest.fixture(scope="session")
def language_service(azurite: emulator.Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageService]:
    """A local Language service that every test of the app shares; projects are told apart by their names."""
    state = tmp_path_factory.mktemp("language")
    with server.running(azurite.connection_string, key=uuid.uuid4().hex, state=state) as started:
        yield started


@pytest.fixture(params=[TODAY_API, PREVIEW_API])
def world(
    request: pytest.FixtureRequest,
    azurite: emulator.Azurite,
    language_service: LanguageService,
    container: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """The app of this process over real storage and a real service, once in each protocol."""
    with running_world(azurite, language_service, container, request.param, monkeypatch) as made:
        yield made


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes a line for the report that a long run prints at its end."""
    return request.config.stash.setdefault(REPORT, []).append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What a long run reported, and what tests recorded, such as how many crash points were tried."""
    if lines := config.stash.get(REPORT, []):
        terminalreporter.section("report")
        terminalreporter.write("\n".join(lines) + "\n")
    for report in terminalreporter.stats.get("passed", []):
        for what, number in report.user_properties:
            terminalreporter.write_line(f"{number} {what} ({report.nodeid})")
