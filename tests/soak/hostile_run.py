"""Honest files among hostile ones, dropped into the app in a process of its own over Azurite: what comes of each, when.

The app's memory, the ticks until each file has its result, and how often each document was billed are measured.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from azure.data.tables import TableClient
from azure.storage.blob import BlobServiceClient, ContentSettings

from local.language.server.server import LanguageService
from shared.domain.documents import Document, DocumentState
from shared.domain.jobs import Job
from shared.domain.keys import document_key
from shared.domain.routing import ActiveClassifier
from shared.language.types import Classifier
from shared.services import TABLE, Services, build
from shared.settings import load
from tests.soak.end_state_audit import ended
from tests.soak.hostile_answers import HostileService
from tests.soak.hostile_files import DELETED, OVERWRITTEN, HostileFile
from tests.support.app_on_azurite import TEXTS
from tests.support.azurite_files import put_unchanged

ROOT = Path(__file__).parents[2]
SCRIPT = Path(__file__).with_name("hostile_app.py")
TICK, MINUTE, LONG = timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=30)
SOON, TICKS = 30, 400  # ticks of ten seconds, and then of half an hour each
OPEN = 10_000


class App:
    """The process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.peak = 0

    def do(self, now: datetime, **order: Any) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps({"at": now.isoformat(), **order}), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, "the app's process ended"
        answer: dict[str, Any] = json.loads(line)
        self.peak = answer["peak"]
        return answer


@contextmanager
def app_process(environ: Mapping[str, str], log: Path) -> Iterator[App]:
    """`log` takes what the app logs. The process is ended always."""
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            env={**os.environ, **environ, "PYTHONPATH": str(ROOT)},
        )
        with process:
            try:
                yield App(process)
            finally:
                process.kill()


@dataclass
class Dropped:
    """What was dropped as `name`, and the keys of the documents that its versions are."""

    name: str
    hostile: HostileFile | None = None
    keys: list[str] = field(default_factory=list)


