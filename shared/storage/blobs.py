"""Texts in, results out: the only module that knows Blob storage.

Dropped files are only ever read. A result lies at `{name}.json` in the results container.
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
from shared.domain.file_names import MAX_FILE_NAME, RESULT_SUFFIX, is_file_name
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
MAX_ANY = 20_000_000  # bytes of a labels file, or of a result: 100,000 documents need about half
# Where the Functions host and its deployments keep their state and secrets.
RESERVED = re.compile(r"azure-webjobs-.*|scm-releases|function-releases|app-package-.*")
# For half a minute or more after a container was deleted, the service answers 409 instead of 404.
CONTAINER_GOES = ("ContainerBeingDeleted", "ContainerBeingDisabled", "ContainerDisabled")
_TEXT = ContentSettings(content_type="text/plain")  # in whichever encoding it was sent
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
        """The file as it is now; None if there is none of that name."""
        try:
            with self._asked():
                found = self._file(self.container, name).get_blob_properties()
        except NotFound:
            return None
        return _blob(found)

    def page(self, marker: str, size: int, container: str = "") -> tuple[list[Blob], str]:
        """At most `size` files, and where the listing goes on ("" at its end); of another container if it is named."""
        with self._asked():
            listed = self._service.get_container_client(container or self.container)
            pages: Any = listed.list_blobs(include=["metadata"], results_per_page=size).by_page(marker or None)
            found = [_blob(one) for one in next(pages, [])]
            return found, pages.continuation_token or ""

    def read(self, name: str, etag: str) -> bytes:
        """The bytes of this very version, decoded where its Content-Encoding says gzip or deflate.

        Raises VersionConflict if there is another version now, NotFound if there is none, and InvalidText if it is
        archived, holds more than MAX_FILE bytes, or cannot be decoded.
        """
        blob = self._file(self.container, name)
        try:
            return self._content(blob, MAX_FILE, etag=f'"{etag}"', match_condition=MatchConditions.IfNotModified)
        except VersionConflict:
            if self.get_properties(name) is None:  # Azurite says 412 of a blob that is gone, Azure 404
                raise NotFound("There is no such blob.") from None
            raise

    def read_any(self, container: str, name: str) -> bytes:
        """The bytes of a file of any container of the account, such as a labels file; decoded as `read` does.

        Raises NotFound, and InvalidText for what holds more than MAX_ANY bytes, is archived or cannot be decoded.
        """
        if not CONTAINER_NAME.fullmatch(container):
            raise ContainerMissing(f"No container can have the name {container!r}.")
        return self._content(self._file(container, name), MAX_ANY)

    def require_writable(self, container: str) -> None:
        """Raise BadRequest for a container that documents, results or the platform's own files are kept in."""
        used = container in (self.container, self.results) or RESERVED.fullmatch(container)
        if used or not CONTAINER_NAME.fullmatch(container):
            raise BadRequest(
                f"Nothing may be written to container {container[:MAX_FILE_NAME]!r}: documents, results or files of "
                "Azure itself are kept there. Keep training texts and their labels in a container of their own."
            )

    def write_any(self, container: str, name: str, content: bytes, replaces: Callable[[bytes], bool]) -> None:
        """Write a JSON file of another container, in place of none or of one whose content `replaces` accepts.

        The write is conditional on the version that was looked at. Raises BadRequest for a reserved container or an
        impossible name, and Conflict for a file that is not replaced.
        """
        self.require_writable(container)
        if not is_file_name(name) or len(name) > MAX_FILE_NAME:
            raise BadRequest(f"No file can have the name {name[:MAX_FILE_NAME]!r}.")
        blob = self._file(container, name)
        for _ in range(TRIES):
            with suppress(VersionConflict):
                self._put(blob, content, self._replaceable(blob, replaces))
                return
        raise StorageUnavailable(f"{name} cannot be written: something else keeps changing or holding it.")

    def result(self, name: str) -> Any:
        """The result of a file, decoded; None if it has none yet, or what is there is no JSON."""
        try:
            return json.loads(self._content(self._file(self.results, name + RESULT_SUFFIX), MAX_ANY))
        except (NotFound, ContainerMissing, InvalidText, ValueError, RecursionError):
            return None

    def write_result(self, name: str, etag: str, result: Mapping[str, Any]) -> bool:
        """Write the result of this version of a file, if the file is still that version; False if it is not.

        The first try is for a file without a result, and fails if there is one. Then that is looked at, the source once
        more, and the write is conditional on the result that was looked at: a newer version's result either was there
        (then the source had moved on), or makes the condition fail.
        """
        seen = ""
        for _ in range(TRIES):
            source = self.get_properties(name)
            if source is None or source.etag != etag:
                return False
            try:
                blob = self._file(self.results, name + RESULT_SUFFIX)
                self._put(blob, json.dumps(result, ensure_ascii=False, indent=2).encode(), seen)
            except ContainerMissing:
                self._make_results()
            except VersionConflict:
                seen = self._result_etag(name)
            else:
                return True
        raise StorageUnavailable(
            f"The result of {name} cannot be written: something else keeps changing or holding it."
        )

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
        """Keep block `number` (from 0; never empty) of a file of the results container that is not there yet."""
        self._make_results()
        with self._asked():
            self._file(self.results, name).stage_block(_block(number), content)

    def commit_blocks(self, name: str, blocks: int, content_type: str) -> None:
        """Make the file of the blocks that were staged; done twice, it is the same file."""
        self._make_results()
        with self._asked():
            self._file(self.results, name).commit_block_list(
                [BlobBlock(_block(number)) for number in range(blocks)],
                content_settings=ContentSettings(content_type=content_type),
            )

    def part(self, name: str, start: int, length: int) -> tuple[bytes, int]:
        """At most `length` bytes of a file of the results container, from byte `start` on, and the size of the whole.

        Empty where `start` is behind the end. Raises NotFound, and VersionConflict if the file is replaced meanwhile.
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
        """Whether the documents container is there; raises StorageUnavailable if nobody answers."""
        with self._asked():
            return self._service.get_container_client(self.container).exists()

    def _file(self, container: str, name: str) -> BlobClient:
        """Raises NotFound for what no file can be called: on the way such a name would become another path."""
        if not is_file_name(name):
            raise NotFound("There is no such blob.")
        return self._service.get_blob_client(container, name)

    def _content(self, blob: BlobClient, largest: int, **condition: Any) -> bytes:
        """At most `largest` bytes. The SDK's own decompression has no bound, so it is switched off."""
        with self._asked():
            found = blob.download_blob(decompress=False, **condition)
            if found.size > largest:
                raise InvalidText(f"The file has {found.size:,} bytes; at most {largest:,} are read.")
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
        """The ETag of the file if `replaces` accepts it, "" if there is none. Raises Conflict, VersionConflict."""
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
            raise Conflict(f"File {where} is not one that may be replaced: choose another name, or delete it first.")
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
        """Storage's errors become ours at this border."""
        try:
            with Deadline(STORAGE_SECONDS):
                yield
        except (ResourceModifiedError, ResourceExistsError) as error:
            if getattr(error, "error_code", "") in CONTAINER_GOES:
                raise ContainerMissing("The container is being deleted. Create it again in a minute.") from error
            if getattr(error, "error_code", "") == "BlobArchived":
                raise InvalidText(
                    "The file is in the archive tier: bring it back to hot, cool or cold first."
                ) from error
            raise VersionConflict("The blob is no longer the version that was read.") from error
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", "") == "ContainerNotFound":
                raise ContainerMissing("The container is not there. Create it, or correct its name.") from error
            raise NotFound("There is no such blob.") from error
        except HttpResponseError as error:
            if error.status_code == HTTPStatus.PRECONDITION_FAILED:
                raise VersionConflict("The blob is no longer the version that was read.") from error
            raise _unavailable(error) from None
        except AzureError as error:
            raise _unavailable(error) from None


def _block(number: int) -> str:
    return f"{number:06d}"  # all ids of a file have one length


def _blob(found: BlobProperties) -> Blob:
    metadata = {key.lower(): value for key, value in (found.metadata or {}).items()}
    # A listing spells the ETag without quotes, a look at one file with them; an empty entry is None in a listing.
    language = str(metadata.get("language") or "").strip()
    encoding = found.content_settings.content_encoding or ""
    return Blob(found.name, found.etag.strip('"'), found.size, found.last_modified, language, encoding)


def _unavailable(error: AzureError) -> StorageUnavailable:
    return StorageUnavailable(f"Blob storage request failed ({type(error).__name__}).", error)
