"""Azurite, Microsoft's storage emulator: found, started on free ports as a child of this process, and ended with it.

It is installed into `local/node_modules` by `python -m local install` (see `installation.py`).
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.development_storage import connection_string
from local.errors import SetupError
from local.paths import LOCAL
from local.stack import installation, node

PORTS = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at http://127\.0\.0\.1:(\d+)\n")
SERVICES = {"Blob", "Queue", "Table"}
SECONDS_TO_START = 60.0
SECONDS_TO_END = 15.0


@dataclass(frozen=True)
class Azurite:
    connection_string: str
    blob_port: int
    queue_port: int
    table_port: int

    @classmethod
    def on(cls, blob_port: int, queue_port: int, table_port: int) -> Azurite:
        """The one that listens on these ports of 127.0.0.1."""
        return cls(connection_string(blob_port, queue_port, table_port), blob_port, queue_port, table_port)


@contextmanager
def running(location: Path | None = None, *, where: Azurite | None = None) -> Iterator[Azurite]:
    """Azurite on three free ports, answering, until the block ends. It keeps its data in `location`, or in memory.

    `where`: one that has ended, whose ports this one takes, so that its connection string goes on being right.
    Raises SetupError if it is not installed or does not start.
    """
    with tempfile.TemporaryFile("a+", encoding="utf-8") as output:  # appended to, so that reading moves no writer
        process = _start(_command(location, where), output)
        try:
            yield _wait_until_ready(process, output)
        finally:
            _end(process)


def _command(location: Path | None, where: Azurite | None) -> list[str]:
    keep = ["--inMemoryPersistence"] if location is None else ["--location", str(location)]
    # Port 0 lets the system choose, so nobody else can take the port in between; Azurite prints what it got.
    wanted = (where.blob_port, where.queue_port, where.table_port) if where else (0, 0, 0)
    named = zip(("blob", "queue", "table"), wanted, strict=True)
    ports = [word for service, port in named for word in (f"--{service}Port", str(port))]
    options = [*keep, *ports, "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    preload = ["--require", str(LOCAL / "stop_with_parent.cjs")]
    return [str(node.find().program), *preload, str(installation.azurite_script()), *options]


def _start(command: Sequence[str], output: IO[str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C in the terminal must end what uses Azurite first, and Azurite last.
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )


def _wait_until_ready(process: subprocess.Popen[bytes], output: IO[str]) -> Azurite:
    deadline = time.monotonic() + SECONDS_TO_START
    while (ports := dict(PORTS.findall(_read(output)))).keys() < SERVICES:
        if process.poll() is not None:
            raise SetupError(f"Azurite ended with exit code {process.returncode} as it started:\n{_read(output)}")
        if time.monotonic() > deadline:
            raise SetupError(f"Azurite was not ready after {SECONDS_TO_START:.0f} seconds:\n{_read(output)}")
        time.sleep(0.05)
    return Azurite.on(int(ports["Blob"]), int(ports["Queue"]), int(ports["Table"]))


def _read(output: IO[str]) -> str:
    output.seek(0)
    return output.read()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Politely first: Azurite then writes what it keeps in files. Never longer than SECONDS_TO_END."""
    with process:
        process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
