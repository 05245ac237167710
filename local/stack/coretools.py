"""Azure Functions Core Tools as the host, for whoever has them: `func start` with the same settings as our own host."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import SetupError

DEFAULT_PORT = 7071
SECONDS_TO_START = 120.0
SECONDS_TO_END = 15.0


@dataclass(frozen=True)
class CoreTools:
    url: str


@contextmanager
def running(app_dir: Path, *, port: int = 0, environ: Mapping[str, str], log: Path) -> Iterator[CoreTools]:
    """`func start` in `app_dir` until the block ends; what it prints goes to `log`.

    Raises SetupError if it is not installed or does not start.
    """
    program = shutil.which("func")
    if program is None:
        raise SetupError("Core Tools (`func`) are not on the PATH; without HOST=func our own host is used.")
    port = port or _free_port()
    command = [program, "start", "--port", str(port)]
    with log.open("wb") as out, subprocess.Popen(command, cwd=app_dir, env=dict(environ), stdout=out) as process:
        try:
            _wait_until_ready(process, port)
            yield CoreTools(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while not _answers(port):
        if process.poll() is not None:
            raise SetupError(f"`func start` ended with exit code {process.returncode}.")
        if time.monotonic() > deadline:
            raise SetupError(f"`func start` was not ready after {SECONDS_TO_START:.0f} seconds.")
        time.sleep(0.2)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/host/status", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
