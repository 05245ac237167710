"""The worker that other tests drive: it indexes a small app with the three kinds of triggers, and calls them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.worker.worker_process import RealWorker, WorkerError, working

APP = """
import json, os, pathlib
import azure.functions as func

app = func.FunctionApp()
SEEN = pathlib.Path(os.environ["SEEN"])

@app.route(route="echo/{word}", methods=["POST"], auth_level=func.AuthLevel.ANONYMOUS)
def echo(req: func.HttpRequest) -> func.HttpResponse:
    print("a line that must not reach the driver")
    told = [req.route_params["word"], req.params["q"], req.headers["x-sent"], req.get_json()]
    return func.HttpResponse(json.dumps(told), status_code=201, headers={"X-Answer": "yes"})

@app.timer_trigger(arg_name="clock", schedule="%TICK%")
async def tick(clock: func.TimerRequest) -> None:
    SEEN.write_text(f"past due: {clock.past_due}")

@app.blob_trigger(arg_name="landed", path="in/{name}", connection="STORE")
def copy(landed: func.InputStream) -> None:
    if landed.name == "in/bad.txt":
        raise LookupError("no such luck")
    SEEN.write_text(f"{landed.name} {landed.length} {landed.read().decode()}")
"""


@pytest.fixture
def seen(tmp_path: Path) -> Path:
    return tmp_path / "seen.txt"


@pytest.fixture
def worker(worker_python: Path, tmp_path: Path, seen: Path) -> Iterator[RealWorker]:
    (tmp_path / "function_app.py").write_text(APP)
    with working(worker_python, tmp_path, {"SEEN": str(seen)}) as started:
        yield started


def test_it_indexes_as_the_host_would_be_told(worker: RealWorker) -> None:
    triggers = {name: bindings[0] for name, bindings in worker.functions.items()}
    assert {name: trigger["type"] for name, trigger in triggers.items()} == {
        "echo": "httpTrigger",
        "tick": "timerTrigger",
        "copy": "blobTrigger",
    }
    assert triggers["echo"]["route"] == "echo/{word}"
    assert triggers["tick"]["schedule"] == "%TICK%"
    assert (triggers["copy"]["path"], triggers["copy"]["connection"]) == ("in/{name}", "STORE")


def test_http_there_and_back(worker: RealWorker) -> None:
    answer = worker.http(
        "echo",
        "POST",
        "http://host/api/echo/hé?q=1",
        headers={"x-sent": "s"},
        route={"word": "hé"},
        query={"q": "1"},
        body='{"a": [1]}',
    )
    assert answer["status"] == 201
    assert answer["headers"]["X-Answer"] == "yes"
    assert answer["body"] == '["h\\u00e9", "1", "s", {"a": [1]}]'


def test_a_timer_that_is_late(worker: RealWorker, seen: Path) -> None:
    worker.timer("tick", past_due=True)
    assert seen.read_text() == "past due: True"


def test_a_blob_and_then_one_that_fails(worker: RealWorker, seen: Path) -> None:
    worker.blob("copy", "in/a.txt", "héllo")
    assert seen.read_text() == "in/a.txt 6 héllo"
    with pytest.raises(WorkerError, match="no such luck"):
        worker.blob("copy", "in/bad.txt", "")


def test_the_worker_says_what_is_wrong_with_an_app(worker_python: Path, tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text("import no_such_package\n")
    with pytest.raises(WorkerError, match="no_such_package"), working(worker_python, tmp_path, {}):
        pass
