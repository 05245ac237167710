"""The host's log: one line for each record, on stdout, with its function and invocation."""

from __future__ import annotations

import logging
import sys
import threading
from datetime import UTC, datetime

from local.host.functions.invocation_context import running, thread_local

QUIET = ("azure", "uvicorn", "urllib3")  # at INFO the SDKs log every request


class LogFormatter(logging.Formatter):
    """`[time] [function invocation] LEVEL message`; the level only from WARNING up."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        level = f"{record.levelname} " if record.levelno >= logging.WARNING else ""
        return f"[{moment.replace('+00:00', 'Z')}] {_source()}{level}{super().format(record)}"


def _source() -> str:
    if context := running.get():
        return f"[{context.function_name} {context.invocation_id}] "
    if threading.current_thread() is threading.main_thread():
        return ""
    # in a thread that a function started, the function may have set the id
    invocation_id = getattr(thread_local, "invocation_id", None)
    return f"[{invocation_id}] " if invocation_id else ""


def configure(*, verbose: bool = False) -> None:
    """With `verbose`, the host's DEBUG lines too."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(LogFormatter("%(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("host").setLevel(logging.DEBUG if verbose else logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
