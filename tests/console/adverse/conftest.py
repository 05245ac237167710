"""What these tests share: the console of an app in memory, whose documents a test lets land."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Route

from shared import services
from tests.console.browser import ConsolePage, reading
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier, classify_files
from tests.support.served import serving


@dataclass(frozen=True)
class Served:
    app: Instance
    console: str  # its address

    def land(self, name: str) -> None:
        """Lets a file land that has no classes until the next ticks."""
        self._catch_up()
        put(name, SHIP)(self.app.stage)
        self.app.land(name)

    def classify(self, *names: str) -> None:
        """Lets files land; returns when they have their classes."""
        self._catch_up()
        classify_files(self.app, *names)

    def _catch_up(self) -> None:
        """The clock never goes back: what ends later is newer. Ticks may have moved it ahead of this machine's."""
        self.app.stage.now = max(self.app.stage.now, datetime.now(UTC))


@dataclass
class Held:
    """Requests that have no answer until they are let go: a handler of a route. Later ones are not held."""

    routes: list[Route] = field(default_factory=list)
    holds: bool = True

    def __call__(self, route: Route) -> None:
        if self.holds:
            self.routes.append(route)
        else:
            route.continue_()

    def let_go(self) -> None:
        """An answer can make the page send the next request before this returns."""
        self.holds = False
        for route in self.routes:
            route.continue_()


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    app = app_with_classifier(Stage(now=datetime.now(UTC)))
    with pytest.MonkeyPatch.context() as patch, serving() as address:
        patch.setattr(services, "services", lambda: app.services)
        yield Served(app, f"{address}/console/")


@pytest.fixture
def reader(chromium: Browser, served: Served) -> Iterator[ConsolePage]:
    with reading(chromium, served.console) as one:
        one.expect("Failed to load resource")  # of the browser, for each answer that is an error
        yield one
