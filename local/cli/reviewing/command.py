"""`python -m local review`: decides the open reviews of the running app, in a terminal or by lines from a pipe."""

from __future__ import annotations

import argparse
import getpass
import sys

from rich.markup import escape

from local.cli import show
from local.cli.client import Client
from local.cli.reviewing.answers import KEYS
from local.cli.reviewing.queue import Queue
from local.cli.reviewing.session import Session
from local.stack import discovery
from shared.learning.reviews import ReviewReason

MAX_REVIEWER = 200  # characters
PROMPT = "> "


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = f"{KEYS}. m shows more of a long text."
    parser.add_argument("--reviewer", default=_login(), metavar="NAME", help="who decides; default: your login name")
    reasons = [reason.value for reason in ReviewReason]
    parser.add_argument("--reason", default="", choices=reasons, help="only reviews with this reason")


def run(options: argparse.Namespace) -> int:
    """Until nothing is left, `q`, or the end of the input; exit code 0 then."""
    client = Client(discovery.find())
    queue = Queue(client, options.reason)
    by_hand = sys.stdin.isatty()
    show.console.print(f"{queue.size} to review. {KEYS}.", markup=False)
    session = Session(client, queue, options.reviewer[:MAX_REVIEWER], _read, strict=not by_hand)
    try:
        session.run()
    except KeyboardInterrupt:  # what was decided is stored
        show.console.print()
    skipped = f", {session.skipped:,} skipped" if session.skipped else ""
    show.console.print(f"[green]{len(session.decided):,} decided{escape(skipped)}.[/]")
    return 0


def _read() -> str | None:
    """A line from the terminal or a pipe, which is shown; None at the end."""
    try:
        line = input(PROMPT)
    except EOFError:
        show.console.print()
        return None
    if not sys.stdin.isatty():
        show.console.print(show.printable(line), markup=False, emoji=False, soft_wrap=True)
    return line


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # this user has no name
        return ""
