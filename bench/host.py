"""Our Functions host: how soon a blob reaches its function, how long it takes to start, what a request costs in it."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import requests
from azure.storage.blob import BlobServiceClient

from local.child_process import ChildProcess
from local.host import launch as host_app
from local.stack import azurite

ROOT = Path(__file__).parents[1]
DOOR = ROOT / "bench" / "door"
FILES, STARTS, ROUNDS = 15, 5, 3
REQUESTS, CALLERS = 2000, 8
SCAN = 2.0  # seconds between two looks at a container
SECONDS = 60.0


def report() -> None:
    """Print seconds to an invocation and to the ready line, and requests against a bare server's, as ratios."""
    with azurite.running() as storage:
        environ = {"AzureWebJobsStorage": storage.connection_string, "AzureFunctionsWebHost__hostid": "bench"}
        with (
            host_app.running(DOOR, environ=environ) as host,
            BlobServiceClient.from_connection_string(storage.connection_string) as service,
        ):
            report_blobs(host, service)
            report_requests(host.url)
        report_start(storage.connection_string)


def report_blobs(host: host_app.Host, service: BlobServiceClient) -> None:
    for name in ("scanned", "told"):
        blobs = service.create_container(name)
        took, luck = [], random.Random(0)
        for number in range(FILES):
            time.sleep(luck.uniform(0, SCAN))  # so that they land at any moment between two looks
            began = time.monotonic()
            url = blobs.upload_blob(f"{number}", b"x").url
            if name == "told":
                _tell(host.url, url)
            host.wait_for_line(f"invoked for {name}/{number}.", SECONDS)
            took.append(time.monotonic() - began)
        goal = f" (goal: at most one scan, {SCAN:.0f} s)" if name == "scanned" else ""
        print(f"blob to invocation, {name}: median {median(took):.2f} s, at most {max(took):.2f} s{goal}")


def _tell(host: str, url: str) -> None:
    event = {"data": {"api": "PutBlob", "url": url, "eTag": "0x1", "blobType": "BlockBlob"}}
    address, headers = f"{host}/runtime/webhooks/blobs?functionName=told", {"aeg-event-type": "Notification"}
    requests.post(address, json=[event], headers=headers, timeout=SECONDS).raise_for_status()


def report_requests(url: str) -> None:
    """Alternating rounds, so that what else the machine does hits both."""
    with _bare() as bare, ThreadPoolExecutor(CALLERS) as callers:
        sides = (url, bare)
        latency, rate = (
            [[measure(side) for side in sides] for _ in range(ROUNDS)]
            for measure in (_latency, lambda side: _rate(side, callers))
        )
    for what, pairs, unit in (("latency", latency, "ms"), (f"{CALLERS} callers", rate, "requests/s")):
        ours, theirs = (median(side) for side in zip(*pairs, strict=True))
        ratio = median(one / other for one, other in pairs)
        print(f"a trivial function, {what}: {ours:.3g} {unit}, bare Starlette {theirs:.3g} {unit}; ratio {ratio:.2f}")


def _latency(url: str) -> float:
    """Milliseconds, of a lone caller."""
    took = _calls(url, REQUESTS // CALLERS)
    return 1000 * median(took)


def _rate(url: str, callers: ThreadPoolExecutor) -> float:
    began = time.monotonic()
    for done in [callers.submit(_calls, url, REQUESTS // CALLERS) for _ in range(CALLERS)]:
        done.result()
    return REQUESTS / (time.monotonic() - began)


def _calls(url: str, count: int) -> list[float]:
    connection, took = HTTPConnection(urlsplit(url).netloc, timeout=SECONDS), []
    for _ in range(count):
        began = time.perf_counter()
        connection.request("GET", "/api/hello")
        assert connection.getresponse().read() == b"hello to a GET"
        took.append(time.perf_counter() - began)
    connection.close()
    return took


@contextmanager
def _bare() -> Iterator[str]:
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "bench.bare:app",
        "--port",
        "0",
        "--http",
        "httptools",
        "--no-access-log",
    ]
    with ChildProcess.running("uvicorn", command, folder=ROOT) as process:
        yield process.wait_for_line("running on ").partition("running on ")[2].split()[0]


def report_start(storage: str) -> None:
    """To the ready line of a host with our app, against what importing the app takes."""
    pairs = [(_taken(lambda: _start(storage)), _taken(_import)) for _ in range(STARTS)]
    ours, theirs = (median(side) for side in zip(*pairs, strict=True))
    ratio = median(one / other for one, other in pairs)
    print(f"host ready with the app: {ours:.2f} s, `import function_app` {theirs:.2f} s; ratio {ratio:.1f}")


def _taken(run: Callable[[], float | None]) -> float:
    began = time.monotonic()
    return (run() or time.monotonic()) - began


def _start(storage: str) -> float:
    """The moment it was ready; what follows is not counted."""
    environ = {
        "AzureWebJobsStorage": storage,
        "DOCUMENTS_STORAGE": storage,
        "DOCUMENTS_CONTAINER": "documents",
        "TICK_SCHEDULE": "0 0 0 1 1 *",
        "LANGUAGE_ENDPOINT": "http://127.0.0.1:1",
        "LANGUAGE_KEY": "none",
    }
    with host_app.running(ROOT, environ=environ):
        return time.monotonic()


def _import() -> None:
    subprocess.run([sys.executable, "-c", "import function_app"], cwd=ROOT, check=True)
