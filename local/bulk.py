"""Does the same with many things, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TypeVar

WORKERS = 8
Thing = TypeVar("Thing")
Outcome = TypeVar("Outcome")


def each(work: Callable[[Thing], Outcome], things: Sequence[Thing]) -> Iterator[tuple[Thing, Outcome]]:
    """Yields each thing and what `work` returned for it, in the order of completion.

    Raises the first error of `work`. Then, and when the caller stops early, what has not started is cancelled.
    """
    with ThreadPoolExecutor(WORKERS) as pool:
        running: dict[Future[Outcome], Thing] = {pool.submit(work, thing): thing for thing in things}
        try:
            for done in as_completed(running):
                yield running[done], done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
