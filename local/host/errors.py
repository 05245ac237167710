"""The one error of this host that the loading of an app survives."""

from __future__ import annotations


class FunctionInError(Exception):
    """One function cannot run; the others do. The message is one line and says what to do."""
