"""What is remembered once: the chosen classifier, the gate, the direct slot, the pulse. Frozen values, pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from shared.language.types import Classifier
from shared.model import REASON_LENGTH


@dataclass(frozen=True)
class Chosen:
    """The classifier that dropped files go to, since it was published or set."""

    classifier: Classifier | None = None
    since: datetime | None = None
    version: str = field(default="", compare=False)


@dataclass(frozen=True)
class Gate:
    """Closed until `until`, for a `reason`, after `failures` closings in a row: no analyze call may begin."""

    until: datetime | None = None
    reason: str = ""
    since: datetime | None = None
    failures: int = 0
    version: str = field(default="", compare=False)

    def is_closed(self, now: datetime) -> bool:
        return self.until is not None and now < self.until

    def closed(self, reason: str, wait: timedelta, now: datetime) -> Self:
        """Trouble while it is closed came from calls side by side: it counts once, and the longest wait holds."""
        until = now + wait
        if self.is_closed(now) and self.until:
            return self if self.until >= until else replace(self, until=until, reason=reason[:REASON_LENGTH])
        failures = self.failures + 1
        return replace(self, until=until, reason=reason[:REASON_LENGTH], since=self.since or now, failures=failures)

    def opened(self) -> Self:
        return replace(self, until=None, reason="", since=None, failures=0)


@dataclass(frozen=True)
class Slot:
    """Who submits directly: whoever moves `taken` on, which nobody may for a few seconds after."""

    taken: datetime | None = None
    version: str = field(default="", compare=False)


@dataclass(frozen=True)
class Pulse:
    """When a tick last began."""

    at: datetime | None = None
    version: str = field(default="", compare=False)
