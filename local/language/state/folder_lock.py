"""A state folder belongs to one service at a time: two would overwrite each other's records."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local.errors import SetupError

HOLDER = "in-use-by"


@contextmanager
def locked_folder(folder: Path) -> Iterator[None]:
    """Locks the folder, which is created if it does not exist. Raises SetupError.

    The system releases the lock when the process ends, even if it is killed.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / HOLDER, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SetupError(f"The state folder {folder} cannot be used: {error}") from error
    try:
        _lock(file, folder)
        yield
    finally:
        os.close(file)


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(file, 20, 0).decode("ascii", "replace").strip()
        raise SetupError(
            f"The state folder {folder} is in use by another Language service (process {holder}): "
            "end that one, or name another folder."
        ) from error
    with suppress(OSError):  # on a full disk the process id stays unknown
        os.truncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
