"""A burst of files, and a lone one, against what one would write instead; both in the same host, at the same pace.

Counted are function-seconds (how long functions ran, as the host says) and requests that reached the service.
One blob function runs at a time: storage and the service share this machine's cores, and waiting for one is no cost of
theirs. The first sweep, which comes as the app starts, is over.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from azure.storage.blob import BlobServiceClient, ContainerClient

from bench.learnt import DEPLOYMENT, PROJECT, TEXT, learnt
from local.host import launch as host_app
from local.language.server import server
from local.stack import azurite

ROOT = Path(__file__).parents[1]
PACE = "5s"
FILES, FILES_INSTEAD, LONE = 1000, 10, 3
SECONDS = 300.0
RAN = re.compile(r"\[(?:document_landed|tick|classify) [^]]*\] .*(?:Succeeded|Failed) after (\d+) ms")
SUBMITTED = re.compile(r"/jobs(/|$)")
GOAL_SECONDS, GOAL_BURST, GOAL_LONE = 200, 0.1, 3


@dataclass(frozen=True)
class Cost:
    """A file's share of what `files` of them took."""

    files: int
    seconds: float
    requests: float


def report() -> None:
    """Print what a file costs, and the ratios."""
    with learnt() as state:
        with app(ROOT, state) as (language, host, files):
            ours = _burst(FILES, language, host, files)
            lone = [_burst(1, language, host, files, f"lone{number}-").requests for number in range(LONE)]
        with app(ROOT / "bench" / "plain", state) as (language, host, files):
            instead = _burst(FILES_INSTEAD, language, host, files)
    print(f"at {PACE} a job, {ours.files} files at once; instead, {instead.files} files with the SDK's own polling:")
    print(
        f"  function-seconds per 1,000 files: {1000 * ours.seconds:.1f}, instead {1000 * instead.seconds:.0f}; "
        f"ratio 1/{instead.seconds / ours.seconds:.0f} (goal: at most 1/{GOAL_SECONDS})"
    )
    print(
        f"  requests a file: {ours.requests:.3f} (goal: at most {GOAL_BURST}), instead {instead.requests:.1f}; "
        f"a lone file: {max(lone):.0f} (goal: at most {GOAL_LONE})"
    )


@contextmanager
def app(
    app_dir: Path, state: Path, pace: str = PACE
) -> Iterator[tuple[server.LanguageService, host_app.Host, BlobServiceClient]]:
    """The app in our host, over new storage and the classifier that was learnt. `pace`: of the service's jobs."""
    with (
        azurite.running() as storage,
        server.running(storage.connection_string, state=state, pace=f"instant,analyze={pace}") as language,
        closing(BlobServiceClient.from_connection_string(storage.connection_string)) as files,
    ):
        for name in ("documents", "results"):
            files.create_container(name)
        environ = _environ(storage.connection_string, language)
        with host_app.running(app_dir, environ=environ, verbose=True) as host:  # _ran() adds up every run
            if app_dir == ROOT:
                named = {"project": PROJECT, "deployment": DEPLOYMENT}
                requests.put(f"{host.url}/api/classifier", json=named, timeout=30).raise_for_status()
                host.wait_for(lambda: any("[tick " in line and "Succeeded" in line for line in host.lines))
            yield language, host, files


def _burst(
    count: int, language: server.LanguageService, host: host_app.Host, files: BlobServiceClient, prefix: str = ""
) -> Cost:
    before = _ran(host)
    language.request_log.clear()
    documents, results = (files.get_container_client(name) for name in ("documents", "results"))
    for number in range(count):
        documents.upload_blob(f"{prefix}{number}.txt", TEXT.format(number))
    _await(count, prefix, results)
    asked = sum(1 for one in language.requests if SUBMITTED.search(one.path))
    return Cost(count, (_ran(host) - before) / count, asked / count)


def _await(count: int, prefix: str, results: ContainerClient) -> None:
    deadline = time.monotonic() + SECONDS
    while sum(1 for _ in results.list_blob_names(name_starts_with=prefix)) < count:
        assert time.monotonic() < deadline, "no results in time"
        time.sleep(0.5)


def _ran(host: host_app.Host) -> float:
    """Seconds that functions ran so far."""
    return sum(int(milliseconds) for milliseconds in RAN.findall(host.output)) / 1000


def _environ(storage: str, language: server.LanguageService) -> Mapping[str, str]:
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": storage,
        "DOCUMENTS_STORAGE": storage,
        "DOCUMENTS_CONTAINER": "documents",
        "RESULTS_CONTAINER": "results",
        "TICK_SCHEDULE": "*/10 * * * * *",
        "LANGUAGE_ENDPOINT": language.endpoint,
        "LANGUAGE_KEY": language.key,
        "AzureFunctionsJobHost__extensions__blobs__maxDegreeOfParallelism": "1",
        "PROJECT": PROJECT,
        "DEPLOYMENT": DEPLOYMENT,
    }
