"""How a host ends: on signals, with functions under way, and with whoever started it."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import requests

from local.development_storage import connection_string
from local.host.launch import running
from local.stack.azurite import Azurite
from tests.host.host_apps import eventually, host_storage, write_app

PROJECT = Path(__file__).parents[2]
CODE = """
import pathlib, time

def wait_for(name):
    while not pathlib.Path(name).exists():
        time.sleep(0.02)

@app.route(route="slow")
def slow(req: func.HttpRequest) -> func.HttpResponse:
    logging.info("slow has started")
    wait_for("go")
    return func.HttpResponse("slow has ended")

@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
def yearly(timer: func.TimerRequest) -> None:
    if pathlib.Path("hold").exists():
        logging.info("yearly has started")
        wait_for("go")
        logging.info("yearly has ended")
"""


@pytest.fixture
def storage(azurite: Azurite, container: str) -> dict[str, str]:
    return host_storage(azurite, container)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_exit_code_0(tmp_path: Path, storage: dict[str, str], number: signal.Signals) -> None:
    with running(write_app(tmp_path, CODE), environ=storage) as host:
        assert requests.get(f"{host.url}/admin/host/ping", timeout=30).status_code == 200
        host.process.send_signal(number)
        assert host.process.wait(30) == 0
    assert "Traceback" not in host.output


@pytest.mark.fact("startup")
def test_what_is_under_way_ends_and_nothing_new_begins(tmp_path: Path, storage: dict[str, str]) -> None:
    (tmp_path / "hold").touch()
    with running(write_app(tmp_path, CODE), environ=storage) as host, ThreadPoolExecutor() as callers:
        host.wait_for_line("yearly has started")
        answer = callers.submit(requests.get, f"{host.url}/api/slow", timeout=60)
        host.wait_for_line("slow has started")
        host.process.terminate()
        host.wait_for_line("Stopping")
        eventually(lambda: _refused(host.url))
        assert host.process.poll() is None
        (tmp_path / "go").touch()
        assert answer.result().text == "slow has ended"
        assert host.process.wait(30) == 0
        host.wait_for_line("yearly has ended")


def _refused(url: str) -> bool:
    try:
        requests.get(f"{url}/admin/host/ping", timeout=30)
    except requests.ConnectionError:
        return True
    return False


def test_a_stop_says_what_it_waits_for_and_for_how_long_is_an_option(tmp_path: Path, storage: dict[str, str]) -> None:
    (tmp_path / "hold").touch()
    with running(write_app(tmp_path, CODE), environ=storage, stop_after=0.2) as host:
        host.wait_for_line("yearly has started")
        host.process.terminate()
        host.wait_for_line("Stopping, after 1 of yearly or 0.2 seconds; Ctrl-C again does not wait")
        assert host.process.wait(30) == 0
    assert "Stopped with functions still running" in host.output
    assert "yearly has ended" not in host.output


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path, storage: dict[str, str]) -> None:
    with running(write_app(tmp_path, CODE), environ=storage) as host:
        caller = threading.Thread(target=_ask_in_vain, args=(f"{host.url}/api/slow",))
        caller.start()
        host.wait_for_line("slow has started")
        host.process.send_signal(signal.SIGINT)
        host.wait_for_line("Stopping")
        host.process.send_signal(signal.SIGINT)
        assert host.process.wait(20) == 1
        caller.join(30)


def _ask_in_vain(url: str) -> None:
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=60)


def test_a_signal_while_the_app_is_being_loaded(tmp_path: Path) -> None:
    code = "import pathlib, time\npathlib.Path('loading').touch()\ntime.sleep(60)"
    command = [sys.executable, "-m", "local", "host", str(write_app(tmp_path, code)), "--port", "0"]
    with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.PIPE, text=True) as process:
        try:
            eventually((tmp_path / "loading").exists)
            process.terminate()
            assert process.stderr
            assert (process.wait(30), process.stderr.read()) == (0, "")
        finally:
            process.kill()


def test_a_host_ends_with_the_process_that_started_it(tmp_path: Path, storage: dict[str, str]) -> None:
    folder = write_app(tmp_path, CODE)
    code = (
        "import os, sys, pathlib\nfrom local.host.launch import running\n"
        f"with running(pathlib.Path({str(folder)!r}), environ={storage!r}) as host:\n"
        "    print(host.url, flush=True)\n    os._exit(9)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 9
    deadline = time.monotonic() + 30
    while not _refused(ended.stdout.strip()):
        assert time.monotonic() < deadline


@contextmanager
def relayed(port: int, held: threading.Event) -> Iterator[int]:
    """A port that leads to `port` of this machine, and no further once `held` is set."""

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while (data := source.recv(65536)) and not held.is_set():
                target.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as server, ExitStack() as opened:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    ends = [server.accept()[0], socket.create_connection(("127.0.0.1", port))]
                    for source, target in (ends, ends[::-1]):
                        opened.enter_context(source)
                        threading.Thread(target=pump, args=(source, target), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def test_storage_that_answers_no_more_holds_up_no_stop_also_if_nobody_reads_the_log(
    tmp_path: Path, azurite: Azurite, container: str
) -> None:
    options = [str(write_app(tmp_path, CODE)), "--port", "0", "--stop-after", "1"]
    held = threading.Event()
    for name in ("hold", "go"):
        (tmp_path / name).touch()
    with relayed(azurite.blob_port, held) as port:
        storage = connection_string(port, azurite.queue_port, azurite.table_port)
        apart = {"AzureFunctionsWebHost__hostid": container, "PYTHONUNBUFFERED": ""}
        environ = {**os.environ, "AzureWebJobsStorage": storage, **apart}
        command = [sys.executable, "-m", "local", "host", *options]
        with subprocess.Popen(command, cwd=PROJECT, env=environ, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                assert any("yearly has ended" in line for line in process.stdout)  # so it holds a lease, to be released
                held.set()
                process.stdout.close()
                process.terminate()
                assert process.wait(30) == 0
            finally:
                process.kill()


OVERDUE = """
import asyncio, pathlib, threading

