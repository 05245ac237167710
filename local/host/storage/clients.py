"""Clients for the storage accounts that connections name, and what to do while one of them is out of reach."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import platform
import re
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient, TextBase64DecodePolicy, TextBase64EncodePolicy

from local.host.config.settings import STORAGE, Connection, Settings
from local.host.errors import FunctionInError

HOSTS_CONTAINER = "azure-webjobs-hosts"
PATIENCE: dict[str, Any] = {  # seconds; the SDK's own retries would take more than a minute
    "connection_timeout": 5,
    "read_timeout": 60,
    "retry_total": 2,
    "initial_backoff": 0,
    "increment_base": 1,
    "random_jitter_range": 0.5,
}
LONGEST_ID = 32
Result = TypeVar("Result")
log = logging.getLogger("host")


def host_id(settings: Settings, app_dir: Path) -> str:
    """What sets this app apart in storage: a setting, or the machine's name and a hash of the app's folder."""
    if given := settings.get("AzureFunctionsWebHost__hostid"):
        return given.lower()
    machine = re.sub("[^a-z0-9]", "", platform.node().lower())
    return f"{machine[: LONGEST_ID - 11]}-{hashlib.sha256(str(app_dir).encode()).hexdigest()[:10]}".lstrip("-")


def blob_service(connection: Connection) -> BlobServiceClient:
    """Opens nothing yet. Raises ValueError for a connection string that is none."""
    if connection.connection_string:
        return BlobServiceClient.from_connection_string(connection.connection_string, **PATIENCE)
    return BlobServiceClient(connection.blob_address, credential=_credential(connection), **PATIENCE)


def check(connection: Connection) -> None:
    """Raises FunctionInError if the connection cannot be one. Nothing is opened."""
    try:
        if connection.connection_string:
            BlobServiceClient.from_connection_string(connection.connection_string)
            QueueServiceClient.from_connection_string(connection.connection_string)
    except ValueError as error:
        raise FunctionInError(f"the storage connection '{connection.name}' is wrong: {error}") from error


def queue(connection: Connection, name: str) -> QueueClient:
    """A queue whose messages are Base64, as the host's are."""
    coding: dict[str, Any] = {
        "message_encode_policy": TextBase64EncodePolicy(),
        "message_decode_policy": TextBase64DecodePolicy(),
    }
    if connection.connection_string:
        return QueueClient.from_connection_string(connection.connection_string, name, **coding, **PATIENCE)
    service = QueueServiceClient(connection.queue_address, credential=_credential(connection), **PATIENCE)
    return service.get_queue_client(name, **coding)


def queue_connection(connection: Connection, settings: Settings) -> Connection:
    """The connection itself, or AzureWebJobsStorage if it has no queues. Raises FunctionInError if neither has."""
    for candidate in (connection, settings.connection(STORAGE)):
        if candidate.connection_string or candidate.queue_address:
            return candidate
    raise FunctionInError(f"blob functions need a queue: set {STORAGE}__queueServiceUri.")


def ensure(create: Callable[[], object]) -> None:
    """Creates a queue or a container that may be there already."""
    with suppress(ResourceExistsError):
        create()


def write(service: BlobServiceClient, name: str, text: str, *, overwrite: bool = True, **more: Any) -> None:
    """Writes a blob of the hosts' container, which is made if it is not there.

    `more` is for the upload. Raises AzureError: ResourceExistsError for a blob that is there and must not be replaced.
    """
    blob = service.get_blob_client(HOSTS_CONTAINER, name)
    try:
        blob.upload_blob(text, overwrite=overwrite, **more)
    except ResourceNotFoundError:
        ensure(service.get_container_client(HOSTS_CONTAINER).create_container)
        blob.upload_blob(text, overwrite=overwrite, **more)


def _credential(connection: Connection) -> Any:
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential  # noqa: PLC0415  # slow, seldom needed

    who: Any = {"client_id": connection.client_id} if connection.client_id else {}
    if connection.managed_identity:
        return ManagedIdentityCredential(**who)
    return DefaultAzureCredential()


async def in_thread(threads: Executor, call: Callable[..., Result], *arguments: object) -> Result:
    """Runs a blocking call to storage on one of the threads kept for that."""
    return await asyncio.get_running_loop().run_in_executor(threads, call, *arguments)


def in_words(error: Exception) -> str:
    """In one line; what storage answers needs no class before it."""
    line = str(error).partition("\n")[0]
    return line if line and isinstance(error, AzureError) else f"{type(error).__name__}: {line}".removesuffix(": ")


class Outage:
    """Tells once that something went out of reach, and once that it is back."""

    def __init__(self, what: str) -> None:
        self._what, self._failed = what, False

    def seen(self, error: Exception) -> None:
        if not self._failed:
            verdict = "out of reach" if isinstance(error, AzureError) else "failed"
            log.warning("%s: %s, will keep trying (%s)", self._what, verdict, in_words(error))
        self._failed = True

    def over(self) -> None:
        if self._failed:
            log.info("%s: back", self._what)
        self._failed = False