@dataclass
class Run:
    """One container of files. `done`: in which tick each file had its result, counted from 1."""

    app: App
    services: Services
    service: HostileService
    language: LanguageService
    connection: str
    storage: BlobServiceClient
    now: datetime
    dropped: dict[str, Dropped] = field(default_factory=dict)
    done: dict[str, int] = field(default_factory=dict)
    ticks: int = 0
    answers: list[str] = field(default_factory=list)

    @property
    def container(self) -> str:
        return self.services.documents.container

    # --- what people do -----------------------------------------------------------------------------------------

    def drop(self, honest: Sequence[str], hostile: Sequence[HostileFile]) -> None:
        """All of them in any order; events report every other one, and a sweep finds the rest."""
        files = [Dropped(name) for name in honest] + [Dropped(one.name, one) for one in hostile]
        random.Random(10).shuffle(files)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(self._upload, files))
        self.dropped = {one.name: one for one in files}
        told = [f"{self.container}/{one.name}" for one in files[::2]]
        self.app.do(self.now, land=told)
        self.ask("POST", "sweep")

    def _upload(self, file: Dropped) -> None:
        if file.hostile is None:
            self._put(file, file.name, honest_text(file.name))
            return
        kind = file.hostile.kind
        if kind.raw:
            put_unchanged(self.storage, self.container, file.name, kind.bytes)
        else:
            self._put(file, file.name, kind.bytes, kind.language, kind.encoding)

    def _put(self, file: Dropped, name: str, content: bytes, language: str | None = None, encoding: str = "") -> None:
        written = self.storage.get_blob_client(self.container, name).upload_blob(
            content,
            overwrite=True,
            metadata=None if language is None else {"language": language},
            content_settings=ContentSettings(content_encoding=encoding or None),
        )
        file.keys.append(document_key(self.container, name.replace("\\", "/"), str(written["etag"])))

    def befall(self, share: slice) -> None:
        """Of the files that something happens to, these are deleted or overwritten."""
        fated = [one for one in self.dropped.values() if one.hostile and one.hostile.kind.befalls]
        for one in fated[share]:
            assert one.hostile
            if one.hostile.kind.befalls == DELETED:
                self.storage.get_blob_client(self.container, one.name).delete_blob()
            elif one.hostile.kind.befalls == OVERWRITTEN:
                self._put(one, one.name, honest_text(one.name))
                self.app.do(self.now, land=[f"{self.container}/{one.name}"])

    # --- time ---------------------------------------------------------------------------------------------------

    def until_all_have_ended(self, honest: Sequence[str]) -> None:
        self.befall(slice(0, None, 2))
        self.tick()
        self.befall(slice(1, None, 2))
        while not (self.done.keys() >= set(honest) and self._is_over()):
            assert self.ticks < TICKS, self._open()[:5]
            self.tick(TICK if self.ticks < SOON else LONG)

    def until_classified(self, honest: Sequence[str], within: timedelta) -> timedelta:
        """How long it took; a tick each minute."""
        began = self.now
        while not self.done.keys() >= set(honest):
            assert self.now - began < within, sorted(set(honest) - self.done.keys())
            self.tick(MINUTE)
        return self.now - began

    def tick(self, after: timedelta = TICK) -> None:
        self.service.wait_for_jobs()
        self.now += after
        self.language.clock.advance(after.total_seconds())
        self.app.do(self.now, tick=True)
        self.ticks += 1
        results = self.storage.get_container_client(self.services.documents.results)
        if results.exists():
            for name in results.list_blob_names():
                self.done.setdefault(name.removesuffix(".json"), self.ticks)

    def _is_over(self) -> bool:
        return not self._open()

    def _open(self) -> list[Any]:
        ledger = self.services.ledger
        return [*ledger.open(Document, OPEN)[0], *ledger.open(Job, OPEN)[0]]

    # --- what is so ---------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str) -> tuple[int, Any]:
        answer = self.app.do(self.now, ask=path, method=method)
        self.answers.append(answer["body"])
        return answer["status"], json.loads(answer["body"])

    def documents(self) -> list[Document]:
        return ended(self.services.ledger, Document, DocumentState)

    def last(self, honest: Sequence[str]) -> int:
        """The tick in which the last of them had its result."""
        return max(self.done[name] for name in honest)

    def told(self, log: Path) -> str:
        """All that anybody can see: logs, rows, results and answers."""
        for path in ("documents?top=500", "documents?state=failed&top=500", "jobs?top=500", "health", "operations"):
            self.ask("GET", path)
        with TableClient.from_connection_string(self.connection, TABLE) as table:
            rows = list(table.query_entities("PartitionKey eq @own", parameters={"own": self.container}))
        results = self.storage.get_container_client(self.services.documents.results)
        found = [results.download_blob(name).readall().decode() for name in results.list_blob_names()]
        assert rows
        return "\n".join([log.read_text(), str(rows), *found, *self.answers])


def honest_text(name: str) -> bytes:
    return f"{TEXTS[category_of(name)]} {name}.".encode()


def category_of(name: str) -> str:
    return list(TEXTS)[sum(name.encode()) % len(TEXTS)]


@contextmanager
def running(
    environ: Mapping[str, str],
    service: HostileService,
    language: LanguageService,
    classifier: Classifier,
    log: Path,
) -> Iterator[Run]:
    """The app with these settings, but with `service` in front of the Language service, and a new container."""
    environ = {**environ, "LANGUAGE_ENDPOINT": service.url}
    services = build(load(environ))
    storage = BlobServiceClient.from_connection_string(environ["DOCUMENTS_STORAGE"])
    storage.create_container(environ["DOCUMENTS_CONTAINER"])
    now = language.clock.now()
    services.ledger.write(ActiveClassifier(classifier, now))
    with storage, app_process(environ, log) as app:
        yield Run(app, services, service, language, environ["DOCUMENTS_STORAGE"], storage, now)
