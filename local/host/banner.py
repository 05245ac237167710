"""What the host prints at start: every function with its trigger, then one line with the address."""

from __future__ import annotations

import sys
from pathlib import Path

from local.host.functions.function import BlobTrigger, Function, HttpTrigger, QueueTrigger, TimerTrigger
from local.host.loading.load_app import App

READY = "Host ready: "


def show(app: App, url: str) -> None:
    _print(f"Functions in {app.directory}:" if app.functions else f"No functions in {app.directory} can run.", "")
    for function in app.functions:
        disabled = " (disabled)" if function.disabled else ""
        _print(f"    {function.name}: {_trigger(function, url)}{disabled}")
    _print("")
    _print(*(f"The '{name}' function is in error: {error}" for name, error in app.errors.items()))
    _print(*app.notes)


def show_keys(file: Path) -> None:
    _print(f"Callers need a key from {file}", "")


def ready(url: str) -> None:
    _print(f"{READY}{url}")


def _print(*lines: str) -> None:
    """Writes lines whole: functions may already print, and print() writes the end of a line separately."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _trigger(function: Function, url: str) -> str:
    match function.trigger:
        case HttpTrigger(route, methods):
            return f"[{','.join(methods) or 'any method'}] {url}/{route.template}"
        case TimerTrigger(expression):
            return f"timerTrigger {expression}"
        case BlobTrigger(path, connection, scans):
            return f"blobTrigger {path.text} in {connection.name}{'' if scans else ', notified by Event Grid'}"
        case QueueTrigger(queue, connection):
            return f"queueTrigger {queue} in {connection.name}"
