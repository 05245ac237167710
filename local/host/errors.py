"""The errors of an app's functions: of one, which the others run without, and of one that stops the whole host."""

from __future__ import annotations

from local.errors import SetupError


class FunctionInError(Exception):
    """One function cannot run in this host; the others run. The message is one line and says what to do."""


class HostInError(SetupError):
    """The real host does not start, or ends at once, because of one function. The message is one line."""


def host_error(error: BaseException) -> HostInError | None:
    """The HostInError that an exception is, or that a group of exceptions contains."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for part in error.exceptions if (found := host_error(part))), None)
    return error if isinstance(error, HostInError) else None
