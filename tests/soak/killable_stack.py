"""All of textdrop in real parts, each of which can be stopped and started again: hosts, storage, the service."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient

from local.cli import quickstart, training_data
from local.cli.client import Client
from local.host import launch as host_app
from local.host.launch import Host
from local.language.server import server
from local.language.server.server import LanguageService
from local.stack import azurite
from local.stack.azurite import Azurite
from local.stack.discovery import Stack
from shared.domain.documents import Document
from shared.domain.jobs import Job, JobState
from shared.domain.singletons import Gate, Sweep
from shared.errors import StorageUnavailable
from shared.services import PATIENCE, Services, build
from shared.settings import load
from shared.tick import tick

ROOT = Path(__file__).parents[2]
SECONDS = 240.0
LOOK_EVERY = 0.1
AHEAD = 150  # files dropped that have no result yet
CONTAINER, RESULTS = "documents", "results"
TEXT = "A detective follows one clue after another until the quiet gardener confesses. This is number"
Started = TypeVar("Started")


class Part(Generic[Started]):
    """Something that runs, and can be ended and started again; `start` is told what ran before."""

    def __init__(self, start: Callable[[Started | None], AbstractContextManager[Started]]) -> None:
        self._start = start
        self._running = ExitStack()
        self.began: list[Started] = []
        self.up()

    @property
    def present(self) -> Started:
        return self.began[-1]

    def up(self) -> None:
        self.began.append(self._running.enter_context(self._start(self.began[-1] if self.began else None)))

    def down(self) -> None:
        self._running.close()


@dataclass
class Besieged:
    storage: Part[Azurite]
    language: Part[LanguageService]
    hosts: list[Part[Host]]
    services: Services

    # --- what befalls it ----------------------------------------------------------------------------------------

    def kill_host(self, number: int) -> None:
        """As the system does when memory is short: at once, whatever it is doing."""
        self.hosts[number].present.process.kill()
        self.hosts[number].down()
        self.hosts[number].up()

    def restart_storage(self) -> None:
        self.storage.down()
        self.storage.up()

    def interrupt_language(self) -> None:
        """It is away until the app has noticed."""
        self.language.down()
        until(lambda: self.services.ledger.read(Gate).failures, SECONDS)
        self.language.up()

    # --- what people do -----------------------------------------------------------------------------------------

    def client(self) -> Client:
        at = f"{self.hosts[0].present.url}/api"
        return Client(Stack(at, self.storage.present.connection_string, self.language.present.endpoint))

    @contextmanager
    def dropping(self, names: list[str]) -> Iterator[None]:
        """Files land during the block, not too far ahead of the results, and whatever storage does."""
        dropper = threading.Thread(target=self._drop, args=(names,))
        dropper.start()
        try:
            yield
        finally:
            dropper.join(SECONDS)
            assert not dropper.is_alive()

    def results(self) -> int:
        """How many there are; 0 while nobody can tell."""
        with suppress(AzureError), self._blobs() as blobs:
            return sum(1 for _ in blobs.get_container_client(RESULTS).list_blob_names())
        return 0

    def finish(self) -> None:
        """The hosts end what they can; what waits for its grace after a kill is ended here, with time moved on."""
        self.client().call("POST", "sweep")
        until(lambda: self._is_swept() and not self._open(), SECONDS)
        for host in self.hosts:
            host.down()
        now = datetime.now(UTC)
        while self.services.ledger.open(Document, 1)[0] or self.services.ledger.open(Job, 1)[0]:
            now += timedelta(seconds=30)
            assert now < datetime.now(UTC) + timedelta(hours=1)
            tick(self.services, standing_at(now))

    def _is_swept(self) -> bool:
        sweep = self.services.ledger.read(Sweep)
        return not sweep.asked and sweep.began is None

    def _open(self) -> list[Document]:
        """Documents that are open, but for those of jobs that may or may not have reached the service."""
        jobs = self.services.ledger.open(Job, 500)[0]
        uncertain = {key for job in jobs if job.state is JobState.SUBMITTING for key in job.documents}
        return [one for one in self.services.ledger.open(Document, 500)[0] if one.key not in uncertain]

    def _drop(self, names: list[str]) -> None:
        for number, name in enumerate(names):
            if number % (AHEAD // 5) == 0:
                until(partial(self._is_near, number), SECONDS)
            until(partial(self._upload, name), SECONDS)

    def _is_near(self, number: int) -> bool:
        return number - self.results() < AHEAD

    def _upload(self, name: str) -> bool:
        with suppress(AzureError), self._blobs() as blobs:
            blobs.get_blob_client(CONTAINER, name).upload_blob(f"{TEXT} {name}.", overwrite=True)
            return True
        return False

    def _blobs(self) -> BlobServiceClient:
        return BlobServiceClient.from_connection_string(self.storage.present.connection_string, **PATIENCE)


@contextmanager
def besieged(folder: Path, hosts: int) -> Iterator[Besieged]:
    """All of it, with a published classifier; ended always."""
    with ExitStack() as stack:

        def part(start: Callable[[Any], AbstractContextManager[Any]]) -> Part[Any]:
            made = Part(start)
            stack.callback(made.down)
            return made

        storage = part(lambda former: azurite.running(folder / "azurite", where=former))
        connection = storage.present.connection_string
        language = part(lambda former: _language(connection, folder / "language", former))
        with BlobServiceClient.from_connection_string(connection) as blobs:
            blobs.create_container(CONTAINER)
        environ = _environ(connection, language.present)
        running = [part(lambda _: host_app.running(ROOT, environ=environ)) for _ in range(hosts)]
        made = Besieged(storage, language, running, build(load(environ)))
        quickstart.learn(made.client(), training_data.samples())
        yield made


def standing_at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def until(condition: Callable[[], Any], seconds: float) -> None:
    """Look until it holds, also while storage is away."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(StorageUnavailable):
            if condition():
                return
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(LOOK_EVERY)


def _language(storage: str, state: Path, former: LanguageService | None) -> AbstractContextManager[LanguageService]:
    port = urlsplit(former.endpoint).port or 0 if former else 0
    return server.running(storage, state=state, port=port, pace="instant,analyze=1s")


def _environ(storage: str, language: LanguageService) -> dict[str, str]:
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": storage,
        "AzureFunctionsJobHost__singleton__listenerLockPeriod": "00:00:15",  # for a killed host's work to resume soon
        "AzureFunctionsJobHost__singleton__listenerLockRecoveryPollingInterval": "00:00:01",
        "DOCUMENTS_STORAGE": storage,
        "DOCUMENTS_CONTAINER": CONTAINER,
        "RESULTS_CONTAINER": RESULTS,
        "TICK_SCHEDULE": "* * * * * *",
        "LANGUAGE_ENDPOINT": language.endpoint,
        "LANGUAGE_KEY": language.key,
        "SWEEP_MINUTES": "1",
    }
