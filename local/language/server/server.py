"""The Language service as a process or a part of one: `python -m local language`, and `running` for tests."""

from __future__ import annotations

import argparse
import errno
import gc
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from local.errors import SetupError
from local.language.conditions.clock import Clock
from local.language.conditions.fault_injection import Faults
from local.language.conditions.pacing import Pace
from local.language.conditions.rate_limits import Limits, Meter
from local.language.operations.service import Service, open_service
from local.language.protocol.request_log import RecordedRequest, RequestLog
from local.language.runtime.quickstart import SHAPES
from local.language.server import handlers
from local.language.server.connections import Connection
from local.language.server.router import App
from local.language.state.folder_lock import held
from local.language.state.state import State
from local.language.state.text_storage import TextStorage

ANY_KEY = "local-language-key"  # it protects nothing but the likeness to the real service
LOOPBACK = "127.0.0.1"
SECONDS_TO_END = 5
NO_LIMITS = Limits()
LIMITS = {
    "requests-per-minute": "analyze calls it takes a minute, submissions and polls together",
    "authoring-reads-per-minute": "GETs of authoring it takes a minute",
    "authoring-writes-per-minute": "other calls of authoring it takes a minute",
    "text-records": "text records (of 1,000 characters) make the quota of 30 days",
}
OF_THE_PORT = (errno.EADDRINUSE, errno.EACCES)


@dataclass(frozen=True)
class LanguageService:
    """A running service. Moving its `clock` moves what its jobs are seen to do, and what has expired.

    What it lets through is set at `meter.limits`, and what shall go wrong with `faults.add`, at any time.
    """

    endpoint: str
    key: str
    clock: Clock
    recording: RequestLog
    meter: Meter
    faults: Faults

    @property
    def requests(self) -> list[RecordedRequest]:
        """What was asked of it so far, oldest first."""
        return self.recording.all()


@contextmanager
def running(
    storage: str,
    *,
    key: str = ANY_KEY,
    state: Path,
    port: int = 0,
    pace: str = "instant",
    shape: str = "documented",
    clock: Clock | None = None,
    address: str = LOOPBACK,
    limits: Limits = NO_LIMITS,
) -> Iterator[LanguageService]:
    """The service in threads of this process, answering, until the block ends.

    `storage` is the connection string of the account with the training texts. `state` is a folder, for one service at
    a time; the same folder brings the same projects, models and jobs back. `pace`: see `Pace.of`. `shape`: how the
    quickstart's analyze answers, "documented" or "observed". Port 0 is any free one. Raises SetupError.
    """
    _require_key(key)
    clock, recording, paced = clock or Clock(), RequestLog(), Pace.of(pace, handlers.KINDS)
    with ExitStack() as stack:
        blobs = stack.enter_context(closing(TextStorage(storage)))
        stack.enter_context(held(state))
        listening = stack.enter_context(_bound(address, port))
        service = open_service(_state(state), blobs, clock, pace=paced, shape=shape, limits=limits)
        # Before anything works: routes are made with Python's parser, arrays are read with it, and in Python 3.11 two
        # threads in it at once may end in a SystemError.
        app = App(service, key, recording)
        stack.enter_context(_working(service))
        stack.enter_context(_serving(app, listening))
        endpoint = f"http://{address}:{listening.getsockname()[1]}"
        yield LanguageService(endpoint, key, clock, recording, service.meter, service.faults)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="the port to answer at; any free one if not given")
    parser.add_argument("--address", default=LOOPBACK, help="the address to answer at (%(default)s)")
    parser.add_argument("--key", default=ANY_KEY, help="the key that callers must send (%(default)s)")
    parser.add_argument("--state", type=_folder, required=True, help="the folder to keep projects, models and jobs in")
    parser.add_argument(
        "--storage", type=_given, required=True, help="the connection string of the account with the training texts"
    )
    parser.add_argument(
        "--pace",
        action="append",
        help="how long things take: instant (if not given), seconds, realistic or so many seconds, such as 5s; for one "
        f"kind of job, KIND=PACE, such as analyze=5s. Can be given more than once. "
        f"The kinds: {', '.join(handlers.KINDS)}",
    )
    for option, limited in LIMITS.items():
        parser.add_argument(
            f"--{option}", type=_amount, metavar="N", help=f"how many {limited}; 0: none. No limit if not given"
        )
    parser.add_argument(
        "--shape", choices=SHAPES, default="documented", help="how the quickstart's analyze answers (%(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    given = {name: getattr(options, name) for name in ("key", "state", "port", "shape", "address")}
    limits = Limits(*(getattr(options, option.replace("-", "_")) for option in LIMITS))
    collect_seldom()
    with running(options.storage, pace=",".join(options.pace or ["instant"]), limits=limits, **given) as service:
        print(f"The Language service answers at {service.endpoint}", flush=True)
        stopped.wait()
    return 0


def _given(text: str) -> str:
    if not text:  # as from a variable that is not set
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _folder(text: str) -> Path:
    return Path(_given(text))


def _amount(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no number, 0 or more")
    return int(text)


def _require_key(key: str) -> None:
    """With no key everybody would be let in, and what is no plain text cannot be sent as a header."""
    if not (key.isascii() and key.isprintable() and key.strip() == key != ""):
        raise SetupError("The key must be at least one character, and only letters, digits and signs of ASCII.")


def collect_seldom() -> None:
    """For a process that is the service: its models and jobs are no garbage, and looking took a quarter of its time."""
    gc.set_threshold(100_000, 20, 100)
    gc.freeze()


def _state(folder: Path) -> State:
    try:
        return State(folder)
    except (OSError, ValueError) as error:
        raise SetupError(f"The state folder {folder} cannot be used: {error}") from error


@contextmanager
def _bound(address: str, port: int) -> Iterator[socket.socket]:
    """A listening socket: from here on a caller may connect, and is answered as soon as the server runs."""
    if not address:  # which would be every address that the machine has
        raise SetupError("The address to answer at is empty: name one, such as 127.0.0.1.")
    # With its protocol named, connections send at once what is small; else each answer would wait some 40 ms.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address, port))
        except (OSError, OverflowError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise SetupError(f"{address}:{port} cannot be used ({reason}): {_advice(error)}.") from error
        listening.listen(128)
        yield listening


def _advice(error: Exception) -> str:
    if isinstance(error, OverflowError) or getattr(error, "errno", None) in OF_THE_PORT:
        return "choose another --port"
    return "choose another --address, one of this machine's own"


@contextmanager
def _working(service: Service) -> Iterator[None]:
    handlers.start(service)
    try:
        yield
    finally:
        service.authoring.stop()
        service.analyses.stop()


@contextmanager
def _serving(app: App, listening: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http=Connection,
        server_header=False,
        timeout_graceful_shutdown=SECONDS_TO_END,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="language-server")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
