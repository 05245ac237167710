"""Starts everything on this machine: Azurite, the local Language service, and a Functions host that runs the app."""

from __future__ import annotations

import argparse
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from local.errors import SetupError
from local.host import launch as functions_host
from local.language.engine import installed_embedding
from local.language.server import server
from local.paths import ROOT
from local.stack import azurite, coretools
from local.stack.discovery import CONTAINER, RESULTS, Stack
from shared.settings import TODAY_API, TRIGGER_SOURCES


class Host(Protocol):
    """A running Functions host; `url` is its root."""

    @property
    def url(self) -> str: ...


HOSTS: Mapping[str, Callable[..., AbstractContextManager[Host]]] = {
    "local": functions_host.running,
    "func": coretools.running,
}
LOG = "host.log"
KEYS = "keys.json"
SINGLETON = "AzureFunctionsJobHost__singleton__listenerLock"
FIFTEEN_SECONDS = "00:00:15"  # the minimum in the real host
EVERY_TWO_SECONDS = "*/2 * * * * *"


@contextmanager
def running(
    *,
    api: str = TODAY_API,
    state: Path | None = None,
    port: int = 0,
    host: str = "local",
    pace: str = "seconds",
    source: str = TRIGGER_SOURCES[0],
    auth: bool = False,
    language_key: str = "",
) -> Iterator[Stack]:
    """Everything, until the block ends. `state` is the folder of data that is kept between runs; None: nothing is kept.

    `source` is BLOB_TRIGGER_SOURCE. With `auth`, callers need a key. `language_key` is the key of
    the Language service; "": a random one. Raises SetupError.
    """
    _check_options(host, source, auth)
    with ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="textdrop-")))
        storage = stack.enter_context(azurite.running(folder / "azurite" if state else None)).connection_string
        key = language_key or secrets.token_hex(16)
        language = stack.enter_context(
            server.running(storage, key=key, state=folder / "language", pace=pace, embedding=installed_embedding())
        )
        _make_container(storage)
        environ = {**_environ(api, storage, language.endpoint, key), "BLOB_TRIGGER_SOURCE": source}
        keys = {"keys": folder / KEYS} if auth else {}
        started = stack.enter_context(HOSTS[host](ROOT, port=port, environ=environ, log=folder / LOG, **keys))
        file = str(keys.get("keys", ""))
        yield Stack(f"{started.url}/api", storage, language.endpoint, source=source, keys=file)


def _check_options(host: str, source: str, auth: bool) -> None:
    if host not in HOSTS:
        raise SetupError(f"HOST must be one of {', '.join(HOSTS)}.")
    if source not in TRIGGER_SOURCES:
        raise SetupError(f"BLOB_TRIGGER_SOURCE must be one of {', '.join(TRIGGER_SOURCES)}.")
    if auth and host != "local":
        raise SetupError("Only the local host supports keys: leave out AUTH, or HOST=func.")


def source_argument(parser: argparse.ArgumentParser) -> None:
    """The environment's BLOB_TRIGGER_SOURCE is the default."""
    default = os.environ.get("BLOB_TRIGGER_SOURCE") or TRIGGER_SOURCES[0]
    parser.add_argument("--source", default=default, help=f"how the app notices files: {' or '.join(TRIGGER_SOURCES)}")


def _environ(api: str, storage: str, endpoint: str, key: str) -> Mapping[str, str]:
    return {
        **os.environ,
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": storage,
        # After a kill, timers and the scan wait until the leases of the killed host expire.
        f"{SINGLETON}Period": FIFTEEN_SECONDS,
        f"{SINGLETON}RecoveryPollingInterval": FIFTEEN_SECONDS,
        "DOCUMENTS_STORAGE": storage,
        "DOCUMENTS_CONTAINER": CONTAINER,
        "RESULTS_CONTAINER": RESULTS,
        "TICK_SCHEDULE": EVERY_TWO_SECONDS,
        "LANGUAGE_ENDPOINT": endpoint,
        "LANGUAGE_KEY": key,
        "LANGUAGE_API": api,
        # Set, so that the developer's local.settings.json does not apply.
        **dict.fromkeys(("CLASSIFIER", "LANGUAGE_REQUESTS_PER_MINUTE", "SWEEP_MINUTES"), ""),
    }


def _make_container(storage: str) -> None:
    with BlobServiceClient.from_connection_string(storage) as service, suppress(ResourceExistsError):
        service.create_container(CONTAINER)
