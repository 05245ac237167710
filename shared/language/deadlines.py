"""Total deadlines for HTTP calls: a call that is not complete by then is aborted.

A time-out of an HTTP client holds for each read, so a server that sends a byte every few seconds is never too slow for
it. A Deadline watches the sockets that its thread connects or uses, in sessions of `session_with_deadlines`, and shuts
them down when its time is over: in the middle of a TLS handshake, of headers or of a body. What has not been sent by
then is not sent at all, also by a process that was frozen meanwhile.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from time import monotonic
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError
from urllib3.util import Retry

from shared.language.alarms import Alarm, Alarms

MAX_HOSTS = 100  # whose settings a session keeps
STORAGE_SECONDS = 30.0  # for a call to storage with all retries: five in a row end within functionTimeout
_thread = threading.local()
_alarms = Alarms()


class Deadline:
    """`with Deadline(60):` limits all HTTP calls of this thread in the block to 60 seconds together."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds
        self._handles: list[socket.socket] = []
        self._changing = threading.Lock()
        self._alarm: Alarm | None = None
        self._outer: Deadline | None = None

    @property
    def passed(self) -> bool:
        return monotonic() >= self._end

    def __enter__(self) -> Self:
        self._alarm = _alarms.set(self._end, self.cut)
        self._outer, _thread.deadline = current(), self
        return self

    def __exit__(self, *_: object) -> None:
        _thread.deadline = self._outer
        if self._alarm:
            _alarms.cancel(self._alarm)
        with self._changing:
            for handle in self._handles:
                handle.close()
            self._handles.clear()

    def watch(self, connected: socket.socket) -> None:
        """Keep a second handle to it: TLS wraps the first one, and a response may outlive its connection."""
        with self._changing:
            self._handles.append(socket.fromfd(connected.fileno(), connected.family, connected.type))
        if self.passed:
            self.cut()

    def cut(self) -> None:
        """Shut down all connections that are watched."""
        with self._changing:
            for handle in self._handles:
                with suppress(OSError):  # the other side has closed it
                    handle.shutdown(socket.SHUT_RDWR)


def session_with_deadlines(retries: Retry, connections: int) -> Session:
    """A session whose calls end at the Deadline of the calling thread, if it has one.

    It neither follows a redirect nor reads its address, which may be malformed.
    """
    session = Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(max_retries=retries, pool_maxsize=connections))
    return session


def current() -> Deadline | None:
    """The deadline of this thread."""
    return getattr(_thread, "deadline", None)


class Session(requests.Session):
    """Counts the requests that it is given to send. Safe to share between threads.

    The proxies and certificates that the environment names are read once for each host: `requests` reads all variables
    at each call, which takes a fifth of a call to storage.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0
        self._counting = threading.Lock()
        self._of_hosts: dict[Any, dict[str, Any]] = {}

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        if proxies:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        host = "/".join(str(url).split("/", 3)[:3]), stream, verify, cert
        if (settings := self._of_hosts.get(host)) is None:
            settings = dict(super().merge_environment_settings(url, proxies, stream, verify, cert))
            if len(self._of_hosts) < MAX_HOSTS:
                self._of_hosts[host] = settings
        return dict(settings)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        with self._counting:
            self.sent += 1
        return super().send(request, **options)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """None: otherwise requests parses the address and reads the whole body even if it does not follow it."""


class _Watched(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        deadline = self._in_time()
        connected = super()._new_conn()
        if deadline:
            deadline.watch(connected)
        return connected

    def request(self, *given: Any, **named: Any) -> None:
        deadline = self._in_time()
        if deadline and self.sock is not None:  # kept from an earlier call
            deadline.watch(self.sock)
        super().request(*given, **named)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        response = super().getresponse()
        if (deadline := current()) and deadline.passed:
            response.close()
            raise TimeoutError  # truncated headers look like complete ones
        return response

    def _in_time(self) -> Deadline | None:
        deadline = current()
        if deadline and deadline.passed:
            raise ConnectTimeoutError(self, "There is no time left to send this.")
        return deadline


class _WatchedTls(_Watched, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


_POOLS = {"http": _Pool, "https": _TlsPool}


class _Adapter(HTTPAdapter):
    """Its connections end at the deadline of the thread that uses them."""

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *given: Any, **named: Any) -> Any:
        manager = super().proxy_manager_for(*given, **named)
        manager.pool_classes_by_scheme = _POOLS
        return manager
