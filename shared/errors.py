"""Every error, with the HTTP status that a caller gets for it.

TextdropError                    500
├── SettingsError                500  app settings are missing or wrong; names all of them
├── BadRequest                   400  the caller's request is invalid
├── LengthRequired               411  the request's body came without its length, and the host dropped it
├── ContentTooLarge              413  the request's body is larger than its route accepts
├── UnsupportedMediaType         415  the request's body is neither JSON nor, where that is accepted, plain text
├── NotFound                     404  the document, job, operation or route does not exist
├── Conflict                     409  another operation is under way, or the name is in use
├── NoResult                     409  a document has ended without a result, or its result was deleted
├── FileGone                     410  this version of a file no longer exists
├── RangeNotSatisfiable          416  the file does not have the requested part
├── NotSupported                 501  the protocol in use has no such operation
├── VersionConflict              409  a row or blob is no longer the version that was read
├── StorageUnavailable           503  a request to Table or Blob storage failed
│   └── ContainerMissing         503  the container itself does not exist
├── InvalidText                  (never reaches a caller: the document ends as failed)
└── LanguageError                502  a request to the Language service failed
    ├── Rejected                 400  it rejected the request itself (400, 413, 415, 422)
    ├── ResourceNotFound         404  it has no such project, model, deployment or job
    ├── Busy                     409  it cannot do this now, for example during a training
    │   └── AlreadyExists        409  a project of this name exists
    ├── InvalidResponse          502  its answer could not be parsed
    ├── Unexpected               502  a status that it never answers with: something else has this address
    └── TransientError           503  not caused by the request: wait, then retry
        ├── Throttled            503  429
        ├── QuotaSpent           503  403 with the quota text
        ├── GateClosed           503  the gate is closed: no request was sent
        ├── AccessDenied         502  401, 403: the key, the role or the network rules
        └── Unavailable          503  5xx, a time-out, no connection
"""

from __future__ import annotations

from typing import NamedTuple


class TextdropError(Exception):
    """The root. `status` is what an HTTP caller gets, `code` a constant for programs, str(error) a sentence for people.

    A code is part of the API: it is a literal, and does not change when a class is renamed.
    """

    status = 500
    code = "InternalError"


class SettingsError(TextdropError):
    """App settings are missing or wrong. The message names all of them, but not their values.

    `faults`: one for each setting, starting with its name.
    """

    code = "SettingsError"

    def __init__(self, message: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class Fault(NamedTuple):
    """A problem with a field of a request, in a sentence. `field`: its path, such as tasks[0].deploymentName."""

    field: str
    message: str


class BadRequest(TextdropError):
    """`details`: each fault, if the message is about fields of a body or parameters."""

    status = 400
    code = "BadRequest"

    def __init__(self, message: str, details: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.details = details


class LengthRequired(TextdropError):
    status = 411
    code = "LengthRequired"


class ContentTooLarge(TextdropError):
    status = 413
    code = "ContentTooLarge"


class UnsupportedMediaType(TextdropError):
    status = 415
    code = "UnsupportedMediaType"


class NotFound(TextdropError):
    status = 404
    code = "ResourceNotFound"


class Conflict(TextdropError):
    status = 409
    code = "Conflict"


class NoResult(TextdropError):
    """A document has no result and will not get one. `code`: the reason."""

    status = 409

    def __init__(self, message: str, code: str = "NoResult") -> None:
        super().__init__(message)
        self.code = code


class FileGone(TextdropError):
    status = 410
    code = "FileGone"


class RangeNotSatisfiable(TextdropError):
    status = 416
    code = "RangeNotSatisfiable"


class NotSupported(TextdropError):
    status = 501
    code = "NotSupported"


class VersionConflict(TextdropError):
    """A row or a blob has changed since it was read: read it again."""

    status = 409
    code = "VersionConflict"


class StorageUnavailable(TextdropError):
    """A storage request failed.

    `trouble`: what the SDK raised. It is no `__cause__`, as a traceback would print its text, which may show an address
    with its signature.
    """

    status = 503
    code = "StorageUnavailable"

    def __init__(self, message: str, trouble: Exception | None = None) -> None:
        super().__init__(message)
        self.trouble = trouble


class ContainerMissing(StorageUnavailable):
    code = "ContainerNotFound"


class InvalidText(TextdropError):
    """The text of a document cannot be classified; the message is for the person who dropped it."""

    status = 422
    code = "InvalidText"


class LanguageError(TextdropError):
    """A request to the Language service failed.

    `retry_after`: the service's Retry-After in seconds, or None. `sent`: whether the service may have received and
    accepted the request although it failed.
    """

    status = 502
    code = "LanguageError"
    sent = False

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Rejected(LanguageError):
    status = 400
    code = "Rejected"


class ResourceNotFound(LanguageError):
    status = 404
    code = "ResourceNotFound"


class Busy(LanguageError):
    status = 409
    code = "Busy"


class AlreadyExists(Busy):
    """A project with this name already exists."""

    code = "AlreadyExists"


class InvalidResponse(LanguageError):
    code = "InvalidResponse"
    sent = True


class Unexpected(LanguageError):
    code = "UnexpectedResponse"


class TransientError(LanguageError):
    """The request was not processed. The same request may succeed later."""

    status = 503
    code = "TransientError"


class Throttled(TransientError):
    code = "Throttled"


class GateClosed(TransientError):
    """The gate is closed: no call was made."""

    code = "GateClosed"


class QuotaSpent(TransientError):
    code = "QuotaExceeded"


class AccessDenied(TransientError):
    status = 502
    code = "AccessDenied"


class Unavailable(TransientError):
    """The service could not be reached or failed."""

    code = "LanguageUnavailable"

    def __init__(self, message: str, retry_after: float | None = None, *, sent: bool = False) -> None:
        super().__init__(message, retry_after)
        self.sent = sent
