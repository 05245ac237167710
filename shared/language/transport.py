"""HTTP client for the Language service: one session, which converts errors to ours. Only it uses requests.

A request that the service may have received is not sent again, except a GET. Redirects are not followed. The key or
token is sent to the configured endpoint only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from urllib.parse import quote, urlencode

import requests
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProtocolError, ProxyError
from urllib3.util import Retry

from shared.errors import AccessDenied, InvalidResponse, Rejected, SettingsError, Unavailable
from shared.language.deadlines import Deadline, Session, session_with_deadlines
from shared.language.endpoint import Endpoint
from shared.language.redaction import Redaction, redaction
from shared.language.responses import BYTES_PER_TOKEN, MAX_BYTES, MAX_ERROR_BYTES, Response, error_of, retry_after

TIMEOUTS = (5.0, 30.0)
"""Seconds to connect, and to wait for each part of a response."""
SECONDS = 60.0
"""For a whole call, from token to response, or for all pages of a listing. Half of any grace period."""
CONNECTIONS = 32
CHUNK = 2**14
CONNECTING = Retry(
    total=2, connect=2, read=False, redirect=0, status=0, other=0, backoff_factor=0.1, respect_retry_after_header=False
)
"""Only setting up a connection is tried again. `read=False` is `read=0` with the plain error."""
LINKS = ("operation-location", "location")
LATE = "The Language service did not answer in time."
MALFORMED = (ValueError, HTTPException, HTTPError)
"""What HTTP clients raise besides their own errors for an answer that is not HTTP, such as a chunk of -5 bytes."""
_SECRET = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class _Credential(AuthBase):
    header: str
    secret: str = field(repr=False)
    scheme: str = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self.header] = self.scheme + self.secret
        return request


class Allowance:
    """The limits of all responses to one request, or to all pages of a listing: seconds from now, and bytes."""

    def __init__(self, seconds: float, size: int) -> None:
        self._end = monotonic() + seconds
        self.size = self.left = size

    @property
    def seconds(self) -> float:
        return self._end - monotonic()


class Transport:
    """One session with the service; safe to share between threads."""

    def __init__(
        self,
        endpoint: str,
        *,
        key: str | None,
        token: Callable[[], str] | None,
        timeouts: tuple[float, float] = TIMEOUTS,
        seconds: float = SECONDS,
    ) -> None:
        """Raise SettingsError for an endpoint or a key that cannot be used.

        `token` returns a bearer token. It is called before every request if there is no key.
        `timeouts`, `seconds`: see TIMEOUTS, SECONDS.
        """
        if not key and not token:
            raise SettingsError("LANGUAGE_KEY is missing, and there is no identity to use instead.")
        if key and not _SECRET.fullmatch(key):
            raise SettingsError("LANGUAGE_KEY holds a character that no key has, such as a space or a line break.")
        self.endpoint = Endpoint.of(endpoint)
        self._key, self._token = key, token
        self._timeouts = timeouts
        self._seconds = seconds
        self._session = _session(trust_env=self.endpoint.encrypted)

    @property
    def sent(self) -> int:
        """How many requests were sent so far."""
        return self._session.sent

    def close(self) -> None:
        self._session.close()

    def allowance(self, size: int = MAX_BYTES) -> Allowance:
        """For a call, or for all pages of a listing."""
        return Allowance(self._seconds, size)

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
        allowance: Allowance | None = None,
    ) -> Response:
        """Send one request and return its response, or raise its LanguageError. `path`: from `endpoint.path`."""
        url = self.endpoint.url + path + ("?" + urlencode(query, safe="$", quote_via=quote) if query else "")
        data = None if body is None else _encoded(body)
        allowance = allowance or self.allowance()
        with Deadline(allowance.seconds) as deadline:
            credential = self._credential()
            try:
                send = partial(self._send, method, url, data, content_type, credential)
                with _sent(send, method, deadline) as response:
                    return _outcome(response, redaction(credential.secret), allowance, deadline)
            except requests.RequestException as error:  # its text may contain the response, and so the key
                why = LATE if deadline.passed else _unreachable(error)
                raise Unavailable(why, sent=_may_have_arrived(error)) from None
            except MALFORMED as error:
                raise _malformed(error) from None

    def _send(
        self, method: str, url: str, data: bytes | None, content_type: str, credential: _Credential
    ) -> requests.Response:
        """Send a request. The body of its response has not been read yet."""
        return self._session.request(
            method,
            url,
            data=data,
            headers={} if data is None else {"Content-Type": content_type},
            auth=credential,
            timeout=self._timeouts,
            allow_redirects=False,
            stream=True,
        )

    def job_id(self, answer: Response) -> str:
        """The id of the job that `answer` says was started.

        From the header `operation-location` (recorded) or `location` (quickstart). Raises InvalidResponse if there is
        none, or no id in it.
        """
        link = next(filter(None, map(answer.headers.get, LINKS)), "")
        if not link:
            raise InvalidResponse("The Language service began a job but did not say where to ask about it.")
        job = self.endpoint.job_id(link)
        if answer.cleaned(job) != job:
            raise InvalidResponse("The Language service named a job after the key.")
        return job

    def _credential(self) -> _Credential:
        if self._key:
            return _Credential("Ocp-Apim-Subscription-Key", self._key)
        try:
            token = self._token() if self._token else ""
        except Exception as error:
            raise AccessDenied(f"The identity gave no token ({type(error).__name__}).") from error
        if not _SECRET.fullmatch(token):
            raise AccessDenied("The identity gave a token that cannot be sent.")
        return _Credential("Authorization", token, "Bearer ")


def _session(*, trust_env: bool) -> Session:
    """A session that only keeps connections. Unencrypted requests do not use a proxy."""
    session = session_with_deadlines(CONNECTING, CONNECTIONS)
    session.trust_env = trust_env
    session.headers.update({"Accept": "application/json", "User-Agent": "textdrop"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _sent(send: Callable[[], requests.Response], method: str, deadline: Deadline) -> requests.Response:
    """A GET whose connection is closed before an answer is sent once more.

    A server may close a connection that was idle just as the next request arrives.
    """
    try:
        return send()
    except requests.ConnectionError as error:
        if method != "GET" or deadline.passed or not isinstance(_cause(error), ProtocolError):
            raise
        return send()


def _encoded(body: object) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise Rejected("A text contains half a character (a lone surrogate), which cannot be sent.") from error


def _outcome(response: requests.Response, clean: Redaction, allowance: Allowance, deadline: Deadline) -> Response:
    headers = {name.lower(): clean.text(value) for name, value in response.headers.items()}
    wait = retry_after(headers.get("retry-after"), datetime.now(UTC))
    max_tokens = allowance.size // BYTES_PER_TOKEN
    if response.status_code // 100 == requests.codes.ok // 100:
        return Response(_content(response, allowance, deadline), headers, wait, max_tokens, clean.value)
    raise error_of(response.status_code, Response(_beginning(response), headers, wait, max_tokens, clean.value))


def _content(response: requests.Response, allowance: Allowance, deadline: Deadline) -> bytes:
    """The whole body; b"" if a job was started: its link is in the headers, and the body is not needed."""
    try:
        return _whole(response, allowance, deadline)
    except (requests.RequestException, InvalidResponse):
        if response.request.method == "GET" or not any(link in response.headers for link in LINKS):
            raise
        return b""


def _whole(response: requests.Response, allowance: Allowance, deadline: Deadline) -> bytes:
    content = bytearray()
    for chunk in _chunks(response):
        content += chunk
        allowance.left -= len(chunk)
        if allowance.left < 0:
            raise InvalidResponse(f"The Language service's answer is longer than {allowance.size:,} bytes.")
    if deadline.passed:
        raise requests.Timeout  # without a length, a truncated response looks like a complete one
    return bytes(content)


def _beginning(response: requests.Response) -> bytes:
    """The received part of an error's body. That is enough, because the status is known."""
    content = bytearray()
    with suppress(requests.RequestException, InvalidResponse):
        for chunk in _chunks(response):
            content += chunk
            if len(content) > MAX_ERROR_BYTES:
                break
    return bytes(content)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    try:
        yield from response.iter_content(CHUNK)
    except requests.RequestException:  # some of them are ValueErrors too
        raise
    except MALFORMED as error:
        raise _malformed(error) from None


def _malformed(error: Exception) -> InvalidResponse:
    """Without the error's text, which may repeat what came."""
    return InvalidResponse(f"The Language service's answer is not valid HTTP ({type(error).__name__}).")


def _may_have_arrived(error: requests.RequestException) -> bool:
    """False for errors in setting up the connection, which are certain to be before the request."""
    return not isinstance(getattr(_cause(error), "reason", None), ConnectTimeoutError | ProxyError)


def _cause(error: requests.RequestException) -> object:
    """What urllib3 raised."""
    return error.args[0] if error.args else None


def _unreachable(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return LATE
    return f"The Language service cannot be reached ({type(error).__name__})."
