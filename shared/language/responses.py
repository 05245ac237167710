"""Converts an HTTP response of the Language service to its content or to an error. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property

from shared.errors import (
    AccessDenied,
    Busy,
    InvalidResponse,
    LanguageError,
    QuotaSpent,
    Rejected,
    ResourceNotFound,
    Throttled,
    Unavailable,
    Unexpected,
)
from shared.language import bounded_json

MAX_BYTES = 8 * 2**20
"""Bytes of a response, or of all pages. An evaluation of 200 classes with a full confusion matrix is smaller."""
MAX_ERROR_BYTES = 2**16
BYTES_PER_TOKEN = 16
"""The maximum number of strings and values is the limit of bytes divided by this: each needs about 100 bytes."""
MAX_BACKOFF = 86_400.0
"""Seconds: one day. For a spent quota the service asks to wait for days, but the quota may be raised earlier."""
QUOTA_TEXT = "Out of call volume quota"

ERRORS: Mapping[int, type[LanguageError]] = {
    303: InvalidResponse,  # See Other: accepted, but without a usable link to the job
    400: Rejected,
    401: AccessDenied,
    403: AccessDenied,
    404: ResourceNotFound,
    408: Throttled,
    409: Busy,
    410: ResourceNotFound,
    413: Rejected,
    415: Rejected,
    422: Rejected,
    429: Throttled,
    **dict.fromkeys(range(500, 600), Unavailable),
}
"""Every other status is Unexpected."""
FORBIDDEN, NOT_TAKEN = 403, 503


@dataclass(frozen=True)
class Response:
    """A 2xx response, or that of an error.

    `headers` have names in lower case. `retry_after`: seconds to wait before the next request, or None.
    `cleaned` removes the credential from a JSON value; it is already removed from the headers.
    """

    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    max_tokens: int = MAX_BYTES // BYTES_PER_TOKEN
    cleaned: Callable[[object], object] = lambda value: value

    @cached_property
    def body(self) -> object:
        """The parsed JSON. Raises InvalidResponse for anything else, and beyond `max_tokens` strings and values."""
        return self._decoded(self.max_tokens)

    def file(self) -> bytes:
        """The JSON as a file, without the credential. Raises InvalidResponse for anything else."""
        value = self._decoded(bounded_json.MAX_FILE_TOKENS)
        try:
            return json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:  # half a character
            return json.dumps(value).encode()

    def _decoded(self, max_tokens: int) -> object:
        try:
            return self.cleaned(bounded_json.decode(self.content, max_tokens))
        except bounded_json.TooManyValues as error:
            raise InvalidResponse(f"The Language service's answer has {error}.") from None
        except (ValueError, RecursionError):  # their text may contain what must not be logged
            raise InvalidResponse("The Language service's answer is not JSON, or nested too deep.") from None


def error_of(status: int, answer: Response) -> LanguageError:
    """The error of a response other than 2xx."""
    said, wait = _said(answer), answer.retry_after
    kind = QuotaSpent if status == FORBIDDEN and QUOTA_TEXT in said else ERRORS.get(status, Unexpected)
    message = f"The Language service answered {status}" + (f": {said}" if said else ".")
    if kind is Unavailable:
        return Unavailable(message, wait, sent=status != NOT_TAKEN)
    return kind(message, wait)


def reason(error: object) -> str:
    """The message of the service's error object with those of its inner errors; "" if there is none. Never raises."""
    messages: dict[str, None] = {}
    for _ in range(5):
        if not isinstance(error, dict):
            break
        said = error.get("message") or error.get("code")
        if isinstance(said, str):
            messages[said] = None
        error = error.get("innererror")
    return brief(" ".join(messages))


def brief(text: str, length: int = 500) -> str:
    """`text` on one line of at most `length` characters, for a log, a row or a message."""
    line = " ".join(writable(text).split())
    return line if len(line) <= length else line[: length - 1] + "…"


def writable(text: str) -> str:
    """`text` without half characters (lone surrogates), which JSON can represent, but not a file or a row."""
    return text.encode("utf-8", "replace").decode()


def retry_after(header: str | None, now: datetime) -> float | None:
    """The seconds of a Retry-After header, which has seconds or an HTTP date; at most MAX_BACKOFF."""
    if header is None:
        return None
    if re.fullmatch(r"\s*\d+(\.\d+)?\s*", header, re.ASCII):
        return min(float(header), MAX_BACKOFF)
    try:
        date = parsedate_to_datetime(header)
        seconds = (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), MAX_BACKOFF)


def _said(answer: Response) -> str:
    try:
        body = answer.body
    except InvalidResponse:
        return ""
    return reason(body.get("error", body)) if isinstance(body, dict) else ""
