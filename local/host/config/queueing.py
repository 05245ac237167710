"""How queue functions receive and retry messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Queueing:
    """The section extensions.queues of host.json, with the real host's defaults."""

    batch: int = 16  # messages received at once
    threshold: int = 8  # the next are received while at most so many are in progress
    attempts: int = 5
    pause: int = 0  # seconds between attempts
    is_base64: bool = True


QUEUEING = Queueing()
