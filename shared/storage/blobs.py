"""Reads files and writes results. The only module that knows Blob storage.

Dropped files are never changed. The result of a file is `{name}.json` in the results container.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobBlock, BlobClient, BlobProperties, BlobServiceClient, ContentSettings

from shared.domain.documents import Blob
from shared.domain.file_names import HALF_CHARACTER, MAX_FILE_NAME, RESULT_SUFFIX, is_file_name
from shared.domain.text import MAX_FILE
from shared.errors import (
    BadRequest,
    Conflict,
    ContainerMissing,
    InvalidText,
    NotFound,
    StorageUnavailable,
    VersionConflict,
)
from shared.language.deadlines import STORAGE_SECONDS, Deadline
from shared.settings import CONTAINER_NAME
from shared.storage.content_encoding import decoded

TRIES = 5
MAX_ANY = 20_000_000  # bytes of a labels file or a result; labels of 100,000 documents need about half
# Containers with the state and secrets of the Functions host and its deployments.
RESERVED = re.compile(r"azure-webjobs-.*|scm-releases|function-releases|app-package-.*")
# For at least 30 seconds after the deletion of a container, the service returns 409 instead of 404.
CONTAINER_GOES = ("ContainerBeingDeleted", "ContainerBeingDisabled", "ContainerDisabled")
_TEXT = ContentSettings(content_type="text/plain")  # without a charset
_JSON = ContentSettings(content_type="application/json; charset=utf-8")


class BlobStore:
    """The documents container and the results container of one storage account.

    Each method may raise StorageUnavailable, or ContainerMissing when the container itself is not there.
    """

    def __init__(self, service: BlobServiceClient, documents: str, results: str) -> None:
        self._service = service
        self.container = documents
        self.results = results

    def get_properties(self, name: str) -> Blob | None:
        """The current properties of a file; None if it does not exist.

        A file that no client can request under its name is there nevertheless: it is listed.
        """
        if not is_file_name(name):
            return self._listed(name)
        try:
            with self._asked():
                found = self._file(self.container, name).get_blob_properties()
        except NotFound:
            return None
        return _blob(found)

    def _listed(self, name: str) -> Blob | None:
        """The first file whose name begins with this one, if it has this name. The name is in the query, unchanged."""
        if not name or HALF_CHARACTER.search(name):
            return None
        with self._asked():
            listed = self._service.get_container_client(self.container)
            found = next(listed.list_blobs(name, include=["metadata"], results_per_page=1), None)
        return _blob(found) if found and found.name == name else None

    def page(self, marker: str, size: int, container: str = "") -> tuple[list[Blob], str]:
        """At most `size` files, and a continuation token ("" at the end). `container`: default, the documents'."""
        with self._asked():
            listed = self._service.get_container_client(container or self.container)
            pages: Any = listed.list_blobs(include=["metadata"], results_per_page=size).by_page(marker or None)
            found = [_blob(one) for one in next(pages, [])]
            return found, pages.continuation_token or ""

    def read(self, name: str, etag: str) -> bytes:
        """The content of this version of a file, decoded if its Content-Encoding is gzip or deflate.

        Raises VersionConflict if the file has another version, NotFound if it does not exist, and InvalidText if it is
        archived, has more than MAX_FILE bytes, or cannot be decoded.
        """
        blob = self._file(self.container, name)
        try:
            return self._content(blob, MAX_FILE, etag=f'"{etag}"', match_condition=MatchConditions.IfNotModified)
        except VersionConflict:
            if self.get_properties(name) is None:  # for a deleted blob, Azurite returns 412, Azure 404
                raise NotFound("There is no such blob.") from None
            raise

    def read_any(self, container: str, name: str) -> bytes:
        """The content of a file in any container of the account, decoded as `read` does.

        Raises NotFound, and InvalidText if it is archived, has more than MAX_ANY bytes, or cannot be decoded.
        """
        if not CONTAINER_NAME.fullmatch(container):
            raise ContainerMissing(f"No container can have the name {container!r}.")
        return self._content(self._file(container, name), MAX_ANY)

    def require_writable(self, container: str) -> None:
        """Raise BadRequest for the containers of documents, results and Azure's own files."""
        used = container in (self.container, self.results) or RESERVED.fullmatch(container)
        if used or not CONTAINER_NAME.fullmatch(container):
            raise BadRequest(
                f"Nothing may be written to container {container[:MAX_FILE_NAME]!r}: it is reserved for documents, "
                "results or files of Azure. Use another container for training texts and their labels."
            )

    def write_any(self, container: str, name: str, content: bytes, replaces: Callable[[bytes], bool]) -> None:
        """Write a JSON file in another container. An existing file is replaced only if `replaces` accepts its content.

        The write is conditional on the version that was checked. Raises BadRequest for a reserved container or an
        invalid name, and Conflict for a file that is not replaced.
        """
        self.require_writable(container)
        if not is_file_name(name) or len(name) > MAX_FILE_NAME:
            raise BadRequest(f"No file can have the name {name[:MAX_FILE_NAME]!r}.")
        blob = self._file(container, name)
        for _ in range(TRIES):
            with suppress(VersionConflict):
                self._put(blob, content, self._replaceable(blob, replaces))
                return
        raise StorageUnavailable(f"{name} cannot be written: another client keeps changing it or has a lease on it.")

    def write_text(self, container: str, name: str, content: bytes) -> None:
        """Write a text in another container, over an existing one. Raises BadRequest for a reserved container."""
        self.require_writable(container)
        with self._asked():
            self._file(container, name).upload_blob(content, overwrite=True, content_settings=_TEXT)

    def result(self, name: str) -> Any:
        """The decoded result of a file; None if there is none yet, or it is not valid JSON."""
        try:
            return json.loads(self._content(self._file(self.results, name + RESULT_SUFFIX), MAX_ANY))
        except (NotFound, ContainerMissing, InvalidText, ValueError, RecursionError):
            return None

    def write_result(self, name: str, etag: str, result: Mapping[str, Any]) -> bool:
        """Write the result of this version of a file. Returns False if the file has another version now.

        The first try fails if there is a result already. Then the result's ETag is read, then the source's, and the
        write is conditional on that result. So the result of a newer version is never overwritten: either the source
        has changed, or the condition fails. The decision in a result of the same document stays there.
        """
        seen, content = "", result
        for _ in range(TRIES):
            source = self.get_properties(name)
            if source is None or source.etag != etag:
                return False
            try:
                blob = self._file(self.results, name + RESULT_SUFFIX)
                self._put(blob, _as_json(content), seen)
            except ContainerMissing:
                self._make_results()
            except VersionConflict:
                seen = self._result_etag(name)
                content = with_decision_of(self.result(name), result)
            else:
                return True
        raise StorageUnavailable(
            f"The result of {name} cannot be written: another client keeps changing it or has a lease on it."
        )

    def change_result(self, name: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> bool:
        """Write what `change` makes of a result, even if that is the same; None leaves it. Returns whether it did.

        `change` is called after the result's version was read, and again if another client changes the result
        meanwhile. Returns False if there is no result.
        """
        blob = self._file(self.results, name + RESULT_SUFFIX)
        for _ in range(TRIES):
            etag = self._result_etag(name)
            result = self.result(name) if etag else None
            after = change(result) if isinstance(result, dict) else None
            if after is None:
                return False
            with suppress(VersionConflict, NotFound):
                self._put(blob, _as_json(after), etag)
                return True
        raise StorageUnavailable(f"The result of {name} cannot be changed: another client keeps changing it.")

    def write(self, name: str, content: bytes, language: str, *, overwrite: bool) -> str:
        """Write a source file; returns its ETag. Raises VersionConflict if it exists and must not be overwritten."""
        condition: dict[str, Any] = {} if overwrite else {"match_condition": MatchConditions.IfMissing}
        with self._asked():
            written = self._file(self.container, name).upload_blob(
                content,
                overwrite=overwrite,
                metadata={"language": language} if language else {},
                content_settings=_TEXT,
                **condition,
            )
        return str(written["etag"]).strip('"')

    def stage(self, name: str, number: int, content: bytes) -> None:
        """Stage block `number` (from 0; not empty) of a new file in the results container."""
        self._make_results()
        with self._asked():
            self._file(self.results, name).stage_block(_block(number), content)

    def commit_blocks(self, name: str, blocks: int, content_type: str) -> None:
        """Create the file from its staged blocks. It is idempotent."""
        self._make_results()
        with self._asked():
            self._file(self.results, name).commit_block_list(
                [BlobBlock(_block(number)) for number in range(blocks)],
                content_settings=ContentSettings(content_type=content_type),
            )

    def part(self, name: str, start: int, length: int) -> tuple[bytes, int]:
        """At most `length` bytes of a file in the results container from byte `start`, and the size of the file.

        Empty if `start` is after the end. Raises NotFound, and VersionConflict if the file is replaced meanwhile.
        """
        blob = self._file(self.results, name)
        with self._asked():
            found = blob.get_blob_properties()
            here = min(length, found.size - start)
            if here <= 0:
                return b"", found.size
            same: dict[str, Any] = {"etag": found.etag, "match_condition": MatchConditions.IfNotModified}
            return blob.download_blob(start, here, decompress=False, **same).readall(), found.size

    def reachable(self) -> bool:
        """Whether the documents container exists."""
        with self._asked():
            return self._service.get_container_client(self.container).exists()

    def _file(self, container: str, name: str) -> BlobClient:
        """Raises NotFound for an invalid file name, which an HTTP client would change to another path."""
        if not is_file_name(name):
            raise NotFound("There is no such blob.")
        return self._service.get_blob_client(container, name)

    def _content(self, blob: BlobClient, largest: int, **condition: Any) -> bytes:
        """At most `largest` bytes. The SDK's decompression has no limit, so it is disabled."""
        with self._asked():
            found = blob.download_blob(decompress=False, **condition)
            if found.size > largest:
                raise InvalidText(f"The file has {found.size:,} bytes; the limit is {largest:,}.")
            raw = found.readall()
        return decoded(raw, found.properties.content_settings.content_encoding or "", largest)

    def _result_etag(self, name: str) -> str:
        try:
            with self._asked():
                found = self._file(self.results, name + RESULT_SUFFIX).get_blob_properties()
        except (NotFound, ContainerMissing):
            return ""
        return found.etag

    def _replaceable(self, blob: BlobClient, replaces: Callable[[bytes], bool]) -> str:
        """The ETag of the file if `replaces` accepts it; "" if it does not exist. Raises Conflict, VersionConflict."""
        try:
            with self._asked():
                etag = blob.get_blob_properties().etag
            accepted = replaces(self._content(blob, MAX_ANY, etag=etag, match_condition=MatchConditions.IfNotModified))
        except NotFound:
            return ""
        except InvalidText:
            accepted = False
        if not accepted:
            where = f"{blob.blob_name} of container {blob.container_name}"
            raise Conflict(f"File {where} must not be replaced: choose another name, or delete it first.")
        return etag

    def _put(self, blob: BlobClient, content: bytes, seen: str) -> None:
        condition: dict[str, Any] = {"match_condition": MatchConditions.IfMissing}
        if seen:
            condition = {"etag": seen, "match_condition": MatchConditions.IfNotModified}
        with self._asked():
            blob.upload_blob(content, overwrite=bool(seen), content_settings=_JSON, **condition)

    def _make_results(self) -> None:
        with self._asked():
            try:
                self._service.create_container(self.results)
            except ResourceExistsError as error:
                if getattr(error, "error_code", "") in CONTAINER_GOES:
                    raise

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Limits the time of a request to storage, and converts its errors to ours."""
        try:
            with Deadline(STORAGE_SECONDS):
                yield
        except (ResourceModifiedError, ResourceExistsError) as error:
            if getattr(error, "error_code", "") in CONTAINER_GOES:
                raise ContainerMissing("The container is being deleted. Create it again in a minute.") from error
            if getattr(error, "error_code", "") == "BlobArchived":
                raise InvalidText(
                    "The file is in the archive tier: move it to the hot, cool or cold tier first."
                ) from error
            raise VersionConflict("The blob is no longer the version that was read.") from error
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", "") == "ContainerNotFound":
                raise ContainerMissing("The container does not exist. Create it, or correct its name.") from error
            raise NotFound("There is no such blob.") from error
        except HttpResponseError as error:
            if error.status_code == HTTPStatus.PRECONDITION_FAILED:
                raise VersionConflict("The blob is no longer the version that was read.") from error
            raise _unavailable(error) from None
        except AzureError as error:
            raise _unavailable(error) from None


def with_decision_of(earlier: Any, result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result with the decision that the earlier one has, if both are of the same document."""
    if isinstance(earlier, dict) and "reviewed" in earlier and earlier.get("document") == result.get("document"):
        return {**result, "reviewed": earlier["reviewed"]}
    return result


def _as_json(result: Mapping[str, Any]) -> bytes:
    return json.dumps(result, ensure_ascii=False, indent=2).encode()


def _block(number: int) -> str:
    return f"{number:06d}"  # all ids of a file have one length


def _blob(found: BlobProperties) -> Blob:
    metadata = {key.lower(): value for key, value in (found.metadata or {}).items()}
    # In a listing, the ETag has no quotes, and an empty metadata entry is None.
    language = str(metadata.get("language") or "").strip()
    encoding = found.content_settings.content_encoding or ""
    return Blob(found.name, found.etag.strip('"'), found.size, found.last_modified, language, encoding)


def _unavailable(error: AzureError) -> StorageUnavailable:
    return StorageUnavailable(f"Blob storage request failed ({type(error).__name__}).", error)
