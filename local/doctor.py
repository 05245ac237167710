"""`python -m local doctor`: checks before a deployment, and says what to do about each finding."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table
from rich.text import Text

from local.checkups import Finding, Patient, examine, is_serious
from local.host.settings import local_values
from local.show import console
from local.stack import ROOT


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--app", type=Path, default=ROOT, help="the app's folder")
    parser.add_argument("--labels", type=Path, help="a labels file to look at too")


def run(options: argparse.Namespace) -> int:
    """The environment's settings, and beneath them those of local.settings.json, as Core Tools has it.

    Exit code 1 if there is anything that keeps the app from working.
    """
    values = {**local_values(options.app), **os.environ}
    found = examine(Patient(options.app, values, datetime.now(UTC), options.labels))
    table = Table(title="Before a deployment", title_justify="left")
    for column in ("", "check", "found", "to do"):
        table.add_column(column, overflow="fold")
    for name, findings in found.items():
        for finding in findings:
            table.add_row(*map(Text, (_sign(finding), name, finding.what, finding.mend)))
    console.print(table)
    return 1 if is_serious(found) else 0


def _sign(finding: Finding) -> str:
    return "✓" if not finding.mend else "✗" if finding.serious else "!"
