"""Training texts and labels files, read from Blob storage. The only module here that knows blobs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, LinearRetry

from local.errors import SetupError
from local.language.protocol.service_errors import ServiceError, WireError, bad_parameter

_READERS = 8
_MOST_BYTES = 64 * 1024 * 1024  # of a file: far more than any text or labels file that is taken
_MOST_CHARACTERS = 1024  # of a file's name, as Azure has it
_CONTAINER = re.compile(r"\$root|(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")  # as Azure has it
_AROUND = {"", ".", ".."}  # what addresses of other things are made with: no file is called so
_RETRY = LinearRetry(backoff=1, retry_total=2, random_jitter_range=0)  # the default waits for most of a minute


class TextStorage:
    """Reads with a connection string. Its methods raise a ServiceError that says what is wrong with the storage."""

    def __init__(self, connection_string: str) -> None:
        try:
            self._client = BlobServiceClient.from_connection_string(
                connection_string, connection_timeout=5, read_timeout=20, retry_policy=_RETRY
            )
        except ValueError as error:  # its text may quote the connection string
            raise SetupError("The storage connection string cannot be understood.") from error

    def read(self, container: str, name: str) -> bytes:
        """A file that must be there."""
        found = self._read(container, name)
        if found is None:
            raise bad_parameter(f"There is no file {name!r} in the container {container!r}, or it is too large.")
        return found

    def texts(self, container: str, names: Sequence[str]) -> Mapping[str, str | None]:
        """The texts of the named files; None for one that is not there, too large or no text."""
        with ThreadPoolExecutor(_READERS) as readers:
            found = readers.map(lambda name: _text(self._read(container, name)), names)
            return dict(zip(names, found, strict=True))

    def require(self, container: str) -> None:
        """Raises unless the container is there and can be read."""
        try:
            self._client.get_container_client(_name(container)).get_container_properties()
        except (AzureError, ValueError) as error:
            raise _trouble(container, error) from error

    def close(self) -> None:
        self._client.close()

    def _read(self, container: str, name: str) -> bytes | None:
        if not _possible(name):
            return None
        try:
            found = self._client.get_blob_client(_name(container), name).download_blob()
            return found.readall() if found.size <= _MOST_BYTES else None
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", None) == "BlobNotFound":
                return None
            raise _trouble(container, error) from error
        except (AzureError, ValueError) as error:
            raise _trouble(container, error) from error


def decoded(content: bytes) -> str:
    """The text of a file in UTF-8 or, with a byte order mark, UTF-16. Raises ValueError."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return content.decode("utf-16" if marked else "utf-8-sig")


def _possible(name: str) -> bool:
    """Whether a file can be called so."""
    encoded = name.encode("utf-8", "ignore").decode()
    return len(name) <= _MOST_CHARACTERS and encoded == name and _AROUND.isdisjoint(name.split("/"))


def _name(container: str) -> str:
    """Raises ValueError for what cannot be the name of a container."""
    if not _CONTAINER.fullmatch(container):
        raise ValueError(container)
    return container


def _text(content: bytes | None) -> str | None:
    try:
        return None if content is None else decoded(content)
    except ValueError:
        return None


def _trouble(container: str, error: Exception) -> ServiceError:
    if isinstance(error, ResourceNotFoundError):
        return bad_parameter(f"There is no container {container!r} in the storage account.")
    if isinstance(error, HttpResponseError):
        answered = f"the storage account answered {error.status_code}"
        reason = answered if error.status_code else "the account's key is none"  # it was not even asked
        return bad_parameter(
            f"The container {container!r} cannot be read: {reason}. Check the name and the permissions."
        )
    if isinstance(error, ValueError):
        return bad_parameter(f"{container!r} cannot be the name of a container.")
    return ServiceError(503, WireError("ServiceUnavailable", "The storage account does not answer."))
