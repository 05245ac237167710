"""`python -m local host`: loads a function app and runs its HTTP, timer and blob functions until it is stopped."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
from pathlib import Path
from types import FrameType

from local.errors import SetupError
from local.host import host_json, listing, loading, log_lines, serving
from local.host.child import Host, running
from local.host.settings import Settings, local_values

__all__ = ["Host", "arguments", "run", "running"]


class Stopped(BaseException):
    """A signal came before the app was up."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("app_dir", nargs="?", type=Path, default=Path(), help="the app's folder (default: this one)")
    parser.add_argument("--port", type=int, default=7071, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--until-stdin-ends", action="store_true", help="also stop when whoever started it is gone")
    parser.add_argument("--address", default="127.0.0.1", help="where to listen (default: %(default)s)")


def run(options: argparse.Namespace) -> int:
    """Exit code 0 after SIGINT or SIGTERM. Raises SetupError if the app or the port cannot be used."""
    for number in serving.SIGNALS:
        signal.signal(number, _stop_at_once)
    log_lines.configure()
    app_dir = options.app_dir.resolve()
    try:
        settings = _settings(app_dir)
        configured = host_json.read(app_dir, settings)
        with _listening(options.address, options.port) as door:
            app, url = loading.load(app_dir, settings, configured), _url(door)
            listing.show(app, url)
            asyncio.run(serving.serve(app, door, url, with_stdin=options.until_stdin_ends))
    except Stopped:
        pass
    return 0


def _stop_at_once(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _settings(app_dir: Path) -> Settings:
    """The environment, completed by local.settings.json. The app's code reads it from the environment too."""
    for name, value in local_values(app_dir).items():
        os.environ.setdefault(name, value)
    os.environ["AZURE_FUNCTIONS_ENVIRONMENT"] = "Development"
    return Settings(os.environ)


def _listening(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        raise SetupError(
            f"Cannot listen on {address} port {port}: {error.strerror}. Choose another with --port."
        ) from error


def _url(door: socket.socket) -> str:
    address, port = door.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
