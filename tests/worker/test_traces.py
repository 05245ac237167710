"""Traces of the app in Microsoft's worker, which gives a synchronous function its trace context as an argument only."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from local.language.server.server import LanguageService
from local.stack.azurite import Azurite
from shared.settings import TODAY_API
from tests.support.app_on_azurite import SECONDS, TEXTS, World, environment
from tests.worker.worker_process import working

ROOT = Path(__file__).parents[2]
# The app, in a process that writes its spans into a file.
APP = """
import importlib.util, os, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

def line(span):
    return span.to_json(indent=None) + chr(10)

provider = TracerProvider()
spans = open(os.environ["SPANS"], "w", buffering=1)
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=spans, formatter=line)))
trace.set_tracer_provider(provider)
sys.path.append(os.environ["APP"])
spec = importlib.util.spec_from_file_location("textdrop_app", os.environ["APP"] + "/function_app.py")
module = sys.modules["textdrop_app"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
app = module.app
"""
LANDING, TICK = "4bf92f3577b34da6a3ce929d0e0e4736", "0af7651916cd43dd8448eb211c80319c"
SPAN = "00f067aa0ba902b7"


def read(file: Path) -> dict[str, dict[str, Any]]:
    """The last span of each name."""
    spans = [json.loads(line) for line in file.read_text().splitlines()]
    return {span["name"].removeprefix("textdrop "): span for span in spans}


def linked(span: dict[str, Any]) -> set[str]:
    """The ids of the spans that it links."""
    return {link["context"]["span_id"] for link in span["links"]}


@pytest.mark.parametrize("world", [TODAY_API], indirect=True)
def test_spans_are_children_of_the_invocation_and_results_link_the_landing(
    world: World, worker_python: Path, azurite: Azurite, language_service: LanguageService, tmp_path: Path
) -> None:
    world.publish()
    world.put("soup.txt", TEXTS["Cooking"])
    (tmp_path / "function_app.py").write_text(APP)
    settings = environment(azurite.connection_string, language_service, world.container, world.api)
    file = tmp_path / "spans.jsonl"
    more = {"APP": str(ROOT), "SPANS": str(file), "TRACING": "true"}
    with working(worker_python, tmp_path, {**settings, **more}) as worker:
        landed = f"{world.container}/soup.txt"
        worker.blob("document_landed", landed, TEXTS["Cooking"], trace_parent=f"00-{LANDING}-{SPAN}-01")
        deadline = time.monotonic() + SECONDS
        while not world.result("soup.txt"):
            assert time.monotonic() < deadline, "it did not get its classes in time"
            worker.timer("tick", trace_parent=f"00-{TICK}-{SPAN}-01")
    spans = read(file)
    landing, submission, collection, result = (
        spans[name] for name in ("landing", "submission", "collection", "result")
    )
    assert (landing["context"]["trace_id"], landing["parent_id"]) == (f"0x{LANDING}", f"0x{SPAN}")
    assert (collection["context"]["trace_id"], collection["parent_id"]) == (f"0x{TICK}", f"0x{SPAN}")
    assert result["parent_id"] == collection["context"]["span_id"]
    assert linked(submission) == {landing["context"]["span_id"]}
    assert linked(result) == {landing["context"]["span_id"], submission["context"]["span_id"]}
