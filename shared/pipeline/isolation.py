"""Takes one step for each of many items in parallel. An error counts against its item only.

All loops over documents, jobs, operations or rows use `each`, so that a failing item does not block the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from typing import TypeVar

from shared.errors import StorageUnavailable, TextdropError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

log = logging.getLogger(__name__)

WORKERS = 8
OUTAGE = WORKERS  # consecutive items with a storage error after which all of storage is considered unavailable
STORAGE_PATIENCE = timedelta(hours=24)


def each(
    step: Callable[[Item], Outcome],
    items: Sequence[Item],
    set_back: Callable[[Item, Exception], Outcome],
    workers: int = WORKERS,
) -> list[Outcome | None]:
    """Call `step` for each item. Returns its results in the order of the items.

    Any Exception of `step`, including MemoryError and RecursionError, is passed to `set_back`, which counts it against
    the item. If `set_back` raises too, the result is None. Raises StorageUnavailable after OUTAGE consecutive items
    with a storage error; no further item is started.
    """
    streak = _Streak()

    def kept_apart(item: Item) -> Outcome | None:
        streak.check()
        try:
            outcome = _guarded(step, item, set_back)
        except StorageUnavailable as trouble:
            streak.grows(trouble)
        except Exception as trouble:  # noqa: BLE001 - it cannot be stored, and must not block the others
            log_trouble(trouble)
        else:
            streak.ends()
            return outcome
        return None

    if workers == 1:
        return [kept_apart(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        contexts = [copy_context() for _ in items]  # a thread does not inherit that of the caller, with its span
        return list(pool.map(lambda context, item: context.run(kept_apart, item), contexts, items))


class _Streak:
    """Counts consecutive items with a storage error. Shared by threads without a lock: the count may be off by one."""

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
    """Log an expected error as a warning, and any other with its traceback."""
    if isinstance(trouble, TextdropError):
        log.warning("Setback: %s", trouble)
    else:
        log.error("Setback by an unexpected error.", exc_info=trouble)


def reason(trouble: Exception) -> str:
    """The text of an error for rows and responses. Of an unexpected error only its type: its text may hold secrets."""
    if isinstance(trouble, TextdropError):
        return str(trouble)
    return f"an unexpected {type(trouble).__name__}; see the app's log"


def patience(trouble: Exception) -> timedelta:
    """The minimum time before setbacks end an item. For storage errors it is long, because outages may last hours."""
    return STORAGE_PATIENCE if isinstance(trouble, StorageUnavailable) else timedelta(0)