@app.route(route="async")
async def waiting(req: func.HttpRequest) -> func.HttpResponse:
    try:
        await asyncio.Event().wait()
    finally:
        logging.info("the async one was ended")

@app.route(route="sync")
def blocked(req: func.HttpRequest) -> func.HttpResponse:
    threading.Event().wait()

@app.route(route="quick")
def quick(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("quick")
"""


def test_a_function_over_its_time_has_failed_and_holds_up_neither_others_nor_a_stop(tmp_path: Path) -> None:
    environ = {"PYTHON_THREADPOOL_THREAD_COUNT": "1"}
    with running(write_app(tmp_path, OVERDUE, functionTimeout="00:00:01"), environ=environ) as host:
        assert requests.get(f"{host.url}/api/async", timeout=60).status_code == 500
        host.wait_for_line("the async one was ended")
        host.wait_for_line("waiting ran longer than 1 s")
        assert requests.get(f"{host.url}/api/sync", timeout=60).status_code == 500
        host.wait_for_line("blocked ran longer than 1 s")
        assert requests.get(f"{host.url}/api/quick", timeout=60).text == "quick"  # though the only thread is taken
        host.process.terminate()
        assert host.process.wait(20) == 0


LEFT = """
import subprocess, sys

@app.route(route="leave")
def leave(req: func.HttpRequest) -> func.HttpResponse:
    code = "import fcntl, time; held = open('left', 'w'); fcntl.flock(held, fcntl.LOCK_EX); time.sleep(60)"
    subprocess.Popen([sys.executable, "-c", code])
    return func.HttpResponse("left")
"""


def _held(file: Path) -> bool:
    try:
        with file.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def test_processes_that_functions_leave_behind_end_with_the_host(tmp_path: Path) -> None:
    with running(write_app(tmp_path, LEFT), environ={}) as host:
        assert requests.get(f"{host.url}/api/leave", timeout=30).text == "left"
        left = tmp_path / "left"
        eventually(lambda: left.exists() and _held(left))
        assert host.end() == 0
        eventually(lambda: not _held(left), 20)
