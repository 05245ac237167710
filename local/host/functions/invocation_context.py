"""What a function's `context` argument shows of its invocation, and which invocation it is that runs."""

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
        """The members' older names, which the worker still has."""
        if name not in OLDER_NAMES:
            raise AttributeError(name)
        return getattr(self, OLDER_NAMES[name])

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *OLDER_NAMES]


@dataclass(frozen=True)
class RpcException:
    """An error as the host sends it to the worker; all empty on a first attempt, but true as any message is."""

    message: str = ""
    source: str = ""
    stack_trace: str = ""
    type: str = ""
    is_user_exception: bool = False


def rpc_exception(error: BaseException) -> RpcException:
    """The host writes the error's words and its trace into the message; the other fields are of .NET's own error."""
    trace = "".join(traceback.format_tb(error.__traceback__))
    return RpcException(f"Result: Failure\nException: {type(error).__name__}: {error}\nStack: {trace}")


@dataclass(frozen=True)
class RetryContext:
    """Which attempt it is, 0 the first; how many more there may be, -1 without end; what the last one raised."""

    retry_count: int = 0
    max_retry_count: int = 0
    rpc_exception: RpcException = field(default_factory=RpcException)


FIRST_ATTEMPT = RetryContext()


@dataclass(frozen=True)
class Context:
    """What a function's `context` argument shows; the members of azure.functions.Context."""

    function_name: str
    function_directory: str
    trace_context: TraceContext
    retry_context: RetryContext = FIRST_ATTEMPT
    invocation_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    thread_local_storage: threading.local = thread_local


running: contextvars.ContextVar[Context | None] = contextvars.ContextVar("running", default=None)
