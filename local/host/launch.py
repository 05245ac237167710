"""Starts the host as a child process, `python -m local host`, for `make run`, `make demo` and tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from local.child_process import ChildProcess
from local.host.banner import READY
from local.paths import ROOT

STOP_AFTER = 30  # seconds that running functions get to end, so that a host ends soon after its parent


class Host(ChildProcess):
    """A running host. `url` is its root, without `/api`."""

    seconds_to_end = 45.0  # longer than STOP_AFTER
    url = ""


@contextmanager
def running(
    app_dir: Path,
    *,
    port: int = 0,
    environ: Mapping[str, str],
    log: Path | None = None,
    keys: Path | None = None,
    verbose: bool = False,
    stop_after: float = STOP_AFTER,
) -> Iterator[Host]:
    """A host that answers, until the block ends. Port 0 is any free one.

    `environ` is added to this process's environment. What the host prints is also written to `log`, if there is one.
    With a file of `keys`, callers need one of them. With `verbose` it logs every run of a function.
    When it stops, running functions get `stop_after` seconds to end.

    Raises SetupError, with what it printed, if it does not start.
    """
    command = [sys.executable, "-m", "local", "host", str(app_dir.resolve()), "--port", str(port), "--until-stdin-ends"]
    command += ["--stop-after", str(stop_after)]
    command += ["--auth", "--keys", str(keys.resolve())] if keys else []
    command += ["--verbose"] if verbose else []
    whole = {**os.environ, "PYTHONUNBUFFERED": "1", **environ}
    with Host.running("The host", command, folder=ROOT, environ=whole, log=log) as host:
        host.url = host.wait_for_line(READY).partition(READY)[2].strip()
        yield host
