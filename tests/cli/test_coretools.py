"""Core Tools as the host: started with the app's settings, awaited over HTTP, ended with the block."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import requests

from local.errors import SetupError
from local.stack import coretools

FUNC = """
import http.server, os, sys
print("func", *sys.argv[1:3], "with", os.environ["SETTING"], "in", os.getcwd(), flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[3])), http.server.BaseHTTPRequestHandler).serve_forever()
"""


def install(folder: Path, code: str) -> None:
    program = folder / "func"
    program.write_text(f"#!{sys.executable}\n{code}")
    program.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that alone is on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def test_it_answers_until_the_block_ends(programs: Path, tmp_path: Path) -> None:
    install(programs, FUNC)
    log = tmp_path / "host.log"
    with coretools.running(tmp_path, environ={"SETTING": "a value"}, log=log) as host:
        assert requests.get(host.url, timeout=30).status_code == 501
    with pytest.raises(requests.ConnectionError):
        requests.get(host.url, timeout=30)
    assert log.read_text().startswith(f"func start --port with a value in {tmp_path}\n")


def test_one_that_does_not_start_is_an_error_with_what_it_printed(programs: Path, tmp_path: Path) -> None:
    install(programs, "raise SystemExit('no worker')")
    with (
        pytest.raises(SetupError, match=r"^`func start` ended with exit code 1:\nno worker\n$"),
        coretools.running(tmp_path, environ={}, log=tmp_path / "host.log"),
    ):
        pass


@pytest.mark.usefixtures("programs")
def test_without_it_the_message_says_what_is_used_instead(tmp_path: Path) -> None:
    with (
        pytest.raises(SetupError, match="without HOST=func the local host is used"),
        coretools.running(tmp_path, environ={}, log=tmp_path / "host.log"),
    ):
        pass
