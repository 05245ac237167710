"""Clients for the storage accounts that connections name, and the log of their outages."""

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
PATIENCE: dict[str, Any] = {  # seconds; the SDK's default retries take more than a minute
    "connection_timeout": 5,
    "read_timeout": 60,
    "retry_total": 2,
    "initial_backoff": 0,
    "increment_base": 1,
    "random_jitter_range": 0.5,
}
MAX_ID = 32
Result = TypeVar("Result")
log = logging.getLogger("host")


def host_id(settings: Settings, app_dir: Path) -> str:
    """The app's id in storage: a setting, or the machine's name and a hash of the app's folder."""
    if given := settings.get("AzureFunctionsWebHost__hostid"):
        return given.lower()
    machine = re.sub("[^a-z0-9]", "", platform.node().lower())
    return f"{machine[: MAX_ID - 11]}-{hashlib.sha256(str(app_dir).encode()).hexdigest()[:10]}".lstrip("-")


def blob_service(connection: Connection) -> BlobServiceClient:
    """Opens no connection yet. Raises ValueError for an invalid connection string."""
    if connection.connection_string:
        return BlobServiceClient.from_connection_string(connection.connection_string, **PATIENCE)
    return BlobServiceClient(connection.blob_address, credential=_credential(connection), **PATIENCE)


def check(connection: Connection) -> None:
    """Raises FunctionInError for an invalid connection string. Opens no connection."""
    try:
        if connection.connection_string:
            BlobServiceClient.from_connection_string(connection.connection_string)
            QueueServiceClient.from_connection_string(connection.connection_string)
    except ValueError as error:
        raise FunctionInError(f"the storage connection '{connection.name}' is invalid: {error}") from error


def queue(connection: Connection, name: str, *, as_stored: bool = False) -> QueueClient:
    """A queue with Base64 messages, like those of the real host; `as_stored`: messages are not decoded."""
    coding: dict[str, Any] = {
        "message_encode_policy": None if as_stored else TextBase64EncodePolicy(),
        "message_decode_policy": None if as_stored else TextBase64DecodePolicy(),
    }
    if connection.connection_string:
        return QueueClient.from_connection_string(connection.connection_string, name, **coding, **PATIENCE)
    service = QueueServiceClient(connection.queue_address, credential=_credential(connection), **PATIENCE)
    return service.get_queue_client(name, **coding)


def queue_connection(connection: Connection, settings: Settings) -> Connection:
    """The connection, or AzureWebJobsStorage if it has no queue service. Raises FunctionInError if neither has one."""
    for candidate in (connection, settings.connection(STORAGE)):
        if candidate.connection_string or candidate.queue_address:
            return candidate
    raise FunctionInError(f"blob functions need a queue: set {STORAGE}__queueServiceUri.")


def ensure(create: Callable[[], object]) -> None:
    """Creates a queue or a container unless it exists."""
    with suppress(ResourceExistsError):
        create()


def send(queue: QueueClient, content: str) -> None:
    """Adds a message to a queue, which is created if it does not exist. Raises AzureError."""
    try:
        queue.send_message(content)
    except ResourceNotFoundError:
        ensure(queue.create_queue)
        queue.send_message(content)


def write(service: BlobServiceClient, name: str, text: str, *, overwrite: bool = True, **more: Any) -> None:
    """Writes a blob in the hosts' container, which is created if it does not exist.

    `more` is passed to the upload. Raises AzureError: ResourceExistsError if the blob exists and `overwrite` is False.
    """
    blob = service.get_blob_client(HOSTS_CONTAINER, name)
    try:
        blob.upload_blob(text, overwrite=overwrite, **more)
    except ResourceNotFoundError:
        ensure(service.get_container_client(HOSTS_CONTAINER).create_container)
        blob.upload_blob(text, overwrite=overwrite, **more)


def _credential(connection: Connection) -> Any:
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential  # noqa: PLC0415  # slow, rarely needed

    who: Any = {"client_id": connection.client_id} if connection.client_id else {}
    if connection.managed_identity:
        return ManagedIdentityCredential(**who)
    return DefaultAzureCredential()


async def in_thread(threads: Executor, call: Callable[..., Result], *arguments: object) -> Result:
    """Runs a blocking call in one of `threads`."""
    return await asyncio.get_running_loop().run_in_executor(threads, call, *arguments)


def one_line(error: Exception) -> str:
    """The error in one line; without its class if storage returned it."""
    line = str(error).partition("\n")[0]
    return line if line and isinstance(error, AzureError) else f"{type(error).__name__}: {line}".removesuffix(": ")


class Outage:
    """Logs once that something fails, and once that it recovered."""

    def __init__(self, what: str) -> None:
        self._what, self._failed = what, False

    def seen(self, error: Exception) -> None:
        if not self._failed:
            verdict = "unreachable" if isinstance(error, AzureError) else "failed"
            log.warning("%s: %s, will retry (%s)", self._what, verdict, one_line(error))
        self._failed = True

    def over(self) -> None:
        if self._failed:
            log.info("%s: recovered", self._what)
        self._failed = False
