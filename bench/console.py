"""The console: what Lighthouse says of it, and its first view over many documents, in Debian's Chromium.

The scores are those of everything that `make run` starts, the times those of an app whose rows are in memory.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser

from bench.learnt import CLASSIFIER, running
from local.stack import installation
from shared import services
from shared.domain.documents import Blob, Document
from shared.language.types import ClassScore
from shared.learning.statistics import Source, Statistics, hour_of
from shared.storage.row_codec import index_row, row_of
from shared.storage.row_keys import index_keys
from shared.storage.tables import Insert
from tests.console import page_sizes
from tests.console.browser import chromium, program, reading
from tests.support.in_memory_app import Instance, Stage
from tests.support.prepared_apps import app_with_classifier
from tests.support.served import serving

LIGHTHOUSE = Path(__file__).parent / "lighthouse"
CATEGORIES = ("accessibility", "best-practices", "performance")
RUNS, GOAL_SCORE = 3, 95
DOCUMENTS = 100_000
GOAL_SECONDS, GOAL_MEGABYTES = 1.0, 100
SCROLLS = 40  # pages of the list of documents, read one after the other
MEGABYTE = 1_000_000


def report() -> None:
    """Print the scores, times and sizes; where there is no Chromium, a sentence that says so."""
    print(
        f"console: browsers load {page_sizes.of_the_first_view():,} bytes for its first view, {page_sizes.of_all():,} "
        f"in all (goals: {page_sizes.MAX_OF_THE_FIRST_VIEW:,} and {page_sizes.MAX_OF_ALL:,})"
    )
    executable = program()
    if executable is None:
        print("console: there is no Chromium, so it was not measured")
        return
    with running() as stack:
        _report_lighthouse(f"{stack.url}/console/", executable)
    stage = Stage(now=datetime.now(UTC))
    instance = app_with_classifier(stage)
    with chromium(executable) as browser, _serving(instance) as console:
        before = _first_view(browser, console)
        _remember(instance)
        after = _first_view(browser, console)
        print(
            f"console: its first view with {DOCUMENTS:,} documents in {after:.2f} s (goal: at most "
            f"{GOAL_SECONDS:.0f} s), {after / before:.2f} times that with none"
        )
        _report_memory(browser, console)


@contextmanager
def _serving(instance: Instance) -> Iterator[str]:
    """The console of an app whose rows are in memory, because Azurite takes minutes to write so many."""
    services.services = lambda: instance.services
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # not each request
    with serving() as address:
        yield f"{address}/console/"


def _report_lighthouse(console: str, executable: str) -> None:
    scores = [_scores(console, executable) for _ in range(RUNS)]
    for category in CATEGORIES:
        found = [one[category] for one in scores]
        print(f"console, Lighthouse: {category} {', '.join(f'{one:.0f}' for one in found)} (goal: {GOAL_SCORE})")


def _scores(console: str, executable: str) -> dict[str, float]:
    found = installation.install_packages(LIGHTHOUSE, "Lighthouse", "some 100 MB")
    script = LIGHTHOUSE / "node_modules" / "lighthouse" / "cli" / "index.js"
    flags = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
    options = ["--output=json", "--quiet", f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={flags}"]
    environment = {**os.environ, "CHROME_PATH": executable}
    command = [str(found.program), str(script), console, *options]
    said = subprocess.run(command, capture_output=True, env=environment, check=True, text=True).stdout
    categories = json.loads(said)["categories"]
    return {name: 100 * categories[name]["score"] for name in CATEGORIES}


def _first_view(browser: Browser, console: str) -> float:
    """Seconds from opening the page in a new browser profile to the health, what landed last and the figures."""
    with reading(browser, console) as one:
        began = time.monotonic()
        one.page.goto(console)
        one.page.locator("section[aria-labelledby=health] .state").first.wait_for()
        one.page.get_by_text("open documents").wait_for()
        one.page.locator("section[aria-labelledby=landed] li, section[aria-labelledby=landed] .empty").first.wait_for()
        return time.monotonic() - began


def _report_memory(browser: Browser, console: str) -> None:
    with reading(browser, console) as one:
        page = one.open("documents")
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        for _ in range(SCROLLS):
            shown = page.get_by_role("listitem").count()
            page.mouse.wheel(0, 100_000)
            page.wait_for_function("(shown) => document.querySelectorAll('main li').length > shown", arg=shown)
        session.send("HeapProfiler.collectGarbage")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        print(
            f"console: after {page.get_by_role('listitem').count():,} documents of the list, its heap has "
            f"{metrics['JSHeapUsedSize'] / MEGABYTE:.0f} MB (goal: at most {GOAL_MEGABYTES}), "
            f"{metrics['Nodes']:,.0f} nodes"
        )


def _remember(instance: Instance) -> None:
    """Finished documents of the last day and their statistics, as the app writes them."""
    container, now = instance.services.settings.documents_container, instance.clock()
    apart = timedelta(days=1) / DOCUMENTS
    for number in range(DOCUMENTS):
        one = _finished(container, number, now - number * apart)
        rows = [row_of(one), *(index_row(key, one) for key in index_keys(one))]
        instance.stage.rows.apply([Insert(row) for row in rows])
    for hour in range(1, 24):
        start = hour_of(now) - timedelta(hours=hour)
        counted = Statistics.of(start, Source.of(CLASSIFIER), [_finished(container, 0, start)] * (DOCUMENTS // 24))
        instance.stage.rows.apply([Insert(row_of(counted))])


def _finished(container: str, number: int, ended: datetime) -> Document:
    blob = Blob(f"folder/{number:06}.txt", f"0x{number:X}", 600, ended)
    classes = (ClassScore("Thriller", 0.93), ClassScore("Mystery", 0.61))
    landed = Document.landed(container, blob, ended - timedelta(seconds=5))
    return landed.submitted("j", ended, ended).succeeded(classes, CLASSIFIER, ended)
