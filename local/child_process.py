"""Child processes: started in their own process group, read as they print, awaited and stopped within a deadline.

The stdin of a child is a pipe from this process. It closes when this process ends, even if it is killed: Azurite and
the Functions host then stop.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Self, TypeVar

from local.errors import SetupError

SECONDS_TO_START = 60.0
LOOK_EVERY = 0.2  # seconds
MAX_LINES = 50_000
Ready = TypeVar("Ready")


class ChildProcess:
    """A running child. `name` is for messages; what it prints is also written to the file `log`, if there is one."""

    seconds_to_end = 15.0

    def __init__(self, name: str, process: subprocess.Popen[str], log: Path | None = None) -> None:
        self.name, self.process, self._log = name, process, log
        self._lines: list[str] = []
        self._grown = threading.Condition()
        self._changes = 0  # lines, and the end of them
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @classmethod
    @contextmanager
    def running(
        cls,
        name: str,
        command: Sequence[str],
        *,
        folder: Path | None = None,
        environ: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> Iterator[Self]:
        """A child until the block ends, in `folder`, with `environ` in place of this process's environment."""
        with subprocess.Popen(
            command,
            cwd=folder,
            env=None if environ is None else dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C in the terminal reaches this process only, which then ends its children
        ) as process:
            child = cls(name, process, log)
            try:
                yield child
            finally:
                child.end()

    @property
    def lines(self) -> list[str]:
        """What it has printed so far, each line with its end; at most the last MAX_LINES."""
        with self._grown:
            return self._lines.copy()

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def wait_for(self, ready: Callable[[], Ready | None], seconds: float = SECONDS_TO_START) -> Ready:
        """Calls `ready` until its result is true. Raises SetupError if the child ends first, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            has_ended, changes = not self._reader.is_alive(), self._changes
            if found := ready():
                return found
            if has_ended:
                raise SetupError(f"{self.name} ended with exit code {self.process.wait()}:\n{self.output}")
            if time.monotonic() > deadline:
                raise SetupError(f"{self.name} was not ready after {seconds:.0f} seconds:\n{self.output}")
            with self._grown:
                self._grown.wait_for(lambda: self._changes > changes, LOOK_EVERY)  # noqa: B023

    def wait_for_line(self, text: str, seconds: float = SECONDS_TO_START) -> str:
        """The first line that contains `text`. Raises SetupError like `wait_for`."""
        return self.wait_for(lambda: next((line for line in self.lines if text in line), None), seconds)

    def end(self) -> int:
        """Sends SIGTERM, then SIGKILL after `seconds_to_end`; returns the exit code. Can be called again."""
        self.process.terminate()
        try:
            return self.process.wait(self.seconds_to_end)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self._reader.join(1.0)
            if self._reader.is_alive():
                self._kill_group()

    def _kill_group(self) -> None:
        """Processes that the child started and left hold its output open: without an end the reader never returns."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self._reader.join(1.0)

    def _read(self) -> None:
        with self._log.open("w", encoding="utf-8") if self._log else nullcontext() as log:
            for line in self.process.stdout or ():
                self._keep(line)
                if log:
                    print(line, end="", file=log, flush=True)
        self._keep()

    def _keep(self, *lines: str) -> None:
        with self._grown:
            self._lines.extend(lines)
            del self._lines[:-MAX_LINES]
            self._changes += 1
            self._grown.notify_all()
