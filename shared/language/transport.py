"""The road to the Language service: one session, one seam for what goes wrong. The only module that knows requests.

Nothing that may have arrived is sent twice, no redirect is followed, and the key or token goes to the configured
endpoint only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookiejar import DefaultCookiePolicy
from urllib.parse import quote, urlencode

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import ConnectTimeoutError, ProxyError
from urllib3.util import Retry

from shared.errors import Garbled, Refused, Rejected, SettingsError, Unavailable
from shared.language.answers import LENGTH_LIMIT, Answer, error_of, retry_after
from shared.language.endpoint import Endpoint

TIMEOUTS = (5.0, 30.0)
"""Seconds to connect, and to wait for each part of an answer."""
CONNECTIONS = 32
CONNECTING = Retry(
    total=2, connect=2, read=False, redirect=0, status=0, other=0, backoff_factor=0.1, respect_retry_after_header=False
)
"""Only setting up a connection is tried again. `read=False` is `read=0` with the plain error."""
LINKS = ("operation-location", "location")
_SECRET = re.compile(r"[!-~]+")


@dataclass(frozen=True)
class _Credential(AuthBase):
    header: str
    secret: str = field(repr=False)
    scheme: str = ""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self.header] = self.scheme + self.secret
        return request


class Transport:
    """One session with the service; safe to share between threads."""

    def __init__(
        self,
        endpoint: str,
        *,
        key: str | None,
        token: Callable[[], str] | None,
        timeouts: tuple[float, float] = TIMEOUTS,
    ) -> None:
        """Raise SettingsError for an endpoint or a key that cannot be used.

        `token` gives a bearer token; it is asked before every request if there is no key. `timeouts`: see TIMEOUTS.
        """
        if not key and not token:
            raise SettingsError("LANGUAGE_KEY is missing, and there is no identity to use instead.")
        if key and not _SECRET.fullmatch(key):
            raise SettingsError("LANGUAGE_KEY holds a character that no key has, such as a space or a line break.")
        self.endpoint = Endpoint.of(endpoint)
        self._key, self._token = key, token
        self._timeouts = timeouts
        self._session = _session(trust_env=self.endpoint.encrypted)

    def close(self) -> None:
        self._session.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
        content_type: str = "application/json",
    ) -> Answer:
        """Send one request (`path` as `endpoint.path` builds it) and give its answer, or raise its LanguageError."""
        url = self.endpoint.url + path + ("?" + urlencode(query, safe="$", quote_via=quote) if query else "")
        data = None if body is None else _encoded(body)
        headers = {} if body is None else {"Content-Type": content_type}
        credential = self._credential()
        try:
            with self._session.request(
                method,
                url,
                data=data,
                headers=headers,
                auth=credential,
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
            ) as response:
                return _outcome(response, credential.secret)
        except requests.RequestException as error:
            raise Unavailable(_unreachable(error), sent=_may_have_arrived(error)) from error

    def job_id(self, answer: Answer) -> str:
        """The id of the job that `answer` says was begun.

        From the header `operation-location` (recorded) or `location` (quickstart). Raises Garbled if there is none, or
        no id in it.
        """
        link = next(filter(None, map(answer.headers.get, LINKS)), "")
        if not link:
            raise Garbled("The Language service began a job but did not say where to ask about it.")
        return self.endpoint.job_id(link)

    def _credential(self) -> _Credential:
        if self._key:
            return _Credential("Ocp-Apim-Subscription-Key", self._key)
        try:
            token = self._token() if self._token else ""
        except Exception as error:
            raise Refused(f"The identity gave no token ({type(error).__name__}).") from error
        if not _SECRET.fullmatch(token):
            raise Refused("The identity gave a token that cannot be sent.")
        return _Credential("Authorization", token, "Bearer ")


def _session(*, trust_env: bool) -> requests.Session:
    """A session that keeps connections and nothing else; where nothing is encrypted, no proxy may stand in between."""
    session = requests.Session()
    session.trust_env = trust_env
    session.headers.update({"Accept": "application/json", "User-Agent": "textdrop"})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=CONNECTING, pool_maxsize=CONNECTIONS))
    return session


def _encoded(body: object) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        raise Rejected("A text holds half a character (a lone surrogate), which cannot be sent.") from error


def _outcome(response: requests.Response, secret: str) -> Answer:
    try:
        content = _content(response)
    except requests.RequestException:
        if not any(link in response.headers for link in LINKS):
            raise
        content = b""  # a job was begun; where it is found has arrived, and nothing else is needed
    wait = retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
    if response.status_code // 100 == requests.codes.ok // 100:
        return Answer(content, response.headers, wait)
    raise error_of(response.status_code, content.replace(secret.encode(), b"***"), wait)


def _content(response: requests.Response) -> bytes:
    """At most a little over LENGTH_LIMIT of it; the rest is never read."""
    content = bytearray()
    for chunk in response.iter_content(2**16):
        content += chunk
        if len(content) > LENGTH_LIMIT:
            break
    return bytes(content)


def _may_have_arrived(error: requests.RequestException) -> bool:
    """Only an error in setting up the connection is sure to have come before the request."""
    cause = error.args[0] if error.args else None
    return not isinstance(getattr(cause, "reason", None), ConnectTimeoutError | ProxyError)


def _unreachable(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "The Language service did not answer in time."
    return f"The Language service cannot be reached ({type(error).__name__})."
