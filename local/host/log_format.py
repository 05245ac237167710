"""What the host prints while it runs: a line a record, on stdout, with the function and invocation it belongs to."""

from __future__ import annotations

import logging
import sys
import threading
from datetime import UTC, datetime

from local.host.functions.invocation_context import running, thread_local

QUIET = ("azure", "uvicorn", "urllib3")  # an SDK tells every request it makes at level INFO


class Lines(logging.Formatter):
    """`[time] [function invocation] LEVEL message`; the level only from WARNING up."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        level = f"{record.levelname} " if record.levelno >= logging.WARNING else ""
        return f"[{moment.replace('+00:00', 'Z')}] {_whose()}{level}{super().format(record)}"


def _whose() -> str:
    if context := running.get():
        return f"[{context.function_name} {context.invocation_id}] "
    if threading.current_thread() is threading.main_thread():
        return ""
    # a thread that a function started itself carries the id if the function put it there
    invocation_id = getattr(thread_local, "invocation_id", None)
    return f"[{invocation_id}] " if invocation_id else ""


def configure(*, verbose: bool = False) -> None:
    """With `verbose` the host's own DEBUG lines, too."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(Lines("%(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("host").setLevel(logging.DEBUG if verbose else logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
