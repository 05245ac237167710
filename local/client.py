"""What a user does from outside: call the app's HTTP functions, drop files, read results."""

from __future__ import annotations

import json
import mimetypes
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContentSettings

from local.errors import SetupError
from local.event_grid import Created, EventGrid
from local.host.keys import HEADER
from local.stack import Stack

SECONDS = 30
LOOK_EVERY = 0.3


class Client:
    """One running textdrop, seen from outside. Every wait has a deadline."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._session = requests.Session()
        if keys := stack.read_keys():
            self._session.headers[HEADER] = next(iter(keys.host.values()))
        self._blobs = BlobServiceClient.from_connection_string(stack.storage, connection_timeout=5, retry_total=2)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer. Raises SetupError with what the app says against it."""
        try:
            answer = self._session.request(method, f"{self._stack.url}/{path}", json=body, timeout=SECONDS)
            content = answer.json()
        except (requests.RequestException, ValueError) as error:
            raise SetupError(f"{method} {path}: the app does not answer ({type(error).__name__}).") from error
        if not answer.ok:
            raise SetupError(f"{method} {path}: {answer.status_code} {content['error']['message']}")
        return content

    def finished(self, path: str, seconds: float, progress: Callable[[Any], None]) -> Any:
        """Ask at `path` until the operation there has ended; `progress` sees every answer. Raises SetupError."""
        deadline = time.monotonic() + seconds
        while True:
            operation = self.call("GET", path)
            progress(operation)
            if operation["state"] == "succeeded":
                return operation
            if operation["state"] == "failed":
                raise SetupError(f"{operation['kind']} failed: {operation['detail']}")
            if time.monotonic() > deadline:
                raise SetupError(f"{operation['kind']} did not end within {seconds:.0f} seconds.")
            time.sleep(LOOK_EVERY)

    def upload(self, container: str, files: Sequence[Path]) -> None:
        """Files into a container, under their own names; the container is made if need be."""
        target = self._blobs.get_container_client(container)
        with suppress(ResourceExistsError):
            target.create_container()
        for file in files:
            kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            target.upload_blob(
                file.name, file.read_bytes(), overwrite=True, content_settings=ContentSettings(content_type=kind)
            )

    def drop(self, files: Sequence[Path], events: EventGrid | None = None) -> dict[str, str]:
        """Files into the watched container; gives name -> ETag, which tells this version's result from an older's.

        With `events`, the app is told of each file as Event Grid tells of it.
        """
        self.upload(self._stack.container, files)
        created = {file.name: self._created(file.name) for file in files}
        if events:
            for one in created.values():
                events.tell(one)
        return {name: one.etag for name, one in created.items()}

    def _created(self, name: str) -> Created:
        blob = self._blobs.get_blob_client(self._stack.container, name)
        found = blob.get_blob_properties()
        return Created(blob.url, found.etag.strip('"'), found.size, found.content_settings.content_type or "")

    def results(self, dropped: dict[str, str], seconds: float) -> Iterator[tuple[str, Any]]:
        """Each file's result, or the document that tells why it has none, as they come; ends at the deadline."""
        waiting = dict(dropped)
        deadline = time.monotonic() + seconds
        while waiting and time.monotonic() < deadline:
            for name, found in [*self._written(waiting), *self._failed(waiting)]:
                if waiting.pop(name, None):
                    yield name, found
            time.sleep(LOOK_EVERY)

    def _written(self, waiting: dict[str, str]) -> Iterator[tuple[str, Any]]:
        for name, etag in list(waiting.items()):
            try:
                raw = self._blobs.get_blob_client(self._stack.results, f"{name}.json").download_blob().readall()
            except ResourceNotFoundError:
                continue
            result = json.loads(raw)
            if result["source"]["etag"] == etag:
                yield name, result

    def _failed(self, waiting: dict[str, str]) -> Iterator[tuple[str, Any]]:
        for document in self.call("GET", "documents?state=failed&top=500")["value"]:
            if waiting.get(document["name"]) == document["etag"]:
                yield document["name"], document
