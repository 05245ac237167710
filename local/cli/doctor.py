"""`python -m local doctor`: checks before or after a deployment, and prints what to do about each finding."""

from __future__ import annotations

import argparse
import logging
import os
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text

from local.cli.show import console, counted
from local.doctor.azure import azd_environment, checks
from local.doctor.azure.gathering import gather
from local.doctor.azure.verdict import verdict
from local.doctor.checked_app import CheckedApp, Finding
from local.doctor.runner import blocking_count, run_checks
from local.host.config.settings import LOCAL_SETTINGS, local_values
from local.paths import ROOT


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--app", type=Path, default=ROOT, help="the app's folder")
    parser.add_argument("--labels", type=Path, help="also check this labels file")
    parser.add_argument("--azure", action="store_true", help="check what `azd up` deployed, with `az`")
    parser.add_argument("--environment", default="", help="with --azure: the environment of azd, if not its default")


def run(options: argparse.Namespace) -> int:
    """Checks with the environment's settings, and defaults from local.settings.json, like Core Tools.

    With --azure it checks what is deployed. Exit code 1 if something keeps the app from working.
    """
    if options.azure:
        return _check_deployment(options.app.resolve(), options.environment)
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # the log of each way to sign in
    values = {**local_values(options.app), **os.environ}
    _print_source(options.app.resolve())
    found = run_checks(CheckedApp(options.app, values, datetime.now(UTC), options.labels))
    number = _print_findings(found)
    console.print(f"{counted(number, 'thing')} to correct before a deployment." if number else "Nothing to correct.")
    return 1 if number else 0


def _check_deployment(folder: Path, name: str) -> int:
    """Prints the findings of what azd's environment describes, and how new files are noticed."""
    environment = azd_environment.read(folder, name)
    console.print(Text(f"azd's environment: {environment.name}\n"), soft_wrap=True)
    evidence = gather(environment, datetime.now(UTC))
    found = checks.run_checks(evidence)
    number = _print_findings(found)
    console.print(Text(_wrapped(verdict(evidence, found), indent="")), soft_wrap=True)
    console.print(f"{counted(number, 'thing')} to correct." if number else "Nothing to correct.")
    return 1 if number else 0


def _print_findings(found: Mapping[str, list[Finding]]) -> int:
    """Prints them with an empty line at the end. Returns the number of blocking problems."""
    for name, findings in found.items():
        for finding in findings:
            _print_finding(name, finding)
    console.print()
    return blocking_count(found)


def _print_source(folder: Path) -> None:
    file = folder / LOCAL_SETTINGS
    if file.exists():
        console.print(Text(f"Settings: the environment, with defaults from {file}\n"), soft_wrap=True)
    else:
        said = f"! No {LOCAL_SETTINGS} in {folder}: settings from the environment only\n"
        console.print(Text(said, style="yellow"), soft_wrap=True)


def _print_finding(name: str, finding: Finding) -> None:
    sign, colour = ("✓", "green") if not finding.fix else ("✗", "red") if finding.is_blocking else ("!", "yellow")
    line = Text(_wrapped(f"{sign} {name}: {finding.what}", indent="    "))
    line.stylize(colour, 0, len(sign))
    line.stylize("bold", len(sign), len(sign) + 1 + len(name))
    console.print(line, soft_wrap=True)
    if finding.fix:
        console.print(Text("  " + _wrapped(f"→ {finding.fix}", indent="    ")), soft_wrap=True)


def _wrapped(text: str, indent: str) -> str:
    """Wrapped to the width of the terminal. Long addresses and paths are not broken, so that they can be copied."""
    width = max(console.width - 2, 20)
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
