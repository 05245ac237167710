"""Starts the parts of a host, keeps them running, and stops them in order."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import uvicorn

from local.connections import BoundedConnection
from local.host import banner
from local.host.blobs.listener import BlobListeners
from local.host.errors import host_error
from local.host.functions.invoker import Invoker, thread_count
from local.host.http.admin_routes import Admin
from local.host.http.endpoint import Endpoint
from local.host.http.key_auth import KeyCheck, Keys
from local.host.listeners import keep_running
from local.host.loading.load_app import App
from local.host.queues.listener import QueueListeners
from local.host.timers.listener import TimerListeners

CALLERS_WAIT = 30  # seconds that a stop waits for requests; the time of other functions is not limited
STORAGE_WAITS = 10  # seconds that it waits for storage, after the last function
LOOK_EVERY = 0.1  # seconds
KEEP_ALIVE = 120  # seconds that an idle connection stays open
MAX_HEAD = 40 * 1024  # Kestrel accepts 8 KiB of first line and 32 KiB of headers
METHOD = re.compile(rb"\s*[A-Za-z]+(?= )")
SIGNALS = (signal.SIGINT, signal.SIGTERM)
log = logging.getLogger("host")


class Connection(BoundedConnection):
    """Invalid HTTP gets an empty response, as from Kestrel."""

    max_head = MAX_HEAD

    def data_received(self, data: bytes) -> None:
        """Methods in lower case are the same, as for Kestrel."""
        if self._head == 0 and (method := METHOD.match(data)):
            data = method[0].upper() + data[method.end() :]
        super().data_received(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value.rstrip(b" \t"))

    def on_headers_complete(self) -> None:
        """Keeps the target as it was sent: uvicorn refuses some that Kestrel accepts, and drops a lone "?"."""
        self.scope["target"] = self.url.decode("latin-1")  # type: ignore[typeddict-unknown-key]
        self.url = b"/"
        super().on_headers_complete()

    def refusal(self, _status: str, _message: str) -> tuple[str, bytes]:
        return "", b""


class Server(uvicorn.Server):
    """Uvicorn without its signal handlers; prints the host's address when it is ready."""

    def __init__(self, endpoint: Endpoint, url: str) -> None:
        super().__init__(
            uvicorn.Config(
                endpoint,
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
                timeout_graceful_shutdown=CALLERS_WAIT,
            )
        )
        self._url = url

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        banner.ready(self._url)


async def serve(
    app: App,
    listening_socket: socket.socket,
    url: str,
    keys: Keys | None,
    *,
    with_stdin: bool = False,
    stop_after: float | None = None,
) -> None:
    """Runs the host until a signal arrives, or until stdin ends if `with_stdin`.

    Then it waits for running functions: as long as they take, like the real host, or for `stop_after` seconds; and for
    storage, at most as long again.
    Without `keys` every request is allowed. Raises HostInError if the real host would end.
    """
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    if with_stdin:
        _stop_with_stdin(stopping)
    invoker = Invoker(thread_count(app.settings), app.host_json.timeout)
    blobs = BlobListeners(app, invoker)
    admin = Admin(app, url, invoker, blobs, keys)
    server = Server(Endpoint(app, invoker, admin, KeyCheck(keys), stopping), url)
    others = [*TimerListeners(app, invoker).listeners(), *QueueListeners(app, invoker).listeners()]
    listeners = [*blobs.listeners(), *others]
    running = [admin.run(stopping), *(keep_running(listener, stopping) for listener in listeners)]
    parts = [server.serve([listening_socket]), *running]
    ending = asyncio.create_task(_end_without_storage(server, stopping, invoker, stop_after))
    try:
        await _run(server, parts, stopping, invoker, stop_after)
    except TimeoutError:
        log.warning("Stopped with functions still running")
        _exit_at_once(0)
    except ExceptionGroup as errors:
        raise (host_error(errors) or errors) from errors
    finally:
        ending.cancel()
    if invoker.is_busy:  # a function exceeded its timeout: its thread cannot be ended
        _exit_at_once(0)


async def _run(
    server: Server,
    parts: Iterable[Coroutine[Any, Any, None]],
    stopping: asyncio.Event,
    invoker: Invoker,
    stop_after: float | None,
) -> None:
    """Runs the parts until `stopping` is set. Raises TimeoutError if they do not end `stop_after` seconds later."""
    async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as tasks:
        for part in parts:
            tasks.create_task(part)
        await stopping.wait()
        log.info("Stopping%s", _wait(invoker.running, stop_after))
        server.should_exit = True
        if stop_after is not None:
            limit.reschedule(asyncio.get_running_loop().time() + stop_after)


async def _end_without_storage(
    server: Server, stopping: asyncio.Event, invoker: Invoker, stop_after: float | None
) -> None:
    """Ends the process if storage does not answer while it stops: a request to storage cannot be cancelled."""
    await stopping.wait()
    with suppress(TimeoutError):
        async with asyncio.timeout(stop_after):
            while invoker.running or server.server_state.tasks:
                await asyncio.sleep(LOOK_EVERY)
    await asyncio.sleep(STORAGE_WAITS if stop_after is None else min(STORAGE_WAITS, stop_after))
    log.warning("Stopped without an answer of storage")
    _exit_at_once(0)


def _wait(running: Mapping[str, int], stop_after: float | None) -> str:
    """What a stop waits for."""
    if not running:
        return ""
    names = ", ".join(f"{count} of {name}" for name, count in sorted(running.items()))
    limit = "" if stop_after is None else f" or {stop_after:g} seconds"
    return f", after {names}{limit}; Ctrl-C again does not wait"


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop(number: int, _frame: FrameType | None) -> None:
        if stopping.is_set() and number == signal.SIGINT:
            _exit_at_once(1)  # a second Ctrl-C does not wait
        loop.call_soon_threadsafe(stopping.set)

    for number in SIGNALS:
        signal.signal(number, stop)


def _stop_with_stdin(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def wait() -> None:
        while os.read(0, 1024):  # not sys.stdin: at exit no thread may hold its lock
            pass
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(stopping.set)

    threading.Thread(target=wait, daemon=True).start()


def _exit_at_once(code: int) -> None:
    """Ends the process without waiting for threads, which Python cannot stop."""
    with suppress(OSError):  # nobody reads it any more
        sys.stdout.flush()
    os._exit(code)
