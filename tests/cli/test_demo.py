"""`make demo` that is kept running after its walk, in a folder of the test: other commands find it by a file there."""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from pathlib import Path

import pytest
import requests

from local.child_process import ChildProcess
from local.cli import demo
from local.errors import SetupError
from local.stack import discovery

ROOT = Path(__file__).parents[2]
DROP = ROOT / "samples" / "movies" / "drop"
SECONDS_TO_WALK = 180.0


class MakeDemo(ChildProcess):
    seconds_to_end = 120.0


def test_a_demo_that_is_kept_prints_the_address_of_the_console_is_found_and_ends_with_ctrl_c(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "STATE", tmp_path / ".textdrop")
    for name in ("function_app.py", "host.json", "requirements.txt", "shared", "local", "samples"):
        (tmp_path / name).symlink_to(ROOT / name)
    drop = tmp_path / "drop"
    drop.mkdir()
    (drop / "The_Hostage_Line.txt").write_bytes((DROP / "The_Hostage_Line.txt").read_bytes())
    command = [sys.executable, "-m", "local", "demo", "--keep", "--drop", str(drop), "--pace", "instant"]
    with MakeDemo.running("make demo", command, folder=tmp_path, environ=os.environ) as walk:
        line = walk.wait_for_line("  console  ", SECONDS_TO_WALK)
        assert "All 1 files got their classes." in walk.output
        assert discovery.find().console == line.split()[1]
        page = requests.get(line.split()[1], timeout=30)
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        walk.process.send_signal(signal.SIGINT)
        assert walk.process.wait(MakeDemo.seconds_to_end) == 0, walk.output
    assert discovery.announced() is None


def test_a_demo_is_not_kept_beside_what_runs_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "STATE", tmp_path)
    parser = argparse.ArgumentParser()
    demo.arguments(parser)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        with discovery.announcing(discovery.Stack(url, "", "")), pytest.raises(SetupError, match="running already"):
            demo.run(parser.parse_args(["--keep"]))
