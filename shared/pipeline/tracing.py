"""Spans through OpenTelemetry's API, if TRACING is on and the package is installed. Otherwise nothing happens.

A document passes through several invocations, so its spans are linked by what `here` returned, which its row keeps. The
attributes hold no names and no texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from shared.settings import Settings


class _Api(NamedTuple):
    """What is used of the package."""

    context: Any
    trace: Any
    propagator: Any  # of W3C trace context


@contextmanager
def continued(settings: Settings, invocation: Any) -> Iterator[None]:
    """Spans in the block are children of the invocation's span.

    `invocation`: the function's `context` argument, or None. Microsoft's worker runs a synchronous function without
    attaching its trace context.
    """
    api = _api(settings)
    if api is None or invocation is None:
        yield
        return
    given = invocation.trace_context
    carrier = {"traceparent": given.trace_parent or "", "tracestate": given.trace_state or ""}
    token = api.context.attach(api.propagator.extract(carrier))
    try:
        yield
    finally:
        api.context.detach(token)


@contextmanager
def span(settings: Settings, name: str, links: Iterable[str] = (), **counts: int) -> Iterator[None]:
    """A span around the block. `links`: what `here` returned in other spans; "" links nothing.

    An error is recorded by its type only, because its text may have names.
    """
    api = _api(settings)
    if api is None:
        yield
        return
    linked = [api.trace.Link(found) for link in dict.fromkeys(links) if (found := _parsed(api, link)).is_valid]
    attributes = {f"textdrop.{key}": count for key, count in counts.items()}
    started = api.trace.get_tracer("textdrop").start_as_current_span(
        f"textdrop {name}", links=linked, attributes=attributes, record_exception=False, set_status_on_exception=False
    )
    with started as current:
        try:
            yield
        except Exception as error:
            current.set_status(api.trace.Status(api.trace.StatusCode.ERROR, type(error).__name__))
            raise


def here(settings: Settings) -> str:
    """The W3C traceparent of the current span; "" if there is none."""
    api = _api(settings)
    carrier: dict[str, str] = {}
    if api is not None:
        api.propagator.inject(carrier)
    return carrier.get("traceparent", "")


def _parsed(api: _Api, traceparent: str) -> Any:
    """The context of the span that a traceparent names; an invalid one if it cannot be read."""
    read = api.propagator.extract({"traceparent": traceparent}, context=api.context.Context())
    return api.trace.get_current_span(read).get_span_context()


def _api(settings: Settings) -> _Api | None:
    return installed() if settings.tracing else None


@cache
def installed() -> _Api | None:
    try:
        from opentelemetry import context, trace
        from opentelemetry.trace.propagation import tracecontext
    except ImportError:
        return None
    return _Api(context, trace, tracecontext.TraceContextTextMapPropagator())
