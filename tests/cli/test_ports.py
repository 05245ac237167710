"""What a person reads whose port cannot be had, and which other port is suggested."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from local import ports
from local.errors import SetupError
from local.stack import discovery
from tests.host.host_apps import write_app

PROJECT = Path(__file__).parents[2]


def test_a_taken_port_and_a_free_one_after_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert ports.is_taken(port)
        free = ports.free_after(port)
        assert free != port
        with socket.create_server(("127.0.0.1", free)):
            assert ports.free_after(free) != free


def test_after_the_last_port_any_free_one_is_named() -> None:
    assert 0 < ports.free_after(ports.MAX_PORT) <= ports.MAX_PORT


@pytest.mark.parametrize("port", [-1, 65_536, 99_999])
def test_a_number_that_is_no_port(port: int) -> None:
    with pytest.raises(
        SetupError, match=f"--port {port} is not a port: it must be from 1 to 65535, or 0 for any free port"
    ):
        ports.check(port)


def test_a_run_on_a_taken_port_is_told_of_another_that_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=rf"Port {port} is taken\. Choose another: ") as refused:
            discovery.require_idle(port)
    named = int(str(refused.value).rpartition("=")[2])
    assert named != port
    with socket.create_server(("127.0.0.1", named)):
        pass


@pytest.mark.parametrize("command", ["host", "up"])
def test_each_command_says_in_one_line_that_it_is_no_port(command: str, tmp_path: Path) -> None:
    app = [str(write_app(tmp_path, ""))] if command == "host" else []
    words = [sys.executable, "-m", "local", command, *app, "--port", "99999"]
    ended = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "--port 99999 is not a port: it must be from 1 to 65535, or 0 for any free port.\n"
