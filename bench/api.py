"""Our API in our host: how long requests of several callers take, against a function that does nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from bench.counting import CountingRows
from bench.learnt import CLASSIFIER
from local.host import launch as host_app
from local.stack import azurite
from shared.api import routes
from shared.api.requests import Request
from shared.domain.routing import ActiveClassifier
from shared.domain.singletons import Heartbeat
from shared.services import build
from shared.settings import load
from shared.storage.ledger import Ledger
from tests.fakes.rows import MemoryRows
from tests.fakes.services import in_memory

ROOT = Path(__file__).parents[1]
DOOR = ROOT / "bench" / "door"
CALLERS, ROUNDS, SECONDS = 8, 5, 60.0
# Requests of a round, and how many times as long as a bare function each took in Microsoft's host (4.1037).
PATHS: Mapping[str, tuple[int, float]] = {
    "classifier": (400, 3.9),
    "documents": (240, 4.0),
    "openapi.json": (400, 12.2),
    "health": (120, 25.7),
}
BARE = 800


def report() -> None:
    """Print, for each path, requests a second, the ratio to a bare function, and table requests of a call."""
    with azurite.running() as storage, _hosts(storage.connection_string) as (ours, bare):
        rates = [_round(ours, bare) for _ in range(ROUNDS)]
    for path, (_, theirs) in PATHS.items():
        rate = median(one[path] for one in rates)
        ratio = median(one["bare"] / one[path] for one in rates)
        print(
            f"GET {path}, {CALLERS} callers: {rate:,.0f} requests/s, a bare function "
            f"{median(one['bare'] for one in rates):,.0f}; ratio {ratio:.1f} (in Microsoft's host {theirs}); "
            f"{_table_requests(path)} table requests"
        )


@contextmanager
def _hosts(storage: str) -> Iterator[tuple[str, str]]:
    """The addresses of one with our app, which has a classifier and has just ticked, and of one with bare functions."""
    environ = {
        "AzureWebJobsStorage": storage,
        "AzureFunctionsWebHost__hostid": "bench-api",
        "BLOB_TRIGGER_SOURCE": "EventGrid",
        "DOCUMENTS_STORAGE": storage,
        "DOCUMENTS_CONTAINER": "documents",
        "TICK_SCHEDULE": "0 0 0 1 1 *",
        "LANGUAGE_ENDPOINT": "http://127.0.0.1:1",
        "LANGUAGE_KEY": "none",
    }
    _prepare(build(load(environ)).ledger)
    with (
        host_app.running(ROOT, environ=environ) as ours,
        host_app.running(DOOR, environ=environ | {"AzureFunctionsWebHost__hostid": "bench-bare"}) as bare,
    ):
        yield ours.url, bare.url


def _prepare(ledger: Ledger) -> None:
    now = datetime.now(UTC)
    ledger.write(ActiveClassifier(classifier=CLASSIFIER, since=now))
    ledger.write(Heartbeat(at=now))


def _round(ours: str, bare: str) -> dict[str, float]:
    """Requests a second of each path, and of a bare function."""
    rates = {path: _rate(f"{ours}/api/{path}", count) for path, (count, _) in PATHS.items()}
    return rates | {"bare": _rate(f"{bare}/api/hello", BARE)}


def _rate(url: str, count: int) -> float:
    with ThreadPoolExecutor(CALLERS) as callers:
        began = time.monotonic()
        for done in [callers.submit(_calls, url, count // CALLERS) for _ in range(CALLERS)]:
            done.result()
        return count / (time.monotonic() - began)


def _calls(url: str, count: int) -> None:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
    for _ in range(count):
        connection.request("GET", urlsplit(url).path)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 503), answer.status  # 503: health, of an app whose container is not there
    connection.close()


def _table_requests(path: str) -> int:
    """How many of them a call makes."""
    rows = CountingRows(MemoryRows())
    services = replace(in_memory(), ledger=Ledger(rows))
    _prepare(services.ledger)
    rows.counts.clear()
    routes.answer(Request("GET", path), lambda: services, datetime.now(UTC))
    return rows.counts["requests"]


if __name__ == "__main__":
    report()
