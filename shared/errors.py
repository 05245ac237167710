"""What can go wrong, and the HTTP status each trouble has when a caller must hear of it.

TextdropError                    500
├── SettingsError                500  app settings are missing or wrong; names every one of them
├── BadRequest                   400  the caller's request cannot be taken as it is
├── ContentTooLarge              413  the request's body is larger than its route takes
├── UnsupportedMediaType         415  the request's body is neither JSON nor, where that is taken, plain text
├── NotFound                     404  there is no such thing here
├── Conflict                     409  something else is under way, or the name is taken
├── NoResult                     409  a document has ended without a result, or its result is no longer there
├── RangeNotSatisfiable          416  the file has no such part
├── NotSupported                 501  the chosen protocol has no such operation
├── Moved                        409  a row or blob is no longer the version that was read
├── StorageUnavailable           503  Table or Blob storage did not answer
│   └── ContainerMissing         503  the container itself is not there
├── Unreadable                   (never reaches a caller: it ends as a failed document)
└── LanguageError                502  the Language service's side
    ├── Rejected                 400  it refused the request itself (400, 413, 415, 422)
    ├── Unknown                  404  it has no such project, model, deployment or job
    ├── Busy                     409  it cannot do this now, for example during a training
    │   └── Taken                409  there is a project of this name already
    ├── Garbled                  502  its answer could not be understood
    ├── Unexpected               502  a status that it never answers with: something else stands at the address
    └── Closed                   503  no fault of the request: wait, then come again
        ├── Throttled            503  429
        ├── QuotaSpent           503  403 with the quota text
        ├── Shut                 503  the gate is closed: the call was not begun
        ├── Refused              502  401, 403: the key, the role or the network rules
        └── Unavailable          503  5xx, a time-out, no connection
"""

from __future__ import annotations


class TextdropError(Exception):
    """The root. `status` is what an HTTP caller gets, `code` a word for programs, str(error) a sentence for people."""

    status = 500

    @property
    def code(self) -> str:
        return type(self).__name__


class SettingsError(TextdropError):
    """App settings are missing or wrong; the message names all of them, never their values.

    `faults`: what is wrong, one by one; each begins with the setting's name.
    """

    def __init__(self, message: str, faults: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults


class BadRequest(TextdropError):
    status = 400


class ContentTooLarge(TextdropError):
    status = 413


class UnsupportedMediaType(TextdropError):
    status = 415


class NotFound(TextdropError):
    status = 404


class Conflict(TextdropError):
    status = 409


class NoResult(TextdropError):
    """A document has no result, and asking again does not change that. `code` says in a word why."""

    status = 409

    def __init__(self, message: str, code: str = "NoResult") -> None:
        super().__init__(message)
        self._code = code

    @property
    def code(self) -> str:
        return self._code


class RangeNotSatisfiable(TextdropError):
    status = 416


class NotSupported(TextdropError):
    status = 501


class Moved(TextdropError):
    """A row or a blob is no longer the version that was read: read again and decide again."""

    status = 409


class StorageUnavailable(TextdropError):
    """Storage did not do what was asked.

    `trouble`: what the SDK raised. It is no `__cause__`, as a traceback would print its text, which may show an address
    with its signature.
    """

    status = 503

    def __init__(self, message: str, trouble: Exception | None = None) -> None:
        super().__init__(message)
        self.trouble = trouble


class ContainerMissing(StorageUnavailable):
    pass


class Unreadable(TextdropError):
    """The text of a document cannot be classified; the message says why, in words for whoever dropped it."""

    status = 422


class LanguageError(TextdropError):
    """The Language service did not do what was asked.

    `retry_after`: seconds the service asked to wait, or None. `sent`: whether a request that begins something may have
    begun it all the same.
    """

    status = 502
    sent = False

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Rejected(LanguageError):
    status = 400


class Unknown(LanguageError):
    status = 404


class Busy(LanguageError):
    status = 409


class Taken(Busy):
    """There is a project of the name that another was to be created with."""


class Garbled(LanguageError):
    sent = True


class Unexpected(LanguageError):
    pass


class Closed(LanguageError):
    """Not the request's fault. Nothing was done, and the same request may succeed later."""

    status = 503


class Throttled(Closed):
    pass


class Shut(Closed):
    """Our own gate is closed: no call was begun."""


class QuotaSpent(Closed):
    pass


class Refused(Closed):
    status = 502


class Unavailable(Closed):
    """The service could not be reached or failed."""

    def __init__(self, message: str, retry_after: float | None = None, *, sent: bool = False) -> None:
        super().__init__(message, retry_after)
        self.sent = sent
