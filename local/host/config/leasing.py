"""The times of the leases by which one of several hosts does the work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Leasing:
    """Seconds: how long a lease lasts, when it is renewed, and how often a host without it asks for it."""

    period: int = 60
    renewal: float = 30.0
    recovery: float = 60.0


LEASING = Leasing()
