"""What time it is, and how long things take to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta


class Clock:
    """The machine's time, or, with a `start`, a time that stands still; either can be moved forward."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._moved = timedelta()

    def now(self) -> datetime:
        """An aware datetime in UTC."""
        return (self._start or datetime.now(UTC)) + self._moved

    def advance(self, seconds: float) -> None:
        self._moved += timedelta(seconds=seconds)


TRAINING = ("notStarted", "running", "training", "evaluating", "evaluated", "succeeded")  # as recorded
ANYTHING_ELSE = ("notStarted", "running", "succeeded")

PACES: Mapping[str, Mapping[str, tuple[float, ...]]] = {
    # The seconds after a job's creation at which each step after the first is seen, unless the work takes longer.
    "instant": {"train": (0.0,) * 5, "analyze": (0.0, 0.0), "other": (0.0, 0.0)},
    "seconds": {"train": (0.4, 0.8, 1.6, 2.2, 2.6), "analyze": (0.3, 1.2), "other": (0.4, 1.5)},
    "realistic": {"train": (1, 3, 31, 65, 95), "analyze": (2, 12), "other": (3, 20)},
}


def steps(kind: str) -> tuple[str, ...]:
    """The steps a job of this kind is seen to take when all goes well."""
    return TRAINING if kind == "train" else ANYTHING_ELSE


def busy_step(kind: str) -> int:
    """How far (index into `steps`) a job can be seen to be while its work is still under way."""
    return 2 if kind == "train" else 1


def moments(kind: str, pace: str, start: datetime) -> tuple[datetime, ...]:
    """When each step after the first may be seen at the earliest."""
    found = PACES[pace]
    return tuple(start + timedelta(seconds=after) for after in found.get(kind, found["other"]))
