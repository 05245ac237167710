"""Azure Functions Core Tools as the host: `func start` with the same settings as the local host."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import ports
from local.child_process import ChildProcess
from local.errors import SetupError

SECONDS_TO_START = 120.0


@dataclass(frozen=True)
class CoreTools:
    url: str


@contextmanager
def running(app_dir: Path, *, port: int = 0, environ: Mapping[str, str], log: Path) -> Iterator[CoreTools]:
    """`func start` in `app_dir` until the block ends; what it prints is written to `log`.

    Raises SetupError if it is not installed or does not start.
    """
    program = shutil.which("func")
    if program is None:
        raise SetupError("Core Tools (`func`) are not on the PATH; without HOST=func the local host is used.")
    port = port or ports.free()
    command = [program, "start", "--port", str(port)]
    with ChildProcess.running("`func start`", command, folder=app_dir, environ=environ, log=log) as process:
        process.wait_for(lambda: _answers(port), SECONDS_TO_START)
        yield CoreTools(f"http://{ports.LOCALHOST}:{port}")


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/host/status", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
