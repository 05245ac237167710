"""`make run`: runs everything with a published sample model until Ctrl-C, and prints a line for each classified file.

Data is kept in `.textdrop` between runs.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from local.cli import follow, quickstart, show, training_data
from local.cli.client import Client
from local.cli.training_data import TrainingData
from local.errors import SetupError
from local.paths import STATE
from local.stack import discovery, launch
from shared.settings import APIS, TODAY_API

LEARNT = "learnt"  # the file with the fingerprint of the training data


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="local", choices=launch.HOSTS, help="the local host, or func (Core Tools)")
    parser.add_argument("--port", type=int, default=discovery.DEFAULT_PORT, help="of the HTTP functions")
    parser.add_argument("--api", default=os.environ.get("LANGUAGE_API") or TODAY_API, help=f"one of {', '.join(APIS)}")
    launch.source_argument(parser)
    training_data.arguments(parser)
    parser.add_argument("--auth", action="store_true", help="callers need a key, as in Azure")
    parser.add_argument("--pace", default="seconds", help="of the local Language service: instant, seconds, realistic")


def run(options: argparse.Namespace) -> int:
    """Until Ctrl-C, SIGTERM or the end of the terminal; exit code 0 then."""
    follow.stop_as_by_ctrl_c()
    data = TrainingData.of(options.data, options.labels)
    discovery.require_idle(options.port)
    state = STATE / training_data.api(options.api)  # each protocol has its own classifier
    with ExitStack() as whole:
        client, started = _start(options, state, whole)
        if _learnt(state) != data.fingerprint() or not _has_classifier(client):
            quickstart.learn_again(client, data)
            (state / LEARNT).write_text(data.fingerprint())
        follower = follow.Follower(client, datetime.now(UTC))
        explain(started, state)
        follower.run()
    return 0


def _start(options: argparse.Namespace, state: Path, whole: ExitStack) -> tuple[Client, discovery.Stack]:
    if not (state / LEARNT).exists():
        shutil.rmtree(state, ignore_errors=True)  # left by an interrupted first run
    with show.step(f"Start everything (LANGUAGE_API={options.api})"):
        given = {name: getattr(options, name) for name in ("api", "port", "host", "pace", "source", "auth")}
        started = whole.enter_context(launch.running(state=state, **given))
        client = Client(started)
        client.wait_for_tick()
    whole.enter_context(discovery.announcing(started))
    return client, started


def _learnt(state: Path) -> str:
    """The fingerprint of the training data of an earlier run; "" if there was none."""
    try:
        return (state / LEARNT).read_text()
    except OSError:
        return ""


def _has_classifier(client: Client) -> bool:
    """Whether the classifier of an earlier run exists: its project may have been deleted."""
    try:
        client.call("GET", "classifier")
    except SetupError:
        return False
    return True


def explain(started: discovery.Stack, state: Path) -> None:
    """Prints addresses, files and commands to try."""
    events = "--event-grid " if started.uses_events else ""
    file = os.path.relpath(started.keys) if started.keys else ""
    keys = f'  keys          {file}: one of "host", for the console and the header x-functions-key\n' if file else ""
    asks = "   (it asks for a key)" if file else ""
    show.console.print(
        f"\nReady: {started.url}\n"
        f"  console       {started.console}{asks}\n"
        f"  drop a file   .venv/bin/python -m local drop {events}samples/movies/drop/*.txt   (in another terminal)\n"
        f"  ask           curl {_key_header(file)}'{started.url}/documents?state=succeeded'\n"
        "  review        .venv/bin/python -m local review   (decide doubtful results)\n"
        f"{keys}"
        f"  the app's log {os.path.relpath(state / launch.LOG)}\n"
        "  stop          Ctrl-C\n",
        soft_wrap=True,
        markup=False,
    )


def _key_header(file: str) -> str:
    """An option of curl by which the shell reads the key from the file: no key gets into the shell's history."""
    if not file:
        return ""
    read = "import json, sys; print(*list(json.load(open(sys.argv[1]))['host'].values())[:1])"
    return f'-H "x-functions-key: $(.venv/bin/python -c "{read}" {shlex.quote(file)})" '
