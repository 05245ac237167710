"""Child processes are read as they print, awaited, and never left behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from local import child_process
from local.child_process import ChildProcess
from local.errors import SetupError

STUBBORN = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
sys.stdin.read()
signal.pause()
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_it_runs_in_its_own_group_folder_and_environment_and_ends_with_the_block(tmp_path: Path) -> None:
    code = (
        "import os, sys; print(os.getcwd(), os.environ.get('A'), os.environ.get('HOME'), flush=True); sys.stdin.read()"
    )
    with ChildProcess.running("It", python(code), folder=tmp_path, environ={"A": "b"}) as child:
        assert child.wait_for_line("b") == f"{tmp_path} b None\n"
        assert os.getpgid(child.process.pid) == child.process.pid != os.getpgid(0)
    assert child.process.poll() is not None


def test_what_it_prints_on_either_stream_is_kept_and_written_to_the_log(tmp_path: Path) -> None:
    code = (
        "import os, sys; os.write(1, b'out\\n'); os.write(2, b'\\xff\\n'); print('ready', flush=True); sys.stdin.read()"
    )
    with ChildProcess.running("It", python(code), log=tmp_path / "log") as child:
        child.wait_for_line("ready")
    assert child.output == "out\n\N{REPLACEMENT CHARACTER}\nready\n" == (tmp_path / "log").read_text("utf-8")


def test_only_the_last_lines_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(child_process, "MAX_LINES", 2)
    with ChildProcess.running("It", python("print(1); print(2); print(3, flush=True); input()")) as child:
        child.wait_for_line("3")
        assert child.lines == ["2\n", "3\n"]


def test_one_that_ends_before_it_is_ready_is_an_error_with_what_it_printed() -> None:
    with (
        pytest.raises(SetupError, match=r"^It ended with exit code 3:\nno\n$"),
        ChildProcess.running("It", python("print('no'); raise SystemExit(3)")) as child,
    ):
        child.wait_for_line("yes")


def test_what_it_printed_last_counts_though_it_has_ended() -> None:
    with ChildProcess.running("It", python("print('yes')")) as child:
        child.process.wait()
        assert child.wait_for_line("yes") == "yes\n"
        assert child.end() == child.end() == 0


def test_one_that_is_not_ready_in_time_is_an_error_with_what_it_printed() -> None:
    with ChildProcess.running("It", python("print('no', flush=True); input()")) as child:
        child.wait_for_line("no")
        with pytest.raises(SetupError, match=r"^It was not ready after 0 seconds:\nno\n$"):
            child.wait_for(lambda: None, 0.0)
        with pytest.raises(SetupError, match="not ready"):
            child.wait_for(lambda: False, 0.0)


def test_one_that_takes_no_notice_of_sigterm_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ChildProcess, "seconds_to_end", 0.1)
    with ChildProcess.running("It", python(STUBBORN)) as child:
        child.wait_for_line("deaf")
        assert child.end() == -9
