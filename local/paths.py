"""Folders of this project."""

from __future__ import annotations

from pathlib import Path

LOCAL = Path(__file__).parent  # through links, so that a linked copy has its own data
ROOT = LOCAL.parent
STATE = ROOT / ".textdrop"
"""What `make run` keeps: data, logs, keys and what runs now."""
