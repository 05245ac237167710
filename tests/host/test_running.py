"""Functions as they run in a real host: whose log lines are whose, how many at once, how often, what a stop leaves."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
import requests
from azure.storage.blob import ContainerClient

from local.host.launch import running
from local.stack.azurite import Azurite
from tests.host.host_apps import eventually, write_app

THREADS = """
import threading

def say(text, storage=None, invocation_id=None):
    if storage:
        storage.invocation_id = invocation_id
    logging.info(text)

@app.route(route="start/{how}")
def start(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    more = (context.thread_local_storage, context.invocation_id) if req.route_params["how"] == "named" else ()
    thread = threading.Thread(target=say, args=(f"from its own thread, {req.route_params['how']}", *more))
    thread.start()
    thread.join()
    return func.HttpResponse(context.invocation_id)

@app.route(route="meanwhile")
async def meanwhile(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    logging.info("from the loop")
    return func.HttpResponse(context.invocation_id)
"""


def test_log_lines_say_whose_they_are(tmp_path: Path) -> None:
    with running(write_app(tmp_path, THREADS), environ={"PYTHON_THREADPOOL_THREAD_COUNT": "none"}) as host:
        host.wait_for_line("WARNING PYTHON_THREADPOOL_THREAD_COUNT must be a whole number of at least 1")
        of_loop = requests.get(f"{host.url}/api/meanwhile", timeout=60).text
        named = requests.get(f"{host.url}/api/start/named", timeout=60).text
        requests.get(f"{host.url}/api/start/nameless", timeout=60)
        assert f"[meanwhile {of_loop}] from the loop\n" in host.wait_for_line("from the loop")
        assert f"Z] [{named}] from its own thread" in host.wait_for_line("thread, named")
        assert "Z] from its own thread" in host.wait_for_line("thread, nameless")
        host.process.terminate()
        assert "Z] Stopping" in host.wait_for_line("Stopping")  # the host's own line is no function's


@pytest.mark.parametrize("verbose", [False, True])
def test_each_run_is_one_line_and_its_beginning_one_for_the_curious(tmp_path: Path, verbose: bool) -> None:
    with running(write_app(tmp_path, THREADS), environ={}, verbose=verbose) as host:
        requests.get(f"{host.url}/api/meanwhile?code=a-key", timeout=60)
        line = host.wait_for_line("Succeeded after")
    assert line.endswith(" ms (GET /api/meanwhile)\n")
    assert ("Executing (GET /api/meanwhile)" in host.output) == verbose


BLOBS = """
import pathlib, threading, time
one_at_a_time = threading.Lock()

@app.blob_trigger(arg_name="blob", path="%CONTAINER%/bad/{name}", connection="AzureWebJobsStorage")
def bad(blob: func.InputStream) -> None:
    raise ValueError("a bad one")

@app.blob_trigger(arg_name="blob", path="%CONTAINER%/alone/{name}", connection="AzureWebJobsStorage")
def alone(blob: func.InputStream) -> None:
    assert one_at_a_time.acquire(blocking=False), "two at once"
    time.sleep(0.05)
    one_at_a_time.release()
    logging.info("ended alone")

@app.blob_trigger(arg_name="blob", path="%CONTAINER%/slow/{name}", connection="AzureWebJobsStorage")
def slow(blob: func.InputStream) -> None:
    logging.info("slow has started")
    while not pathlib.Path("go").exists():
        time.sleep(0.02)
    logging.info("slow has ended")

@app.blob_trigger(arg_name="blob", path="%CONTAINER%/told/{name}", connection="AzureWebJobsStorage", source="EventGrid")
def told(blob: func.InputStream) -> None: ...
"""
POISONED = "was moved to webjobs-blobtrigger-poison"
OVERRIDE = "AzureFunctionsJobHost__extensions__blobs__"


@pytest.fixture
def environ(azurite: Azurite, container: str) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": azurite.connection_string,
        "CONTAINER": container,
        "AzureFunctionsWebHost__hostid": f"{container}-{uuid.uuid4().hex[:4]}",
    }


def app_with(tmp_path: Path, **settings: int) -> Path:
    return write_app(tmp_path, BLOBS, extensions={"blobs": settings})


@pytest.mark.fact("attempts")
@pytest.mark.parametrize(("override", "attempts"), [({}, 2), ({f"{OVERRIDE}poisonBlobThreshold": "3"}, 3)])
def test_as_many_attempts_as_host_json_says_or_an_app_setting_over_it(
    tmp_path: Path, environ: dict[str, str], blobs: ContainerClient, override: dict[str, str], attempts: int
) -> None:
    blobs.upload_blob("bad/x", b"x")
    with running(app_with(tmp_path, poisonBlobThreshold=2), environ=environ | override) as host:
        host.wait_for_line(POISONED)
        assert host.output.count("ValueError: a bad one") == attempts


@pytest.mark.fact("at-once")
@pytest.mark.parametrize(
    ("settings", "override"), [({"maxDegreeOfParallelism": 1}, {}), ({}, {f"{OVERRIDE}maxDegreeOfParallelism": "1"})]
)
def test_no_more_at_once_than_host_json_says_or_an_app_setting_over_it(
    tmp_path: Path, environ: dict[str, str], blobs: ContainerClient, settings: dict[str, int], override: dict[str, str]
) -> None:
    for number in range(6):
        blobs.upload_blob(f"alone/{number}", b"x")
    with running(app_with(tmp_path, **settings), environ=environ | override) as host:
        eventually(lambda: host.output.count("ended alone") == 6)
    assert "two at once" not in host.output


@pytest.mark.fact("sigterm-blob")
def test_a_stop_waits_for_a_blob_function_and_nothing_is_done_again(
    tmp_path: Path, environ: dict[str, str], blobs: ContainerClient
) -> None:
    app = app_with(tmp_path)
    blobs.upload_blob("slow/x", b"x")
    with running(app, environ=environ) as host:
        host.wait_for_line("slow has started")
        host.process.terminate()
        host.wait_for_line("Stopping")
        assert host.process.poll() is None
        (tmp_path / "go").touch()
        assert host.process.wait(30) == 0
    assert "slow has ended" in host.output
    blobs.upload_blob("alone/later", b"x")
    with running(app, environ=environ) as again:
        again.wait_for_line("ended alone")
    assert "slow has started" not in again.output


def test_the_listing_tells_where_blobs_come_from(tmp_path: Path, environ: dict[str, str], container: str) -> None:
    with running(app_with(tmp_path), environ=environ) as host:
        lines = host.output.splitlines()
    assert f"    alone: blobTrigger {container}/alone/{{name}} in AzureWebJobsStorage" in lines
    assert f"    told: blobTrigger {container}/told/{{name}} in AzureWebJobsStorage, notified by Event Grid" in lines
