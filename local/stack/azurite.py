"""Azurite, Microsoft's storage emulator, as a child process on free ports.

It is installed into `local/node_modules` by `python -m local install` (see `installation.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.child_process import ChildProcess
from local.development_storage import connection_string
from local.paths import LOCAL
from local.stack import installation, node

PORTS = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at http://127\.0\.0\.1:(\d+)\n")
SERVICES = {"Blob", "Queue", "Table"}


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
    """Azurite on three free ports, answering, until the block ends. It stores its data in `location`, or in memory.

    `where`: one that has ended, whose ports this one takes, so that its connection string stays valid.
    Raises SetupError if it is not installed or does not start.
    """
    with ChildProcess.running("Azurite", _command(location, where)) as process:
        yield process.wait_for(lambda: _listening(process.output))


def _command(location: Path | None, where: Azurite | None) -> list[str]:
    storage = ["--inMemoryPersistence"] if location is None else ["--location", str(location)]
    # With port 0 the system chooses, so that no other process can take the port first. Azurite prints the ports.
    wanted = (where.blob_port, where.queue_port, where.table_port) if where else (0, 0, 0)
    named = zip(("blob", "queue", "table"), wanted, strict=True)
    ports = [word for service, port in named for word in (f"--{service}Port", str(port))]
    options = [*storage, *ports, "--skipApiVersionCheck", "--disableTelemetry", "--silent"]
    preload = ["--require", str(LOCAL / "stop_with_parent.cjs")]
    return [str(node.find().program), *preload, str(installation.azurite_script()), *options]


def _listening(output: str) -> Azurite | None:
    """Its address, once all three services have printed their ports."""
    ports = {service: int(port) for service, port in PORTS.findall(output)}
    return Azurite.on(ports["Blob"], ports["Queue"], ports["Table"]) if ports.keys() == SERVICES else None
