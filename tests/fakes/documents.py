"""Files in memory: the twin of `BlobStore`, held to the same contract in test_documents.py."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sortedcontainers import SortedDict

from shared.domain.documents import Blob
from shared.domain.file_names import MAX_FILE_NAME, RESULT_SUFFIX, is_file_name
from shared.domain.text import MAX_FILE
from shared.errors import BadRequest, Conflict, ContainerMissing, InvalidText, NotFound, VersionConflict
from shared.storage.blobs import MAX_ANY, RESERVED, with_decision_of
from shared.storage.content_encoding import decoded

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class File:
    content: bytes
    blob: Blob
    encoding: str = ""

    def read(self, largest: int) -> bytes:
        if len(self.content) > largest:
            raise InvalidText("The file is too large.")
        return decoded(self.content, self.encoding, largest)


class MemoryDocuments:
    """What `BlobStore` offers the app, and what people do to the files: put, delete, undelete, remove_container.

    `clock` says when a file is written; without one, each is written a second after the one before.
    """

    def __init__(
        self, documents: str = "documents", results: str = "results", clock: Callable[[], datetime] | None = None
    ) -> None:
        self.container = documents
        self.results = results
        self._clock = clock
        self._containers: dict[str, Any] = {documents: SortedDict()}  # of files by name
        self._deleted: dict[str, File] = {}
        self._staged: dict[tuple[str, int], bytes] = {}
        self._versions = itertools.count(1)
        self._lock = threading.RLock()

    # --- what people do -----------------------------------------------------------------------------------------

    def put(self, name: str, content: bytes, language: str = "", container: str = "", encoding: str = "") -> str:
        """Write or overwrite a file, making its container; gives its new ETag."""
        with self._lock:
            version = next(self._versions)
            modified = self._clock() if self._clock else BEGINNING + timedelta(seconds=version)
            blob = Blob(name, f"0x{version:X}", len(content), modified, language.strip(), encoding)
            self._containers.setdefault(container or self.container, SortedDict())[name] = File(content, blob, encoding)
            return blob.etag

    def delete(self, name: str) -> None:
        with self._lock:
            self._deleted[name] = self._containers[self.container].pop(name)

    def undelete(self, name: str) -> None:
        """The very version that was deleted is there again, as where deletions are soft."""
        with self._lock:
            self._containers[self.container][name] = self._deleted.pop(name)

    def remove_container(self) -> None:
        with self._lock:
            del self._containers[self.container]

    # --- what the app does --------------------------------------------------------------------------------------

    def get_properties(self, name: str) -> Blob | None:
        with self._lock:
            found = self._files(self.container).get(name)
            return found.blob if found else None

    def page(self, marker: str, size: int, container: str = "") -> tuple[list[Blob], str]:
        with self._lock:
            files = self._files(container or self.container)
            names = list(islice(files.irange(marker or None), size + 1))
            return [files[name].blob for name in names[:size]], "".join(names[size:])

    def read(self, name: str, etag: str) -> bytes:
        with self._lock:
            found = self._file(self.container, name)
            if found.blob.etag != etag:
                raise VersionConflict("The blob is no longer the version that was read.")
            return found.read(MAX_FILE)

    def read_any(self, container: str, name: str) -> bytes:
        with self._lock:
            return self._file(container, name).read(MAX_ANY)

    def require_writable(self, container: str) -> None:
        if container in (self.container, self.results) or RESERVED.fullmatch(container) or container.startswith("$"):
            raise BadRequest("Nothing may be written there.")

    def write_any(self, container: str, name: str, content: bytes, replaces: Callable[[bytes], bool]) -> None:
        with self._lock:
            self.require_writable(container)
            if not is_file_name(name) or len(name) > MAX_FILE_NAME:
                raise BadRequest("It cannot be written there.")
            if name in self._files(container) and not self._replaced(container, name, replaces):
                raise Conflict("It is not one that may be replaced.")
            self.put(name, content, container=container)

    def _replaced(self, container: str, name: str, replaces: Callable[[bytes], bool]) -> bool:
        try:
            return replaces(self.read_any(container, name))
        except InvalidText:
            return False

    def write_text(self, container: str, name: str, content: bytes) -> None:
        with self._lock:
            self.require_writable(container)
            self._files(container)
            self.put(name, content, container=container)

    def result(self, name: str) -> Any:
        try:
            return json.loads(self.read_any(self.results, name + RESULT_SUFFIX))
        except (NotFound, ContainerMissing, InvalidText, ValueError):
            return None

    def write_result(self, name: str, etag: str, result: Mapping[str, Any]) -> bool:
        with self._lock:
            source = self.get_properties(name)
            if source is None or source.etag != etag:
                return False
            content = with_decision_of(self.result(name), result)
            self.put(name + RESULT_SUFFIX, json.dumps(content).encode(), container=self.results)
            return True

    def change_result(self, name: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> bool:
        while True:
            etag, result = self._result_etag(name), self.result(name)
            after = change(result) if isinstance(result, dict) else None
            if after is None:
                return False
            with self._lock:
                if self._result_etag(name) == etag:
                    self.put(name + RESULT_SUFFIX, json.dumps(after).encode(), container=self.results)
                    return True

    def write(self, name: str, content: bytes, language: str, *, overwrite: bool) -> str:
        with self._lock:
            if not is_file_name(name):
                raise NotFound("There is no such blob.")
            if name in self._files(self.container) and not overwrite:
                raise VersionConflict("There is one already.")
            return self.put(name, content, language)

    def stage(self, name: str, number: int, content: bytes) -> None:
        with self._lock:
            self._containers.setdefault(self.results, SortedDict())
            self._staged[name, number] = content

    def commit_blocks(self, name: str, blocks: int, content_type: str) -> None:
        del content_type
        with self._lock:
            content = b"".join(self._staged[name, number] for number in range(blocks))
            self.put(name, content, container=self.results)

    def part(self, name: str, start: int, length: int) -> tuple[bytes, int]:
        with self._lock:
            content = self._file(self.results, name).content
            return content[start : start + max(0, length)], len(content)

    def reachable(self) -> bool:
        with self._lock:
            return self.container in self._containers

    def _result_etag(self, name: str) -> str:
        found = self._containers.get(self.results, {}).get(name + RESULT_SUFFIX)
        return found.blob.etag if found else ""

    def _file(self, container: str, name: str) -> File:
        try:
            found: File = self._files(container)[name]
        except KeyError:
            raise NotFound("There is no such blob.") from None
        return found

    def _files(self, container: str) -> Any:
        try:
            return self._containers[container]
        except KeyError:
            raise ContainerMissing("The container is not there.") from None
