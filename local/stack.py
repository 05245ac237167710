"""Everything at once on this machine: Azurite, the local Language service, and a Functions host that runs the app."""

from __future__ import annotations

import json
import os
import secrets
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from local import azurite, coretools
from local.errors import SetupError
from local.host import app as functions_host
from local.language import server
from shared.settings import TODAY_API

ROOT = Path(__file__).parents[1]
STATE = ROOT / ".textdrop"
CONTAINER, RESULTS = "documents", "results"


class Host(Protocol):
    """A running Functions host; `url` is its root."""

    @property
    def url(self) -> str: ...


HOSTS: Mapping[str, Callable[..., AbstractContextManager[Host]]] = {
    "local": functions_host.running,
    "func": coretools.running,
}
LOG = "host.log"
EVERY_TWO_SECONDS = "*/2 * * * * *"


@dataclass(frozen=True)
class Stack:
    """Where things are: `url` of the app's HTTP functions, storage by connection string (Azurite's is no secret)."""

    url: str
    storage: str
    language: str
    container: str = CONTAINER
    results: str = RESULTS


@contextmanager
def running(
    *, api: str = TODAY_API, state: Path | None = None, port: int = 0, host: str = "local", pace: str = "seconds"
) -> Iterator[Stack]:
    """Start all of it; end all of it when the block ends. `state` keeps data between runs; None: nothing is kept."""
    if host not in HOSTS:
        raise SetupError(f"HOST must be one of {', '.join(HOSTS)}.")
    with ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="textdrop-")))
        storage = stack.enter_context(azurite.running(folder / "azurite" if state else None)).connection_string
        key = secrets.token_hex(16)
        language = stack.enter_context(server.running(storage, key=key, state=folder / "language", pace=pace))
        _make_container(storage)
        environ = _environ(api, storage, language.endpoint, key)
        started = stack.enter_context(HOSTS[host](ROOT, port=port, environ=environ, log=folder / LOG))
        yield Stack(f"{started.url}/api", storage, language.endpoint)


def announce(stack: Stack) -> None:
    """Let `python -m local drop` find what runs."""
    STATE.mkdir(exist_ok=True)
    (STATE / "running.json").write_text(json.dumps(asdict(stack)))


def withdraw() -> None:
    (STATE / "running.json").unlink(missing_ok=True)


def announced() -> Stack:
    """What `make run` announced and still runs. Raises SetupError if nothing does."""
    try:
        found = Stack(**json.loads((STATE / "running.json").read_text()))
    except (OSError, ValueError, TypeError):
        found = None
    if found is None or not _listens(urlsplit(found.url).port or 0):
        raise SetupError("Nothing is running: start it with `make run` in another terminal.")
    return found


def require_idle(port: int) -> None:
    """Raise SetupError if a `make run` is up, or if something else has its port."""
    try:
        running = announced()
    except SetupError:
        running = None
    if running:
        raise SetupError(f"It runs already: {running.url}. Stop it with Ctrl-C in its terminal first.")
    if port and _listens(port):
        raise SetupError(f"Port {port} is taken. Choose another: .venv/bin/python -m local up --port 7072")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _environ(api: str, storage: str, endpoint: str, key: str) -> Mapping[str, str]:
    return {
        **os.environ,
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": storage,
        "DOCUMENTS_STORAGE": storage,
        "DOCUMENTS_CONTAINER": CONTAINER,
        "RESULTS_CONTAINER": RESULTS,
        "TICK_SCHEDULE": EVERY_TWO_SECONDS,
        "LANGUAGE_ENDPOINT": endpoint,
        "LANGUAGE_KEY": key,
        "LANGUAGE_API": api,
        # Said, lest a local.settings.json of the developer's fills them in.
        **dict.fromkeys(("CLASSIFIER", "LANGUAGE_REQUESTS_PER_MINUTE", "SWEEP_MINUTES", "BLOB_TRIGGER_SOURCE"), ""),
    }


def _make_container(storage: str) -> None:
    with BlobServiceClient.from_connection_string(storage) as service, suppress(ResourceExistsError):
        service.create_container(CONTAINER)
