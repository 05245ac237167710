"""`python -m local install`: installs Azurite, and Node.js for it if there is none."""

from __future__ import annotations

import argparse

from local.stack import installation


def arguments(parser: argparse.ArgumentParser) -> None:
    """There are none."""


def run(_options: argparse.Namespace) -> int:
    """Raises SetupError."""
    print(f"Azurite {installation.install()} is installed")
    return 0
