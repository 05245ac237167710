"""The error of one function. The app is loaded without it."""

from __future__ import annotations


class FunctionInError(Exception):
    """One function cannot run in this host; the others run. The message is one line and says what to do."""
