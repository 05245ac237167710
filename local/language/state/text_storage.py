"""Reads training texts and labels files from Blob storage. No other module of this service uses blobs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, LinearRetry

from local.errors import SetupError
from local.language.protocol.service_errors import ServiceError, WireError, bad_parameter

_READERS = 8
_MAX_BYTES = 64 * 1024 * 1024  # of a file; no valid text or labels file is larger
_MAX_CHARACTERS = 1024  # of a blob name, the limit of Azure
_CONTAINER = re.compile(r"\$root|(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")  # the rule of Azure
_PATH_STEPS = {"", ".", ".."}  # would address something else than a blob of the container
_RETRY = LinearRetry(backoff=1, retry_total=2, random_jitter_range=0)  # the default would retry for almost a minute


class TextStorage:
    """Reads blobs. Its methods raise a ServiceError that says what is wrong with the account or the container."""

    def __init__(self, connection_string: str) -> None:
        try:
            self._client = BlobServiceClient.from_connection_string(
                connection_string, connection_timeout=5, read_timeout=20, retry_policy=_RETRY
            )
        except ValueError as error:  # its message may quote the connection string
            raise SetupError("The storage connection string is not valid.") from error

    def read(self, container: str, name: str) -> bytes:
        """The content of a file. Raises a 400 ServiceError if it does not exist or is too large."""
        content = self._read(container, name)
        if content is None:
            raise bad_parameter(f"There is no file {name!r} in the container {container!r}, or it is too large.")
        return content

    def texts(self, container: str, names: Sequence[str]) -> Mapping[str, str | None]:
        """The texts by file name; None for a file that does not exist, is too large or is not text."""
        with ThreadPoolExecutor(_READERS) as readers:
            texts = readers.map(lambda name: _text(self._read(container, name)), names)
            return dict(zip(names, texts, strict=True))

    def require(self, container: str) -> None:
        """Raises a ServiceError unless the container can be read."""
        try:
            self._client.get_container_client(_name(container)).get_container_properties()
        except (AzureError, ValueError) as error:
            raise _error(container, error) from error

    def close(self) -> None:
        self._client.close()

    def _read(self, container: str, name: str) -> bytes | None:
        if not _valid_name(name):
            return None
        try:
            download = self._client.get_blob_client(_name(container), name).download_blob()
            return download.readall() if download.size <= _MAX_BYTES else None
        except ResourceNotFoundError as error:
            if getattr(error, "error_code", None) == "BlobNotFound":
                return None
            raise _error(container, error) from error
        except (AzureError, ValueError) as error:
            raise _error(container, error) from error


def decoded(content: bytes) -> str:
    """The text of a file in UTF-8, or in UTF-16 with a byte order mark. Raises ValueError."""
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return content.decode("utf-16" if marked else "utf-8-sig")


def _valid_name(name: str) -> bool:
    """Whether a blob can have this name."""
    encoded = name.encode("utf-8", "ignore").decode()
    return len(name) <= _MAX_CHARACTERS and encoded == name and _PATH_STEPS.isdisjoint(name.split("/"))


def _name(container: str) -> str:
    """Raises ValueError if a container cannot have this name."""
    if not _CONTAINER.fullmatch(container):
        raise ValueError(container)
    return container


def _text(content: bytes | None) -> str | None:
    try:
        return None if content is None else decoded(content)
    except ValueError:
        return None


def _error(container: str, error: Exception) -> ServiceError:
    if isinstance(error, ResourceNotFoundError):
        return bad_parameter(f"There is no container {container!r} in the storage account.")
    if isinstance(error, HttpResponseError):
        status = f"the storage account returned {error.status_code}"
        reason = status if error.status_code else "the account key is not valid"  # no request was sent
        return bad_parameter(
            f"The container {container!r} cannot be read: {reason}. Check the name and the permissions."
        )
    if isinstance(error, ValueError):
        return bad_parameter(f"{container!r} cannot be the name of a container.")
    return ServiceError(503, WireError("ServiceUnavailable", "The storage account cannot be reached."))
