"""The `retry` decorator: how often a failed run is tried again, and after how long. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

FOREVER = -1
LONGEST_SECONDS = 2_147_483_647  # the maximum interval that the Python worker sends if none is given
MOST_DOUBLINGS = 31  # enough for any maximum
SPREAD = (0.8, 1.2)  # what a random share of a doubled interval may be
NAMES = ("fixed_delay", "exponential_backoff")


@dataclass(frozen=True)
class Retry:
    """Up to `most` further attempts (FOREVER: no end). A fixed delay is a `shortest` without a `longest`; seconds."""

    most: int
    shortest: float
    longest: float | None = None

    def allows(self, attempt: int) -> bool:
        """Whether there may be such an attempt; the first after the failed run is 1."""
        return self.most == FOREVER or attempt <= self.most

    def delay(self, attempt: int, share: Callable[[float, float], float]) -> float:
        """Seconds before an attempt. `share` draws a number between two, as random.uniform does."""
        if self.longest is None:
            return self.shortest
        if attempt == 1:
            return min(self.shortest, self.longest)
        doubled = self.shortest * 2.0 ** min(attempt - 2, MOST_DOUBLINGS)
        return min(self.shortest + share(*SPREAD) * doubled, self.longest)


def parse(policy: Mapping[str, Any]) -> Retry:
    """The settings of the decorator. Raises ValueError, with what to do about it."""
    strategy, most = policy.get("strategy"), _count(policy.get("max_retry_count"))
    if strategy == "fixed_delay":
        return Retry(most, _seconds(policy, "delay_interval", None))
    if strategy == "exponential_backoff":
        longest = _seconds(policy, "maximum_interval", LONGEST_SECONDS)
        shortest = _seconds(policy, "minimum_interval", 0)
        if shortest > longest:
            raise ValueError(
                f"minimum_interval of its retry is {shortest:g} s, above its maximum_interval, {longest:g} s."
            )
        return Retry(most, shortest, longest)
    raise ValueError(f"its retry strategy {strategy!r} is none of {', '.join(NAMES)}.")


def _count(value: object) -> int:
    try:
        count = int(str(value))
    except ValueError:
        count = FOREVER - 1
    if count < FOREVER:
        raise ValueError(f"max_retry_count of its retry must be a number, or -1 for no end, not {value!r}.")
    return count


def _seconds(policy: Mapping[str, Any], name: str, default: int | None) -> float:
    """Read as the worker does: hours, minutes and seconds, and less than a day."""
    value = policy.get(name)
    if not value and default is not None:
        return default
    try:
        moment = datetime.strptime(str(value or ""), "%H:%M:%S")  # noqa: DTZ007  # a span, not a moment
    except ValueError:
        raise ValueError(f"its retry needs {name} in the form hh:mm:ss, not {value!r}.") from None
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second).total_seconds()
