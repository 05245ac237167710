"""Runs the Language service: as a process (`python -m local language`) or within one (`running`)."""

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
from local.language.engine import Embedding, installed_embedding
from local.language.operations.service import Service, open_service
from local.language.protocol.request_log import RecordedRequest, RequestLog
from local.language.runtime.quickstart import SHAPES
from local.language.server import handlers
from local.language.server.connections import Connection
from local.language.server.router import Router
from local.language.state.folder_lock import locked_folder
from local.language.state.state import State
from local.language.state.text_storage import TextStorage

ANY_KEY = "local-language-key"  # not a secret: the real service needs a key, so this one does too
LOOPBACK = "127.0.0.1"
SECONDS_TO_END = 5
SECONDS_IDLE = 120  # of a connection: a caller that sends while it is being closed gets no answer
NO_LIMITS = Limits()
LIMITS = {
    "requests-per-minute": "analyze calls are allowed per minute, submissions and polls together",
    "authoring-reads-per-minute": "GETs of authoring are allowed per minute",
    "authoring-writes-per-minute": "other calls of authoring are allowed per minute",
    "text-records": "text records (of 1,000 characters) are allowed in 30 days",
}
PORT_ERRORS = (errno.EADDRINUSE, errno.EACCES)


@dataclass(frozen=True)
class LanguageService:
    """A running service. Moving its `clock` forward advances its jobs, and makes what is old expire.

    At any time, `meter.limits` can be replaced and faults added with `faults.add`.
    """

    endpoint: str
    key: str
    clock: Clock
    request_log: RequestLog
    meter: Meter
    faults: Faults

    @property
    def requests(self) -> list[RecordedRequest]:
        """The latest requests that it received, oldest first."""
        return self.request_log.all()


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
    embedding: Embedding | None = None,
) -> Iterator[LanguageService]:
    """Runs the service in threads of this process until the block ends.

    `storage`: the connection string of the account with the training texts. `state`: a folder for one service at a
    time; its projects, models and jobs are there again with the next service. `pace`: see `Pace.parse`. `shape`: of
    responses of the quickstart's analyze API, "documented" or "observed". Port 0: any free port. `embedding`: what new
    models are trained with, such as `installed_embedding()`. Raises SetupError.
    """
    _require_key(key)
    clock, request_log, paced = clock or Clock(), RequestLog(), Pace.parse(pace, handlers.KINDS)
    with ExitStack() as stack:
        blobs = stack.enter_context(closing(TextStorage(storage)))
        stack.enter_context(locked_folder(state))
        listening = stack.enter_context(_bound(address, port))
        service = open_service(_state(state, embedding), blobs, clock, pace=paced, shape=shape, limits=limits)
        # Before any job starts: building routes and reading arrays both use the parser of Python, and in Python 3.11
        # two threads in the parser can raise SystemError.
        app = Router(service, key, request_log)
        stack.enter_context(_working(service))
        stack.enter_context(_serving(app, listening))
        stack.callback(service.authoring.abandon_work)  # at once: the server waits for requests that it is answering
        endpoint = f"http://{address}:{listening.getsockname()[1]}"
        yield LanguageService(endpoint, key, clock, request_log, service.meter, service.faults)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="the port to listen on; any free one if not given")
    parser.add_argument("--address", default=LOOPBACK, help="the address to listen on (%(default)s)")
    parser.add_argument("--key", default=ANY_KEY, help="the key that callers must send (%(default)s)")
    parser.add_argument("--state", type=_folder, required=True, help="the folder to store projects, models and jobs in")
    parser.add_argument(
        "--storage", type=_given, required=True, help="the connection string of the account with the training texts"
    )
    parser.add_argument(
        "--pace",
        action="append",
        help="how long jobs take: instant (the default), seconds, realistic, or a number of seconds such as 5s; "
        f"for one kind of job KIND=PACE, such as analyze=5s. Can be given more than once. "
        f"The kinds: {', '.join(handlers.KINDS)}",
    )
    for option, limited in LIMITS.items():
        parser.add_argument(
            f"--{option}", type=_amount, metavar="N", help=f"how many {limited}; 0: none. No limit by default"
        )
    parser.add_argument(
        "--shape",
        choices=SHAPES,
        default="documented",
        help="the form of responses of the quickstart's analyze API (%(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    values = {name: getattr(options, name) for name in ("key", "state", "port", "shape", "address")}
    limits = Limits(*(getattr(options, option.replace("-", "_")) for option in LIMITS))
    collect_seldom()
    values |= {"embedding": installed_embedding(), "limits": limits}
    with running(options.storage, pace=",".join(options.pace or ["instant"]), **values) as service:
        print(f"The Language service answers at {service.endpoint}", flush=True)
        stopped.wait()
    return 0


def _given(text: str) -> str:
    if not text:  # such as from an unset variable
        raise argparse.ArgumentTypeError("it is empty")
    return text


def _folder(text: str) -> Path:
    return Path(_given(text))


def _amount(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 0 or more")
    return int(text)


def _require_key(key: str) -> None:
    """Raises SetupError. An empty key would let every request in; other characters cannot be sent in a header."""
    if not (key.isascii() and key.isprintable() and key.strip() == key != ""):
        raise SetupError("The key must not be empty, and must have only ASCII characters, with no space around them.")


def collect_seldom() -> None:
    """Collects garbage less often: models and jobs stay in memory, and scanning them took a quarter of the time."""
    gc.set_threshold(100_000, 20, 100)
    gc.freeze()


def _state(folder: Path, embedding: Embedding | None) -> State:
    try:
        return State(folder, embedding)
    except (OSError, ValueError) as error:
        raise SetupError(f"The state folder {folder} cannot be used: {error}") from error


@contextmanager
def _bound(address: str, port: int) -> Iterator[socket.socket]:
    """A listening socket: callers can connect, and are answered as soon as the server runs."""
    if not address:  # it would listen on every address of the machine
        raise SetupError("The address to listen on is empty: use one such as 127.0.0.1.")
    # With the protocol given, connections send small responses at once; else each would wait about 40 ms.
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
    if isinstance(error, OverflowError) or getattr(error, "errno", None) in PORT_ERRORS:
        return "choose another --port"
    return "choose another --address, one of this machine"


@contextmanager
def _working(service: Service) -> Iterator[None]:
    handlers.start(service)
    try:
        yield
    finally:
        service.authoring.stop()
        service.analyses.stop()


@contextmanager
def _serving(app: Router, listening: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        http=Connection,
        server_header=False,
        timeout_keep_alive=SECONDS_IDLE,
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
