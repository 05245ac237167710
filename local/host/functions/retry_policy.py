"""The `retry` decorator: how often a failed run is retried, and after which delay. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

FOREVER = -1
MAX_SECONDS = 2_147_483_647  # the Python worker's default for maximum_interval
MAX_DOUBLINGS = 31  # enough for any maximum
JITTER = (0.8, 1.2)  # range of the random factor of a doubled interval
NAMES = ("fixed_delay", "exponential_backoff")


@dataclass(frozen=True)
class Retry:
    """Up to `max_retries` retries (FOREVER: no limit). Intervals in seconds; a fixed delay has no `maximum`."""

    max_retries: int
    minimum: float
    maximum: float | None = None

    def allows(self, attempt: int) -> bool:
        """Whether retry number `attempt` is allowed; the first is 1."""
        return self.max_retries == FOREVER or attempt <= self.max_retries

    def delay(self, attempt: int, draw: Callable[[float, float], float]) -> float:
        """Seconds before retry number `attempt`. `draw` returns a number between two others, like random.uniform."""
        if self.maximum is None:
            return self.minimum
        if attempt == 1:
            return min(self.minimum, self.maximum)
        doubled = self.minimum * 2.0 ** min(attempt - 2, MAX_DOUBLINGS)
        return min(self.minimum + draw(*JITTER) * doubled, self.maximum)


def parse(policy: Mapping[str, Any]) -> Retry:
    """Parses the decorator's settings. Raises ValueError with a message that says what to correct."""
    strategy, max_retries = policy.get("strategy"), _count(policy.get("max_retry_count"))
    if strategy == "fixed_delay":
        return Retry(max_retries, _seconds(policy, "delay_interval", None))
    if strategy == "exponential_backoff":
        maximum = _seconds(policy, "maximum_interval", MAX_SECONDS)
        minimum = _seconds(policy, "minimum_interval", 0)
        if minimum > maximum:
            raise ValueError(
                f"minimum_interval of its retry is {minimum:g} s, above its maximum_interval, {maximum:g} s."
            )
        return Retry(max_retries, minimum, maximum)
    raise ValueError(f"its retry strategy {strategy!r} is not one of {', '.join(NAMES)}.")


def _count(value: object) -> int:
    try:
        count = int(str(value))
    except ValueError:
        count = FOREVER - 1
    if count < FOREVER:
        raise ValueError(f"max_retry_count of its retry must be a number, or -1 for no limit, not {value!r}.")
    return count


def _seconds(policy: Mapping[str, Any], name: str, default: int | None) -> float:
    """Parsed as in the worker: hours, minutes and seconds, less than a day."""
    value = policy.get(name)
    if not value and default is not None:
        return default
    try:
        moment = datetime.strptime(str(value or ""), "%H:%M:%S")  # noqa: DTZ007  # a duration
    except ValueError:
        raise ValueError(f"its retry needs {name} in the form hh:mm:ss, not {value!r}.") from None
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second).total_seconds()
