"""One service a state folder: two would overwrite what the other one knows."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from local.errors import SetupError

HOLDER = "in-use-by"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keeps every other service away from the folder, which is made if it is not there. Raises SetupError.

    The system lets go of it when the process ends, however it ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / HOLDER, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SetupError(f"The state folder {folder} cannot be used: {error}") from error
    try:
        _hold(file, folder)
        yield
    finally:
        os.close(file)


def _hold(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(file, 20, 0).decode("ascii", "replace").strip()
        raise SetupError(
            f"The state folder {folder} is in use by another Language service (process {holder}): "
            "end that one, or name another folder."
        ) from error
    with suppress(OSError):  # a full disk; then nobody is told which process it is
        os.truncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
