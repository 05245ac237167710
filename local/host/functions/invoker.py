"""Runs functions, sync ones in a thread pool, async ones on the event loop, and logs their runs."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from azure.functions import meta

from local.host.config.settings import Settings
from local.host.functions.function import BlobTrigger, Function, HttpTrigger, QueueTrigger, TimerTrigger
from local.host.functions.invocation_context import (
    FIRST_ATTEMPT,
    Context,
    RetryContext,
    TraceContext,
    running,
    thread_local,
)

THREADS = "PYTHON_THREADPOOL_THREAD_COUNT"
BINDINGS = {
    HttpTrigger: "httpTrigger",
    TimerTrigger: "timerTrigger",
    BlobTrigger: "blobTrigger",
    QueueTrigger: "queueTrigger",
}
SLOW = 5.0  # seconds; a longer run is always logged
log = logging.getLogger("host")


class FunctionTimeoutError(Exception):
    """A function ran longer than functionTimeout of host.json."""


def _unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Outcome:
    """What a function returned, or the error it raised."""

    value: Any = None
    error: BaseException | None = None


def thread_count(settings: Settings) -> int | None:
    """How many sync functions run at once; None: Python's default."""
    text = settings.get(THREADS)
    if not text or (text.isdecimal() and int(text) > 0):
        return int(text) if text else None
    log.warning("%s must be a whole number of at least 1; Python's default is used.", THREADS)
    return None


class Invoker:
    """Runs functions, each for at most `timeout` seconds, sync ones in `size` threads (None: Python's default).

    A run that takes `slow` seconds is always logged.

    Python cannot end a thread: a sync function that exceeds its timeout fails, but its thread runs on. The others get
    a new thread pool, where the real host would restart its worker.
    """

    def __init__(self, size: int | None = None, timeout: float | None = None, *, slow: float = SLOW) -> None:
        self._size, self._timeout, self._slow = size, timeout, slow
        self._threads = ThreadPoolExecutor(size, "function")
        self._in_threads: set[str] = set()
        self._running = Counter[str]()

    @property
    def running(self) -> Mapping[str, int]:
        """How many runs of each function are in progress."""
        return +self._running

    @property
    def is_busy(self) -> bool:
        """Whether a thread runs a function, including one that exceeded its timeout."""
        return bool(self._in_threads)

    async def invoke(
        self,
        function: Function,
        value: meta.Datum,
        metadata: Mapping[str, meta.Datum],
        reason: str,
        trace_parent: str = "",
        *,
        retry: RetryContext = FIRST_ATTEMPT,
        routine: bool = False,
        encode: Callable[[Any], Any] = _unchanged,
    ) -> Outcome:
        """Runs the function once with its trigger's value. Never raises what the function raises.

        `encode` converts what the function returned; if it raises, the function has failed. A `routine` run is logged
        only if it fails or is slow.
        """
        trace = TraceContext(trace_parent or f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01")
        context = Context(function.name, function.directory, trace, retry)
        token, started = running.set(context), time.monotonic()
        log.debug("Executing (%s)", reason)
        self._running[function.name] += 1
        try:
            outcome = _encoded(await self._outcome(function, value, metadata, context), encode)
            seconds = time.monotonic() - started
            _log_end(outcome, reason, seconds, quiet=routine and seconds < self._slow)
            return outcome
        finally:
            self._running[function.name] -= 1
            running.reset(token)

    async def _outcome(
        self, function: Function, value: meta.Datum, metadata: Mapping[str, meta.Datum], context: Context
    ) -> Outcome:
        try:
            arguments = {function.argument: _argument(function, value, metadata)}
            if function.wants_context:
                arguments["context"] = context
            result = await self._in_time(context, self._call(function, arguments, context.invocation_id))
        except BaseException as error:  # anything that it raises is a failed invocation
            if (task := asyncio.current_task()) and task.cancelling():
                raise  # the host is stopping
            return Outcome(error=error)
        if result is not None and not function.returns:
            return Outcome(error=RuntimeError(f"{function.name} has no $return binding but returned a value"))
        return Outcome(result)

    async def _in_time(self, context: Context, call: Coroutine[Any, Any, Any]) -> Any:
        """Raises FunctionTimeoutError after the timeout."""
        limit = asyncio.timeout(self._timeout)
        try:
            async with limit:
                return await call
        except TimeoutError:
            if not limit.expired():  # raised by the function
                raise
            if context.invocation_id in self._in_threads:
                self._replace_threads()
            raise FunctionTimeoutError(f"{context.function_name} ran longer than {self._timeout:g} s") from None

    def _replace_threads(self) -> None:
        """Running and queued calls keep their threads; later calls get new ones."""
        self._threads.shutdown(wait=False)
        self._threads = ThreadPoolExecutor(self._size, "function")

    async def _call(self, function: Function, arguments: dict[str, Any], invocation_id: str) -> Any:
        if function.is_async:
            thread_local.invocation_id = invocation_id  # async functions share the loop's thread
            return await function.call(**arguments)

        def call() -> Any:
            thread_local.invocation_id = invocation_id
            self._in_threads.add(invocation_id)
            try:
                return function.call(**arguments)
            except (StopIteration, GeneratorExit) as error:  # asyncio cannot pass them on from a thread
                raise RuntimeError(f"the function raised {type(error).__name__}") from error
            finally:
                thread_local.invocation_id = None
                self._in_threads.discard(invocation_id)

        inherited = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, inherited.run, call)


def converter(binding: str) -> Any:
    """The library's converter for a binding type, or None."""
    return meta.get_binding_registry().get(binding)  # type: ignore[no-untyped-call]


def _argument(function: Function, value: meta.Datum, metadata: Mapping[str, meta.Datum]) -> Any:
    """The trigger's value, converted by the library as in the worker."""
    if function.raw:
        return value.value
    return converter(BINDINGS[type(function.trigger)]).decode(value, trigger_metadata=metadata)


def _encoded(outcome: Outcome, encode: Callable[[Any], Any]) -> Outcome:
    if outcome.error:
        return outcome
    try:
        return Outcome(encode(outcome.value))
    except Exception as error:  # noqa: BLE001  # the library may raise anything
        return Outcome(error=error.with_traceback(None))  # it has no line of the function


def _log_end(outcome: Outcome, reason: str, seconds: float, *, quiet: bool) -> None:
    milliseconds = seconds * 1000
    if outcome.error:
        log.error("Failed after %d ms (%s)", milliseconds, reason, exc_info=_without_our_frames(outcome.error))
    else:
        log.log(logging.DEBUG if quiet else logging.INFO, "Succeeded after %d ms (%s)", milliseconds, reason)


def _without_our_frames(error: BaseException) -> BaseException:
    """The error with a traceback that begins in the function, if the function was called."""
    entries, entry = [], error.__traceback__
    while entry:
        entries.append(entry)
        entry = entry.tb_next
    ours = [index for index, entry in enumerate(entries) if entry.tb_frame.f_code.co_filename == __file__]
    inner = entries[ours[-1] + 1 :] if ours else entries
    return error.with_traceback(inner[0] if inner else None)
