"""`make run`: everything up, with a published sample model, until Ctrl-C. Data is kept in `.textdrop` between runs."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import threading
from contextlib import ExitStack

from local import quickstart, show, stack
from local.client import Client
from shared.settings import TODAY_API

PORT = 7071


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="local", help="local (ours) or func (Core Tools)")
    parser.add_argument("--port", type=int, default=PORT, help="of the HTTP functions")
    parser.add_argument("--api", default=os.environ.get("LANGUAGE_API") or TODAY_API, help="LANGUAGE_API of the app")
    parser.add_argument("--pace", default="seconds", help="of the local Language service: instant, seconds, realistic")


def run(options: argparse.Namespace) -> int:
    """Until Ctrl-C or SIGTERM; exit code 0 then."""
    ended = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: ended.set())
    state = stack.STATE / options.api  # the two protocols' classifiers do not mix
    learnt = state / "learnt"
    if not learnt.exists():
        shutil.rmtree(state, ignore_errors=True)  # what an interrupted first run left behind
    with ExitStack() as whole:
        with show.step(f"Start everything (LANGUAGE_API={options.api})"):
            started = whole.enter_context(
                stack.running(api=options.api, state=state, port=options.port, host=options.host, pace=options.pace)
            )
        whole.callback(stack.withdraw)
        if not learnt.exists():
            quickstart.learn(Client(started), quickstart.samples())
            learnt.touch()
        stack.announce(started)
        _explain(started)
        ended.wait()
    return 0


def _explain(started: stack.Stack) -> None:
    show.console.print(
        f"\nReady: {started.url}\n"
        "  drop a file   .venv/bin/python -m local drop samples/movies/drop/*.txt   (in another terminal)\n"
        f"  ask           curl '{started.url}/documents?state=succeeded'\n"
        "  stop          Ctrl-C\n",
        soft_wrap=True,
    )
