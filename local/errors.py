"""The error of local/: `python -m local` prints its message and exits with 1."""

from __future__ import annotations


class SetupError(Exception):
    """Something on this machine is missing or does not start. The message says what to do about it."""
