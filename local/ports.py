"""TCP ports: whether a number is valid, whether a port is taken, and free ports."""

from __future__ import annotations

import socket

from local.errors import SetupError

LOCALHOST = "127.0.0.1"
MAX_PORT = 65_535


def check(port: int) -> None:
    """Raises SetupError for an invalid number. 0 means any free port."""
    if not 0 <= port <= MAX_PORT:
        raise SetupError(f"--port {port} is not a port: it must be from 1 to {MAX_PORT}, or 0 for any free port.")


def is_taken(port: int) -> bool:
    """Whether a program on this machine accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(2.0)
        return probe.connect_ex((LOCALHOST, port)) == 0


def free() -> int:
    """A port that is free now."""
    return _bound(0)


def free_after(port: int) -> int:
    """The next free port above, or else any free port."""
    candidates = (candidate for candidate in range(port + 1, MAX_PORT + 1) if _bound(candidate))
    return next(candidates, None) or free()


def _bound(port: int) -> int:
    """The port if it is free; for 0 a free one; 0 if it is taken."""
    with socket.socket() as probe:
        try:
            probe.bind((LOCALHOST, port))
        except OSError:
            return 0
        return int(probe.getsockname()[1])
