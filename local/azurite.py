"""Azurite, Microsoft's storage emulator: found, started on free ports as a child of this process, and ended with it.

It is installed into `local/node_modules` by `python -m local install` (see `install.py`).
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

from local import install, node
from local.errors import SetupError

ACCOUNT = "devstoreaccount1"  # Azurite's built-in account: both are public constants that it documents, no secret
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

HERE = Path(__file__).parent
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
    preload = ["--require", str(HERE / "stop_with_parent.cjs")]
    return [str(node.find().program), *preload, str(install.azurite_script()), *options]


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
    return _azurite(int(ports["Blob"]), int(ports["Queue"]), int(ports["Table"]))


def _read(output: IO[str]) -> str:
    output.seek(0)
    return output.read()


def _azurite(blob: int, queue: int, table: int) -> Azurite:
    ports = {"BlobEndpoint": blob, "QueueEndpoint": queue, "TableEndpoint": table}
    parts = ["DefaultEndpointsProtocol=http", f"AccountName={ACCOUNT}", f"AccountKey={KEY}"]
    parts += [f"{name}=http://127.0.0.1:{port}/{ACCOUNT}" for name, port in ports.items()]
    return Azurite(";".join(parts) + ";", blob_port=blob, queue_port=queue, table_port=table)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Politely first: Azurite then writes what it keeps in files. Never longer than SECONDS_TO_END."""
    with process:
        process.terminate()
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
