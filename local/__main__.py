"""`python -m local COMMAND` runs textdrop, or a part of it, on one machine. Only the module of COMMAND is imported."""

from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

from local.errors import SetupError
from local.paths import ROOT
from shared.errors import TextdropError

COMMANDS = {  # command: module, what it does
    "demo": ("local.cli.demo", "run the quickstart from start to end, then stop"),
    "up": ("local.cli.up", "start everything with a published sample model, until Ctrl-C"),
    "drop": ("local.cli.drop", "drop files into the documents container"),
    "labels": ("local.cli.labels", "make a labels file from a folder for each class, or from a CSV file"),
    "upload": ("local.cli.upload", "upload a folder of texts, to be classified or to train with"),
    "results": ("local.cli.results", "fetch results one by one, or as CSV or JSON lines"),
    "review": ("local.cli.reviewing.command", "decide reviews: accept or correct predictions"),
    "language": ("local.language.server.server", "run the Language service alone"),
    "host": ("local.host.cli", "run the Functions host alone"),
    "azurite": ("local.cli.azurite", "run Azurite alone, on its default ports"),
    "doctor": ("local.cli.doctor", "check the settings and services before a deployment, or what `azd up` deployed"),
    "install": ("local.cli.install", "install Azurite, and Node.js for it if there is none"),
    "vendor": ("local.stack.third_party", "copy the console's third-party files from their npm packages"),
}

SET_UP = f"Run `make setup` in {ROOT} once, then {ROOT}/.venv/bin/python -m local …"


def main(words: Sequence[str]) -> int:
    if not words or words[0] not in COMMANDS:
        return _without_command(words)
    module, summary = COMMANDS[words[0]]
    try:
        command = _imported(module)
    except ModuleNotFoundError as error:
        print(f"{error.name} is not installed for {sys.executable}. {SET_UP}", file=sys.stderr)
        return 1
    parser = argparse.ArgumentParser(
        prog=f"python -m local {words[0]}", description=summary[0].upper() + summary[1:] + "."
    )
    command.arguments(parser)
    options = parser.parse_args(words[1:])
    try:
        return int(command.run(options))
    except (SetupError, TextdropError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


def _imported(module: str) -> ModuleType:
    """Imports a module, which can take seconds. Ctrl-C ends the process at once: nothing is running yet."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        return importlib.import_module(module)
    finally:
        signal.signal(signal.SIGINT, before)


def _without_command(words: Sequence[str]) -> int:
    """Prints the help. Exit code 2 for an unknown command."""
    print("python -m local COMMAND [--help]\n")
    print("\n".join(f"  {name:<10}{summary}" for name, (_, summary) in COMMANDS.items()))
    if not words or words[0] in ("-h", "--help"):
        return 0
    print(f"\nThere is no command {words[0]!r}.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
