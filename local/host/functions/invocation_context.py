"""The `context` argument of a function, and the invocation that is running."""

from __future__ import annotations

import contextvars
import threading
import traceback
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OLDER_NAMES = {"Traceparent": "trace_parent", "Tracestate": "trace_state", "Attributes": "attributes"}
thread_local = threading.local()


@dataclass(frozen=True)
class TraceContext:
    trace_parent: str
    trace_state: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """The older names of the members, which the worker still supports."""
        if name not in OLDER_NAMES:
            raise AttributeError(name)
        return getattr(self, OLDER_NAMES[name])

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *OLDER_NAMES]


@dataclass(frozen=True)
class RpcException:
    """An error as the host sends it to the worker. All fields are empty on a first attempt; it is true all the same."""

    message: str = ""
    source: str = ""
    stack_trace: str = ""
    type: str = ""
    is_user_exception: bool = False


def rpc_exception(error: BaseException) -> RpcException:
    """The message holds the error and its traceback, as in the real host, whose other fields describe a .NET error."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    return RpcException(f"Result: Failure\nException: {type(error).__name__}: {error}\nStack: {trace}")


@dataclass(frozen=True)
class RetryContext:
    """The number of this attempt, 0 for the first; the most retries, -1: no limit; what the previous attempt raised."""

    retry_count: int = 0
    max_retry_count: int = 0
    rpc_exception: RpcException = field(default_factory=RpcException)


FIRST_ATTEMPT = RetryContext()


@dataclass(frozen=True)
class Context:
    """The members of azure.functions.Context."""

    function_name: str
    function_directory: str
    trace_context: TraceContext
    retry_context: RetryContext = FIRST_ATTEMPT
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    thread_local_storage: threading.local = thread_local


running: contextvars.ContextVar[Context | None] = contextvars.ContextVar("running", default=None)
