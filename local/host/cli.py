"""`python -m local host`: loads a function app and runs its HTTP, timer and blob functions until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import signal
import socket
from pathlib import Path
from types import FrameType

from local import ports
from local.errors import SetupError
from local.host import banner, log_format, server
from local.host.config import host_json
from local.host.config.settings import Settings, local_values
from local.host.functions.function import HttpTrigger, triggered_by
from local.host.http import endpoint, key_file
from local.host.http.key_auth import Keys
from local.host.loading import load_app
from local.host.loading.load_app import App
from local.host.triggers import auth_level

WAITING = 2048  # connections that wait to be accepted; uvicorn's default
KEYS = Path(".textdrop", "keys.json")


class Stopped(BaseException):
    """A signal arrived before the app was loaded."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("app_dir", nargs="?", type=Path, default=Path(), help="the app's folder (default: this one)")
    parser.add_argument("--port", type=int, default=7071, help="0: any free one (default: %(default)s)")
    parser.add_argument(
        "--until-stdin-ends",
        action="store_true",
        help="also stop when stdin ends",
    )
    parser.add_argument(
        "--stop-after",
        type=float,
        metavar="SECONDS",
        help="how long a stop waits for running functions (default: as long as they take)",
    )
    parser.add_argument("--auth", action="store_true", help="callers need keys, as in Azure; without it none")
    parser.add_argument(
        "--keys", type=Path, help="the file of the keys (default: .textdrop/keys.json in the app's folder)"
    )
    parser.add_argument("--verbose", action="store_true", help="also log starts, and successful runs of timers")
    parser.add_argument("--address", default="127.0.0.1", help="where to listen (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 after SIGINT or SIGTERM. Raises SetupError if the app or the port cannot be used."""
    for number in server.SIGNALS:
        signal.signal(number, _stop_at_once)
    log_format.configure(verbose=options.verbose)
    ports.check(options.port)
    app_dir = options.app_dir.resolve()
    try:
        settings = _settings(app_dir)
        configured = host_json.read(app_dir, settings)
        endpoint.body_limit(settings)
        with listening(options.address, options.port) as listening_socket:
            app, url = load_app.load(app_dir, settings, configured), _url(listening_socket)
            keys = _keys(app, options.keys) if options.auth else None
            banner.show(app, url)
            stops = {"with_stdin": options.until_stdin_ends, "stop_after": options.stop_after}
            asyncio.run(server.serve(app, listening_socket, url, keys, **stops))
    except Stopped:
        pass
    return 0


def _stop_at_once(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _settings(app_dir: Path) -> Settings:
    """The environment, with defaults from local.settings.json, which are set in the environment for the app as well."""
    for name, value in local_values(app_dir).items():
        try:
            os.environ.setdefault(name, value)
        except (ValueError, OSError) as error:
            raise SetupError(
                f"local.settings.json: {name!r} cannot be an environment variable: {_reason(error)}."
            ) from error
    os.environ["AZURE_FUNCTIONS_ENVIRONMENT"] = "Development"
    return Settings(os.environ)


def _reason(error: Exception) -> str:
    """The system's message, never with the value, which may be a secret."""
    return "it has invalid characters" if isinstance(error, UnicodeError) else str(error)


def _keys(app: App, file: Path | None) -> Keys:
    """The keys in the file. Prints its path, never a key."""
    file = (file or app.directory / KEYS).absolute()
    names = (
        function.name
        for function, trigger in triggered_by(HttpTrigger, app.functions)
        if trigger.level == auth_level.FUNCTION
    )
    found = key_file.load_or_create(file, names)
    banner.show_keys(file)
    return found


def listening(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # asyncio sets TCP_NODELAY only if the protocol is given; without it an answer may wait 40 ms.
    listening_socket = socket.socket(family, proto=socket.IPPROTO_TCP)
    try:
        listening_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening_socket.bind((address, port))
        listening_socket.listen(WAITING)
    except OSError as error:
        listening_socket.close()
        reason = error.strerror or error
        if error.errno == errno.EADDRINUSE:
            reason = f"{reason}. Choose another: --port {ports.free_after(port)}"
        raise SetupError(f"Cannot listen on {address} port {port}: {reason}") from error
    return listening_socket


def _url(listening_socket: socket.socket) -> str:
    address, port = listening_socket.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
