"""How much of a training is done, in percent of its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int], None]


def unreported(_percent: int) -> None:
    """For a training whose progress nobody sees."""


class Progress:
    """Reports each whole percent once, in rising order, up to 100. Work is counted in units of any size.

    A part of the work has an estimated number of steps; it is as far as its steps, and done when it ends.
    """

    def __init__(self, units: float, report: Report) -> None:
        self._units, self._report = units, report
        self._done, self._percent = 0.0, 0

    @contextmanager
    def part(self, units: float, steps: int) -> Iterator[Callable[[], None]]:
        """`units`: the work of this part. The block calls what it gets at each step."""
        start, taken = self._done, 0

        def step() -> None:
            nonlocal taken
            taken += 1
            self._reach(start + units * min(taken / steps, 1))

        yield step
        self._reach(start + units)

    def _reach(self, done: float) -> None:
        self._done = done
        percent = min(int(100 * done / self._units + 1e-9), 100)
        if percent > self._percent:
            self._percent = percent
            self._report(percent)
