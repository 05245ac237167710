"""Runs functions: sync ones on a thread pool, async ones on the event loop, each with its context and its log lines."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time
import uuid
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from azure.functions import meta

from local.host.config.settings import Settings
from local.host.functions.function import BlobTrigger, Function, HttpTrigger, TimerTrigger
from local.host.functions.invocation_context import (
    FIRST_ATTEMPT,
    Context,
    RetryContext,
    TraceContext,
    running,
    thread_local,
)

THREADS = "PYTHON_THREADPOOL_THREAD_COUNT"
BINDINGS = {HttpTrigger: "httpTrigger", TimerTrigger: "timerTrigger", BlobTrigger: "blobTrigger"}
SLOW = 5.0  # seconds; a run that takes longer is worth a line
log = logging.getLogger("host")


class FunctionTimeoutError(Exception):
    """A function ran longer than functionTimeout of host.json."""


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Outcome:
    """What a function returned, or the error it raised."""

    value: Any = None
    error: BaseException | None = None


def size_of_pool(settings: Settings) -> int | None:
    """How many sync functions run at once; None is Python's default."""
    text = settings.get(THREADS)
    if not text or (text.isdecimal() and int(text) > 0):
        return int(text) if text else None
    log.warning("%s must be a whole number of at least 1; Python's default is used.", THREADS)
    return None


class Invoker:
    """Runs functions, each for no longer than `timeout` seconds, sync ones on `size` threads (None: the default).

    One that takes `slow` seconds is logged, however it ends.

    Python cannot end a thread: a sync function that is over its time has failed, but goes on in its thread. It takes
    none from the others, for they get new threads, as the real host would start the worker anew.
    """

    def __init__(self, size: int | None = None, timeout: float | None = None, *, slow: float = SLOW) -> None:
        self._size, self._timeout, self._slow = size, timeout, slow
        self._threads = ThreadPoolExecutor(size, "function")
        self._in_threads: set[str] = set()

    @property
    def is_busy(self) -> bool:
        """Whether some function is in a thread, be it over its time."""
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
        encode: Callable[[Any], Any] = _as_it_is,
    ) -> Outcome:
        """Runs the function once with what its trigger brought. Never raises what the function raises.

        `encode` makes the outcome's value of what the function returned; what it raises is the function's failure.
        A `routine` run is only logged if it fails or is slow.
        """
        trace = TraceContext(trace_parent or f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01")
        context = Context(function.name, function.directory, trace, retry)
        token, started = running.set(context), time.monotonic()
        log.debug("Executing (%s)", reason)
        try:
            outcome = _encoded(await self._outcome(function, value, metadata, context), encode)
            seconds = time.monotonic() - started
            _log_end(outcome, reason, seconds, quiet=routine and seconds < self._slow)
            return outcome
        finally:
            running.reset(token)

    async def _outcome(
        self, function: Function, value: meta.Datum, metadata: Mapping[str, meta.Datum], context: Context
    ) -> Outcome:
        try:
            arguments = {function.argument: _argument(function, value, metadata)}
            if function.wants_context:
                arguments["context"] = context
            result = await self._in_time(context, self._call(function, arguments, context.invocation_id))
        except BaseException as error:  # whatever it raises is its failed invocation
            if (task := asyncio.current_task()) and task.cancelling():
                raise  # the host itself is ending
            return Outcome(error=error)
        if result is not None and not function.returns:
            return Outcome(error=RuntimeError(f"{function.name} has no $return binding but returned a value"))
        return Outcome(result)

    async def _in_time(self, context: Context, call: Coroutine[Any, Any, Any]) -> Any:
        """Raises FunctionTimeoutError if it takes too long."""
        limit = asyncio.timeout(self._timeout)
        try:
            async with limit:
                return await call
        except TimeoutError:
            if not limit.expired():  # it is the function's own
                raise
            if context.invocation_id in self._in_threads:
                self._leave_threads()
            raise FunctionTimeoutError(f"{context.function_name} ran longer than {self._timeout:g} s") from None

    def _leave_threads(self) -> None:
        """What runs there, or waits to, goes on; what comes runs elsewhere."""
        self._threads.shutdown(wait=False)
        self._threads = ThreadPoolExecutor(self._size, "function")

    async def _call(self, function: Function, arguments: dict[str, Any], invocation_id: str) -> Any:
        if function.is_async:
            thread_local.invocation_id = invocation_id  # until the next one: all of them share the loop's thread
            return await function.call(**arguments)

        def call() -> Any:
            thread_local.invocation_id = invocation_id
            self._in_threads.add(invocation_id)
            try:
                return function.call(**arguments)
            except (StopIteration, GeneratorExit) as error:  # asyncio cannot carry them from a thread
                raise RuntimeError(f"the function raised {type(error).__name__}") from error
            finally:
                thread_local.invocation_id = None
                self._in_threads.discard(invocation_id)

        inherited = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, inherited.run, call)


def converter(binding: str) -> Any:
    """The library's converter for a type of binding, or None."""
    return meta.get_binding_registry().get(binding)  # type: ignore[no-untyped-call]


def _argument(function: Function, value: meta.Datum, metadata: Mapping[str, meta.Datum]) -> Any:
    """The trigger's value, made by the library's own converter as in the worker."""
    if function.raw:
        return value.value
    return converter(BINDINGS[type(function.trigger)]).decode(value, trigger_metadata=metadata)


def _encoded(outcome: Outcome, encode: Callable[[Any], Any]) -> Outcome:
    if outcome.error:
        return outcome
    try:
        return Outcome(encode(outcome.value))
    except Exception as error:  # noqa: BLE001  # the library may raise anything for what it cannot encode
        return Outcome(error=error.with_traceback(None))  # which would show none of the function's lines


def _log_end(outcome: Outcome, reason: str, seconds: float, *, quiet: bool) -> None:
    milliseconds = seconds * 1000
    if outcome.error:
        log.error("Failed after %d ms (%s)", milliseconds, reason, exc_info=_without_our_frames(outcome.error))
    else:
        log.log(logging.DEBUG if quiet else logging.INFO, "Succeeded after %d ms (%s)", milliseconds, reason)


def _without_our_frames(error: BaseException) -> BaseException:
    """The error with a traceback that begins in the function, if it came that far."""
    entries, entry = [], error.__traceback__
    while entry:
        entries.append(entry)
        entry = entry.tb_next
    ours = [index for index, one in enumerate(entries) if one.tb_frame.f_code.co_filename == __file__]
    inner = entries[ours[-1] + 1 :] if ours else entries
    return error.with_traceback(inner[0] if inner else None)
