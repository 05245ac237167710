"""Spans of landing, submission, collection and result: linked over invocations, and none without the switch."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.domain.documents import Document
from shared.pipeline import tracing
from tests.support.full_day_script import SHIP, put
from tests.support.in_memory_app import SETTINGS, Instance, Stage
from tests.support.prepared_apps import app_with_classifier
from tests.support.values import document

ON = replace(SETTINGS, tracing=True)
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
INVOCATION = SimpleNamespace(trace_context=SimpleNamespace(trace_parent=f"00-{TRACE}-{SPAN}-01", trace_state="a=b"))
EXPORTER = InMemorySpanExporter()


@pytest.fixture(scope="module", autouse=True)
def _provider() -> None:
    """A process has one."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(EXPORTER))
    trace.set_tracer_provider(provider)


@pytest.fixture(autouse=True)
def _no_spans_yet() -> Iterator[None]:
    EXPORTER.clear()
    yield
    EXPORTER.clear()


def spans(name: str) -> list[ReadableSpan]:
    return [span for span in EXPORTER.get_finished_spans() if span.name == f"textdrop {name}"]


def span_ids(span: ReadableSpan) -> set[int]:
    """Of the spans that it links."""
    return {link.context.span_id for link in span.links}


def identity(span: ReadableSpan) -> int:
    return int(span.get_span_context().span_id)  # type: ignore[union-attr]  # an exported span has one


def traced(stage: Stage) -> Instance:
    return Instance(stage, replace(app_with_classifier(stage).services, settings=ON))


def classified(stage: Stage, app: Instance) -> None:
    put("lone.txt", SHIP)(stage)
    with tracing.continued(app.services.settings, INVOCATION):
        app.land("lone.txt")
    app.ticks(3)


def test_a_landing_is_a_child_of_the_invocation_and_the_others_link_it() -> None:
    stage = Stage()
    app = traced(stage)
    classified(stage, app)
    [landing], [submission], [result] = spans("landing"), spans("submission"), spans("result")
    assert landing.parent is not None
    assert (f"{landing.parent.trace_id:032x}", f"{landing.parent.span_id:016x}") == (TRACE, SPAN)
    assert landing.parent.trace_state.get("a") == "b"
    assert span_ids(submission) == {identity(landing)}
    assert span_ids(result) == {identity(landing), identity(submission)}
    assert all(span_ids(one) == {identity(submission)} for one in spans("collection"))
    assert stage.only().state == "succeeded"


def test_a_result_is_a_child_of_its_collection_though_another_thread_settles_it() -> None:
    stage = Stage()
    app = traced(stage)
    classified(stage, app)
    [result] = spans("result")
    assert result.parent is not None
    assert result.parent.span_id in {identity(one) for one in spans("collection")}
    with tracing.continued(ON, INVOCATION):
        app.ticks(1)
        assert tracing.here(ON) == INVOCATION.trace_context.trace_parent
    assert tracing.here(ON) == ""


def test_spans_have_counts_and_no_names() -> None:
    stage = Stage()
    classified(stage, traced(stage))
    attributes = [dict(span.attributes or {}) for span in EXPORTER.get_finished_spans()]
    assert {name for one in attributes for name in one} == {"textdrop.documents"}
    assert "lone" not in str([span.to_json() for span in EXPORTER.get_finished_spans()])


def test_an_error_is_recorded_by_its_type_alone() -> None:
    with pytest.raises(LookupError), tracing.span(ON, "landing"):
        raise LookupError("a name")
    [landing] = spans("landing")
    assert (landing.status.description, landing.status.is_ok, landing.events) == ("LookupError", False, ())


@pytest.mark.parametrize("settings", [SETTINGS, ON], ids=["off", "not installed"])
def test_without_the_switch_or_the_package_nothing_is_traced_or_stored(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if settings is ON:
        monkeypatch.setitem(sys.modules, "opentelemetry", None)
        monkeypatch.setattr(tracing, "installed", tracing.installed.__wrapped__)
    stage = Stage()
    app = Instance(stage, replace(app_with_classifier(stage).services, settings=settings))
    classified(stage, app)
    assert not EXPORTER.get_finished_spans()
    assert stage.only().traceparent == ""
    assert not [row for row in stage.rows.query_range("", "~", 1000) if "traceparent" in str(row.columns)]


def test_the_traceparent_is_stored_with_document_and_job_and_costs_no_request() -> None:
    stage = Stage()
    classified(stage, traced(stage))
    [landing] = spans("landing")
    assert stage.only().traceparent.split("-")[2] == f"{identity(landing):016x}"
    found = [row for row in stage.rows.query_range("", "~", 1000) if '"traceparent":"00-' in str(row.columns)]
    assert {row.key.partition("|")[0] for row in found} == {"doc", "job"}


@pytest.mark.parametrize("broken", ["", "00-x", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_traceparent_that_cannot_be_read_links_nothing(broken: str) -> None:
    with tracing.continued(ON, INVOCATION), tracing.span(ON, "submission", [broken]):
        pass
    [submission] = spans("submission")
    assert submission.links == ()


def test_a_replayed_document_keeps_its_landing() -> None:
    one: Document = replace(document(), traceparent="00-a")
    assert one.gone(one.claimed).replayed(one.claimed).traceparent == "00-a"
