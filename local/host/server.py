"""Puts the parts of a running host together, keeps them running, and stops them in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import uvicorn

from local.connections import BoundedConnection
from local.host import banner
from local.host.blobs.listener import BlobFunctions
from local.host.functions.invoker import Invoker, size_of_pool
from local.host.http.admin_routes import Admin
from local.host.http.endpoint import HttpDoor
from local.host.http.key_auth import Keys, Lock
from local.host.listeners import keep
from local.host.loading.load_app import App
from local.host.timers.listener import TimerFunctions

GRACE = 30.0  # seconds that running invocations get to end
KEEP_ALIVE = 120  # seconds an idle connection stays open
MOST_HEAD = 40 * 1024  # Kestrel takes 8 KiB of first line and 32 KiB of headers
SIGNALS = (signal.SIGINT, signal.SIGTERM)
log = logging.getLogger("host")


class Connection(BoundedConnection):
    """What is no HTTP gets an answer with nothing in it, as from Kestrel."""

    most_head = MOST_HEAD

    def refusal(self, _status: str, _message: str) -> tuple[str, bytes]:
        return "", b""


class Server(uvicorn.Server):
    """Uvicorn, without its own signal handling, and with our line when it answers."""

    def __init__(self, door: HttpDoor, url: str) -> None:
        super().__init__(
            uvicorn.Config(
                door,
                http=Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=KEEP_ALIVE,
            )
        )
        self._url = url

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        banner.ready(self._url)


async def serve(app: App, door: socket.socket, url: str, keys: Keys | None, *, with_stdin: bool = False) -> None:
    """Runs everything until a signal comes, or stdin ends if asked to; then lets what is under way end.

    Without `keys` everybody is let in.
    """
    stopping = asyncio.Event()
    _stop_on_signals(stopping)
    if with_stdin:
        _stop_with_stdin(stopping)
    invoker = Invoker(size_of_pool(app.settings), app.host_json.timeout)
    blobs = BlobFunctions(app, invoker)
    admin = Admin(app, url, invoker, blobs)
    server = Server(HttpDoor(app, invoker, admin, Lock(keys), stopping), url)
    listeners = [*blobs.listeners(), *TimerFunctions(app, invoker).listeners()]
    try:
        async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as tasks:
            for part in (server.serve([door]), admin.run(stopping), *(keep(one, stopping) for one in listeners)):
                tasks.create_task(part)
            await stopping.wait()
            log.info("Stopping: functions that run have %d seconds to end", GRACE)
            server.should_exit = True
            limit.reschedule(asyncio.get_running_loop().time() + GRACE)
    except TimeoutError:
        log.warning("Functions that were still running after %d seconds are left", GRACE)
        _leave(0)
    if invoker.is_busy:  # over its functionTimeout: nobody waits for it
        _leave(0)


def _stop_on_signals(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def stop(number: int, _frame: FrameType | None) -> None:
        if stopping.is_set() and number == signal.SIGINT:
            _leave(1)  # Ctrl-C a second time: somebody does not want to wait
        loop.call_soon_threadsafe(stopping.set)

    for number in SIGNALS:
        signal.signal(number, stop)


def _stop_with_stdin(stopping: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def wait() -> None:
        while os.read(0, 1024):  # not sys.stdin, whose lock a thread must not hold as Python ends
            pass
        with suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(stopping.set)

    threading.Thread(target=wait, daemon=True).start()


def _leave(code: int) -> None:
    """Ends the process without waiting for threads, which Python has no way to stop."""
    sys.stdout.flush()
    os._exit(code)
