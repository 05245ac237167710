"""`make demo` that is kept running after its walk."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import requests

from local.child_process import ChildProcess

ROOT = Path(__file__).parents[2]
DROP = ROOT / "samples" / "movies" / "drop"
SECONDS_TO_WALK = 180.0


class MakeDemo(ChildProcess):
    seconds_to_end = 120.0


def test_a_demo_that_is_kept_prints_the_address_of_the_console_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    (tmp_path / "The_Hostage_Line.txt").write_bytes((DROP / "The_Hostage_Line.txt").read_bytes())
    command = [sys.executable, "-m", "local", "demo", "--keep", "--drop", str(tmp_path), "--pace", "instant"]
    with MakeDemo.running("make demo", command, folder=ROOT, environ=os.environ) as demo:
        line = demo.wait_for_line("  console  ", SECONDS_TO_WALK)
        assert "All 1 files got their classes." in demo.output
        page = requests.get(line.split()[1], timeout=30)
        assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        demo.process.send_signal(signal.SIGINT)
        assert demo.process.wait(MakeDemo.seconds_to_end) == 0, demo.output
