"""Finds what runs on this machine: as `make run` and `make demo KEEP=1` announce it, or by local.settings.json."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local import ports
from local.errors import SetupError
from local.host.config.settings import LOCAL_SETTINGS, Settings, local_values, read_json
from local.host.http import key_file
from local.host.http.key_auth import Keys
from local.paths import ROOT, STATE
from shared.settings import TRIGGER_SOURCES, trigger_source

ANNOUNCED = "running.json"
CONTAINER, RESULTS = "documents", "results"
STORAGE = "DOCUMENTS_STORAGE"
DEFAULT_PORT = 7071  # of Functions hosts
NOTHING = (
    "Nothing is running: start it with `make run` in another terminal, or with `func start` and a local.settings.json."
)
ELSEWHERE = 'A host on another port than {} is found by "Host": {{"LocalHttpPort": PORT}} in local.settings.json.'


@dataclass(frozen=True)
class Stack:
    """A running textdrop: `url` of its HTTP functions, the connection string of its storage, the Language endpoint.

    `source` is BLOB_TRIGGER_SOURCE; `keys` is the file of the host's keys, if callers need one.
    """

    url: str
    storage: str
    language: str
    container: str = CONTAINER
    results: str = RESULTS
    source: str = TRIGGER_SOURCES[0]
    keys: str = ""

    @property
    def uses_events(self) -> bool:
        """Whether Event Grid notifies the app of files; otherwise it scans the container."""
        return self.source == TRIGGER_SOURCES[1]

    @property
    def console(self) -> str:
        """The address of the web page."""
        return f"{self.url}/console/"

    @property
    def root(self) -> str:
        """The address of the Functions host."""
        return self.url.removesuffix("/api")

    def read_keys(self) -> Keys | None:
        """None if callers need none. Raises SetupError."""
        return key_file.read(Path(self.keys)) if self.keys else None


def announce(stack: Stack) -> None:
    """Lets other commands find `stack`."""
    STATE.mkdir(exist_ok=True)
    (STATE / ANNOUNCED).write_text(json.dumps(asdict(stack)))


def withdraw() -> None:
    (STATE / ANNOUNCED).unlink(missing_ok=True)


@contextmanager
def announcing(stack: Stack) -> Iterator[None]:
    """Lets other commands find `stack` until the block ends."""
    announce(stack)
    try:
        yield
    finally:
        withdraw()


def announced() -> Stack | None:
    """What was announced, if it still runs."""
    try:
        found = Stack(**json.loads((STATE / ANNOUNCED).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return found if ports.is_taken(urlsplit(found.url).port or 0) else None


def find() -> Stack:
    """What was announced, or else a host that was started separately. Raises SetupError if nothing runs."""
    if found := announced():
        return found
    described = configured()
    if described is None:
        raise SetupError(NOTHING)
    port = urlsplit(described.url).port or 0
    if not ports.is_taken(port):
        raise SetupError(f"{NOTHING} {ELSEWHERE.format(port)}")
    return described


def configured() -> Stack | None:
    """What `func start` runs with local.settings.json and the environment; None if they do not set the storage.

    Raises SetupError if they set it without a key, or if the file is invalid.
    """
    settings = Settings({**local_values(ROOT), **os.environ})
    if not (settings.get(STORAGE) or settings.beneath(STORAGE)):
        return None
    storage = settings.connection(STORAGE).connection_string
    if not storage:
        raise SetupError(f"{STORAGE} has no connection string: upload files with `az storage blob upload` instead.")
    keys = STATE / "keys.json"
    return Stack(
        f"http://127.0.0.1:{_port()}/api",
        storage,
        settings.get("LANGUAGE_ENDPOINT"),
        container=settings.get("DOCUMENTS_CONTAINER") or CONTAINER,
        results=settings.get("RESULTS_CONTAINER") or RESULTS,
        source=trigger_source({"BLOB_TRIGGER_SOURCE": settings.get("BLOB_TRIGGER_SOURCE")}),
        keys=str(keys) if keys.exists() else "",  # a host without keys ignores them
    )


def require_idle(port: int) -> None:
    """Raises SetupError if something is announced already, or if `port` is taken; 0 means any free port."""
    ports.check(port)
    if found := announced():
        raise SetupError(f"It is running already: {found.url}. Stop it with Ctrl-C in its terminal first.")
    if port and ports.is_taken(port):
        raise SetupError(f"Port {port} is taken. Choose another: make run PORT={ports.free_after(port)}")


def _port() -> int:
    """The port that Core Tools use."""
    file = ROOT / LOCAL_SETTINGS
    host = read_json(file).get("Host") if file.exists() else None
    port = host.get("LocalHttpPort") if isinstance(host, dict) else None
    return port if isinstance(port, int) and 0 < port <= ports.MAX_PORT else DEFAULT_PORT
