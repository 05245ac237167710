"""`python -m local azurite`: Azurite on its default ports, which `UseDevelopmentStorage=true` means, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import threading
from contextlib import suppress
from pathlib import Path

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from local.cli.show import console
from local.development_storage import BLOB_PORT, QUEUE_PORT, TABLE_PORT
from local.paths import STATE
from local.stack import azurite

DEFAULT_PORTS = azurite.Azurite.on(BLOB_PORT, QUEUE_PORT, TABLE_PORT)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--container", action="append", default=[], help="create this container, if it does not exist")
    parser.add_argument("--location", type=Path, default=STATE / "default-ports", help="folder for the data")


def run(options: argparse.Namespace) -> int:
    """Until Ctrl-C or SIGTERM; exit code 0 then."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options.location.mkdir(parents=True, exist_ok=True)
    with suppress(KeyboardInterrupt), azurite.running(options.location, where=DEFAULT_PORTS) as started:
        with BlobServiceClient.from_connection_string(started.connection_string) as service:
            for name in options.container:
                with suppress(ResourceExistsError):
                    service.create_container(name)
        console.print(f"Azurite answers at http://127.0.0.1:{started.blob_port}: UseDevelopmentStorage=true")
        threading.Event().wait()
    return 0
