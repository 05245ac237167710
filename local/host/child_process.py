"""The host as a child process: `python -m local host` on a free port, for tests and the demo."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from local.errors import SetupError
from local.host.banner import READY
from local.paths import ROOT

SECONDS_TO_START = 60.0
MOST_LINES = 50_000
SECONDS_TO_END = 45.0  # longer than the host's own grace


@dataclass
class Host:
    """A host that runs. `lines` is what it has printed so far."""

    process: subprocess.Popen[str]
    url: str = ""
    lines: list[str] = field(default_factory=list)
    log: Path | None = None
    _grown: threading.Condition = field(default_factory=threading.Condition, repr=False)

    @property
    def output(self) -> str:
        with self._grown:
            return "".join(self.lines)

    def wait_for_line(self, text: str, timeout: float = SECONDS_TO_START) -> str:
        """The first line that holds `text`, once it is there.

        Raises SetupError if the host ends without it, TimeoutError after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        with self._grown:
            while not (found := next((line for line in self.lines if text in line), "")):
                if not self._reader.is_alive():
                    raise SetupError(f"The host ended with exit code {self.process.wait()}:\n{''.join(self.lines)}")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"The host has not printed {text!r}:\n{''.join(self.lines)}")
                self._grown.wait(min(1.0, timeout))
        return found

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self.log.open("w", encoding="utf-8") if self.log else nullcontext() as log:
            for line in self.process.stdout or ():
                self._keep(line)
                if log:
                    print(line, end="", file=log, flush=True)

    def _keep(self, line: str) -> None:
        with self._grown:
            self.lines.append(line)
            del self.lines[:-MOST_LINES]
            self._grown.notify_all()

    def end(self) -> int:
        """Stops it as SIGTERM does and waits; its exit code. A second call gives the same."""
        self.process.terminate()
        try:
            return self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self._reader.join(1.0)
            if self._reader.is_alive():
                self._end_what_is_left()

    def _end_what_is_left(self) -> None:
        """Processes that functions began and left behind hold the host's output open, and nobody could stop reading."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._reader.join(1.0)


@contextmanager
def running(
    app_dir: Path,
    *,
    port: int = 0,
    environ: Mapping[str, str],
    log: Path | None = None,
    keys: Path | None = None,
    verbose: bool = False,
) -> Iterator[Host]:
    """A host that is ready, until the block ends. `environ` is laid over this process's environment.

    What it prints goes to `log`, too, if there is one. With a file of `keys`, callers need one of them. With
    `verbose` it prints every run of a function.

    Raises SetupError, with what it printed, if it does not start.
    """
    command = [sys.executable, "-m", "local", "host", str(app_dir.resolve()), "--port", str(port), "--until-stdin-ends"]
    command += ["--auth", "--keys", str(keys.resolve())] if keys else []
    command += ["--verbose"] if verbose else []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C in the terminal is for whoever started it, who then ends it
    ) as process:
        host = Host(process, log=log)
        try:
            host.url = host.wait_for_line(READY).partition(READY)[2].strip()
            yield host
        finally:
            host.end()
