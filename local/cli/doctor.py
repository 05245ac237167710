"""`python -m local doctor`: checks before a deployment, and says what to do about each finding."""

from __future__ import annotations

import argparse
import logging
import os
import textwrap
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from local.cli.show import console, counted
from local.doctor.checks import Finding, Patient, examine, to_correct
from local.host.config.settings import LOCAL_SETTINGS, local_values
from local.paths import ROOT


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--app", type=Path, default=ROOT, help="the app's folder")
    parser.add_argument("--labels", type=Path, help="a labels file to look at too")


def run(options: argparse.Namespace) -> int:
    """The environment's settings, and beneath them those of local.settings.json, as Core Tools has it.

    Exit code 1 if there is anything that keeps the app from working.
    """
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # all the ways to sign in that it tried
    values = {**local_values(options.app), **os.environ}
    _tell_whose(options.app.resolve())
    found = examine(Patient(options.app, values, datetime.now(UTC), options.labels))
    for name, findings in found.items():
        for finding in findings:
            _tell(name, finding)
    number = to_correct(found)
    console.print()
    console.print(f"{counted(number, 'thing')} to correct before a deployment." if number else "Nothing to correct.")
    return 1 if number else 0


def _tell_whose(folder: Path) -> None:
    file = folder / LOCAL_SETTINGS
    if file.exists():
        console.print(Text(f"Settings of the environment, and beneath them of {file}\n"), soft_wrap=True)
    else:
        said = f"! No {LOCAL_SETTINGS} in {folder}: settings of the environment alone\n"
        console.print(Text(said, style="yellow"), soft_wrap=True)


def _tell(name: str, finding: Finding) -> None:
    sign, colour = ("✓", "green") if not finding.mend else ("✗", "red") if finding.serious else ("!", "yellow")
    line = Text(_wrapped(f"{sign} {name}: {finding.what}", indent="    "))
    line.stylize(colour, 0, len(sign))
    line.stylize("bold", len(sign), len(sign) + 1 + len(name))
    console.print(line, soft_wrap=True)
    if finding.mend:
        console.print(Text("  " + _wrapped(f"→ {finding.mend}", indent="    ")), soft_wrap=True)


def _wrapped(text: str, indent: str) -> str:
    """In lines as wide as the terminal; an address or a path that is longer stays whole, to be copied."""
    width = max(console.width - 2, 20)
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
