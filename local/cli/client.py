"""A client of a running textdrop: calls its HTTP functions, drops files, reads results."""

from __future__ import annotations

import hashlib
import json
import mimetypes
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import requests
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContentSettings

from local.errors import SetupError
from local.host.http.key_auth import HEADER
from local.labelled.text_files import read
from local.stack.discovery import Stack
from local.stack.event_grid import Created, EventGrid
from shared.domain.keys import document_key

SECONDS = 30
LOOK_EVERY = 0.3
ASK_EVERY = 2.0  # seconds between calls to the app while waiting for results
FIRST_TICK = 60.0  # seconds; after a kill, timers wait until the lease of the killed host expires
WITHOUT_RESULT = ("failed", "superseded", "gone")  # the states of documents that end without a result
REFUSED = {
    401: "it expects another key: does it run with this file of keys?",
    403: "it refuses the key",
    404: "there is no textdrop at this address",
}


class Client:
    """A client of `stack`. Every wait has a deadline."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._session = requests.Session()
        if keys := stack.read_keys():
            self._session.headers[HEADER] = next(iter(keys.host.values()))
        self._blobs = BlobServiceClient.from_connection_string(stack.storage, connection_timeout=5, retry_total=2)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded response. Raises SetupError with the app's error message."""
        return self._decoded(method, path, *self.ask(method, path, body))

    def found(self, path: str) -> Any:
        """The decoded response to a GET; None if the app says that there is no such thing (404). Raises SetupError."""
        status, content = self.ask("GET", path)
        return None if status == requests.codes.not_found else self._decoded("GET", path, status, content)

    def health(self) -> list[str]:
        """The problems in the app's health. Raises SetupError if it does not respond, or is not textdrop."""
        status, content = self.ask("GET", "health")
        if "checks" not in content:
            raise SetupError(f"GET health: {status} {content['error']['message']}")
        return [f"{check['name']}: {check['detail']}" for check in content["checks"] if check.get("detail")]

    def wait_for_tick(self, seconds: float = FIRST_TICK) -> None:
        """Waits until a tick has run: in data that was kept, the last one is of an earlier run. Raises SetupError."""
        deadline = time.monotonic() + seconds
        while problem := self._why_no_tick():
            if time.monotonic() > deadline:
                raise SetupError(f"{problem} See the app's log.")
            time.sleep(LOOK_EVERY)

    def _why_no_tick(self) -> str:
        """Nothing if a tick has run. A host that has just started may answer before the app does."""
        try:
            return next((problem for problem in self.health() if problem.startswith("tick:")), "")
        except SetupError as error:
            return str(error)

    def document(self, name: str, etag: str) -> Any:
        """The document of this version of a file; None if the app has not noticed it."""
        key = document_key(self._stack.container, name, etag)
        status, content = self.ask("GET", f"documents/{key}")
        return content if status == requests.codes.ok else None

    def documents(self, query: str = "") -> Iterator[Any]:
        """All documents of a listing, page by page; `query` is such as "state=failed". Raises SetupError."""
        path = f"documents?top=500&{query}".rstrip("&")
        more = ""
        while True:
            page = self.call("GET", path + more)
            yield from page["value"]
            if "continue" not in page:
                return
            more = f"&continue={page['continue']}"

    def result(self, key: str) -> Any:
        """The result of a document, or the app's `error` if it has none. Raises SetupError."""
        _, content = self.ask("GET", f"documents/{key}/result")
        return content

    def parts(self, path: str) -> Iterator[tuple[bytes, int]]:
        """A file in parts, each with the size of the whole, in bytes. Raises SetupError."""
        start, size = 0, 1
        while start < size:
            answer = self._send("GET", path, headers={"Range": f"bytes={start}-"})
            if answer.status_code == requests.codes.requested_range_not_satisfiable and not start:
                return  # an empty file
            if answer.status_code != requests.codes.partial_content:
                raise SetupError(f"GET {path}: status {answer.status_code} instead of a part of the file.")
            size = int(answer.headers["Content-Range"].rpartition("/")[2])
            start += len(answer.content)
            yield answer.content, size

    @staticmethod
    def _decoded(method: str, path: str, status: int, content: Any) -> Any:
        if status >= requests.codes.bad_request:
            raise SetupError(f"{method} {path}: {status} {content['error']['message']}")
        return content

    def _send(self, method: str, path: str, **given: Any) -> requests.Response:
        try:
            return self._session.request(method, f"{self._stack.url}/{path}", timeout=SECONDS, **given)
        except requests.RequestException as error:
            why = f"the app does not respond ({type(error).__name__}). Is it still running?"
            raise SetupError(f"{method} {path}: {why}") from error

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the decoded body of a response of textdrop, including errors."""
        answer = self._send(method, path, json=body)
        try:
            content = answer.json()
        except requests.JSONDecodeError:
            why = REFUSED.get(answer.status_code, f"status {answer.status_code} without JSON")
            raise SetupError(f"{method} {self._stack.url}/{path}: {why}.") from None
        if not isinstance(content, dict) or (not answer.ok and not {"error", "checks"} & content.keys()):
            raise SetupError(f"{method} {self._stack.url}/{path}: {REFUSED[404]}.")
        return answer.status_code, content

    def finished(self, path: str, seconds: float, progress: Callable[[Any], None]) -> Any:
        """Polls `path` until the operation has ended; `progress` gets every response. Raises SetupError."""
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

    def upload(self, container: str, files: Mapping[str, Path]) -> None:
        """Uploads files, by their names there, to a container, which is created if needed. Raises SetupError."""
        self._make(container)
        for name, file in files.items():
            self.put(container, name, read(file))

    def put(self, container: str, name: str, content: bytes) -> None:
        """Writes a blob with the MD5 of its content. Raises SetupError."""
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        digest = bytearray(hashlib.md5(content, usedforsecurity=False).digest())
        settings = ContentSettings(content_type=kind, content_md5=digest)
        with _storage_errors():
            self._blobs.get_blob_client(container, name).upload_blob(content, overwrite=True, content_settings=settings)

    def stored(self, container: str) -> dict[str, bytes]:
        """The MD5 of each blob (b"" if storage has none) in a container, which is created if needed."""
        self._make(container)
        with _storage_errors():
            blobs = self._blobs.get_container_client(container).list_blobs()
            return {blob.name: bytes(blob.content_settings.content_md5 or b"") for blob in blobs}

    def _make(self, container: str) -> None:
        with _storage_errors(), suppress(ResourceExistsError):
            self._blobs.create_container(container)

    def download(self, name: str) -> bytes:
        """A blob of the results container. Raises SetupError."""
        with _storage_errors():
            return self._blobs.get_blob_client(self._stack.results, name).download_blob().readall()

    def drop(self, files: Sequence[Path], events: EventGrid | None = None) -> dict[str, str]:
        """Uploads files to the documents container; returns name -> ETag, which identifies these versions.

        With `events`, the app is notified of each file.
        """
        self.upload(self._stack.container, {file.name: file for file in files})
        created = {file.name: self._created(file.name) for file in files}
        if events:
            for blob in created.values():
                events.notify(blob)
        return {name: blob.etag for name, blob in created.items()}

    def _created(self, name: str) -> Created:
        blob = self._blobs.get_blob_client(self._stack.container, name)
        with _storage_errors():
            found = blob.get_blob_properties()
        return Created(blob.url, found.etag.strip('"'), found.size, found.content_settings.content_type or "")

    def results(
        self, dropped: Mapping[str, str], seconds: float, every_look: Callable[[], None] = lambda: None
    ) -> Iterator[tuple[str, Any]]:
        """Yields each file's result, or its document if it ended without one, as they arrive; stops after `seconds`.

        `every_look` is called every few seconds. Raises SetupError if the app or its storage does not respond.
        """
        waiting = dict(dropped)
        deadline, ask_at = time.monotonic() + seconds, time.monotonic() + ASK_EVERY
        while waiting and (now := time.monotonic()) < deadline:
            arrived = self._written(waiting)
            if now >= ask_at:
                arrived += self._without_result(waiting)
                every_look()
                ask_at = time.monotonic() + ASK_EVERY
            for name, found in arrived:
                if waiting.pop(name, None):
                    yield name, found
            time.sleep(LOOK_EVERY)

    def _written(self, waiting: Mapping[str, str]) -> list[tuple[str, Any]]:
        found = [(name, self._result(name)) for name in waiting]
        return [(name, result) for name, result in found if result and result["source"]["etag"] == waiting[name]]

    def _result(self, name: str) -> Any:
        with _storage_errors():
            try:
                raw = self._blobs.get_blob_client(self._stack.results, f"{name}.json").download_blob().readall()
            except ResourceNotFoundError:
                return None
        return json.loads(raw)

    def _without_result(self, waiting: Mapping[str, str]) -> list[tuple[str, Any]]:
        ended = [
            one for state in WITHOUT_RESULT for one in self.call("GET", f"documents?state={state}&top=500")["value"]
        ]
        return [(one["name"], one) for one in ended if waiting.get(one["name"]) == one["etag"]]


@contextmanager
def _storage_errors() -> Iterator[None]:
    """Raises SetupError for a failure of storage, without the SDK's message: it may contain a SAS."""
    try:
        yield
    except AzureError as error:
        status = getattr(error, "status_code", None)
        said = f"{type(error).__name__}{f' {status}' if status else ''}"
        raise SetupError(f"Storage failed ({said}). Is everything still running?") from error
