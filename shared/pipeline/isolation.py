"""One step for each of many items, side by side: what an item raises counts against that item alone.

Whoever works through documents, jobs, operations or rows uses `each`, so that no item, whatever it holds, keeps the
others from their turn.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from shared.errors import StorageUnavailable, TextdropError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

log = logging.getLogger(__name__)

WORKERS = 8
OUTAGE = WORKERS  # items in a row that storage did not answer for: it is no longer one item's trouble
STORAGE_PATIENCE = timedelta(hours=24)


def each(
    step: Callable[[Item], Outcome],
    items: Sequence[Item],
    set_back: Callable[[Item, Exception], Outcome],
    workers: int = WORKERS,
) -> list[Outcome | None]:
    """What `step` returns for each item, in their order.

    Any Exception that it raises, MemoryError and RecursionError included, goes to `set_back`, which counts it against
    the item. Where that raises too, the item has None, and stays as it was. If storage does not answer for OUTAGE items
    in a row, StorageUnavailable is raised, and no further item is begun.
    """
    streak = _Streak()

    def kept_apart(item: Item) -> Outcome | None:
        streak.check()
        try:
            outcome = _guarded(step, item, set_back)
        except StorageUnavailable as trouble:
            streak.grows(trouble)
        except Exception as trouble:  # noqa: BLE001 - nothing can be written of it: the others must not wait
            log_trouble(trouble)
        else:
            streak.ends()
            return outcome
        return None

    if workers == 1:
        return [kept_apart(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(kept_apart, items))


class _Streak:
    """Items in a row that storage did not answer for. Threads share it; one more or less makes no difference."""

    def __init__(self) -> None:
        self._length = 0
        self._outage: StorageUnavailable | None = None

    def check(self) -> None:
        if self._outage:
            raise self._outage

    def ends(self) -> None:
        self._length = 0

    def grows(self, trouble: StorageUnavailable) -> None:
        self._length += 1
        if self._length >= OUTAGE:
            self._outage = trouble
            raise trouble


def _guarded(step: Callable[[Item], Outcome], item: Item, set_back: Callable[[Item, Exception], Outcome]) -> Outcome:
    try:
        return step(item)
    except Exception as trouble:  # noqa: BLE001 - the rule of this module
        log_trouble(trouble)
        return set_back(item, trouble)


def log_trouble(trouble: Exception) -> None:
    """A line for trouble that was foreseen; for any other where it came from, too."""
    if isinstance(trouble, TextdropError):
        log.warning("Set back: %s", trouble)
    else:
        log.error("Set back by an unforeseen error.", exc_info=trouble)


def reason(trouble: Exception) -> str:
    """What rows and answers say of it: of an unforeseen error no more than its type, for its text may hold anything."""
    if isinstance(trouble, TextdropError):
        return str(trouble)
    return f"an unforeseen {type(trouble).__name__}; the app's log has more"


def patience(trouble: Exception) -> timedelta:
    """How long an item is tried again at least, however often: storage may be away for hours."""
    return STORAGE_PATIENCE if isinstance(trouble, StorageUnavailable) else timedelta(0)
